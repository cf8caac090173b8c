import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { PortTakenError } from '../../../src/engine/engine.js';
import { assertPortFree, findPortHolder, listeningInodes } from '../../../src/engine/port-check.js';
import { listenSomewhere, rejection } from '../../contract/probes.js';

describe('A port of this machine', () => {
  it('is free when nobody listens, and stays so', async () => {
    let port = 0;
    {
      await using taken = await listenSomewhere();
      port = taken.port;
    }
    await assertPortFree(port);
    await assertPortFree(port);
  });

  it('is taken by a process that can be named', async () => {
    await using taken = await listenSomewhere();
    const error = await rejection(assertPortFree(taken.port));
    expect(error).toBeInstanceOf(PortTakenError);
    if (process.platform === 'linux') expect((error as PortTakenError).hint).toContain(`kill ${process.pid}`);
  });

  it('is taken when somebody listens on all addresses', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const { port } = server.address() as { port: number };
    try {
      await expect(assertPortFree(port)).rejects.toThrow(PortTakenError);
    } finally {
      server.close();
    }
  });

  it('has no holder when it is free', async () => {
    expect(await findPortHolder(1)).toBeUndefined();
  });

  it('is found in the table of the kernel by its address, port and state', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:2379 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11111 1',
      '   1: 00000000:2379 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22222 1',
      '   2: 0100007F:2379 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 33333 1',
      '   3: 0100007F:2378 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 44444 1',
      '   4: 0500A8C0:2379 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 55555 1',
      '',
    ].join('\n');
    expect(listeningInodes(table, 0x2379)).toEqual(['11111', '22222']);
  });
});
