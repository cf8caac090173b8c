import { afterEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../../../src/faults/fault.js';
import { parseHeaderFaults } from '../../../../src/faults/fault-text.js';
import type { FaultOrders } from '../../../../src/server/faults/fault-keeper.js';
import type { KeeperLink } from '../../../../src/server/faults/fault-site.js';
import { createServiceClient, inferMessage } from '../grpc-clients.js';
import { post, serve, type TestServer } from '../serve.js';
import { models } from './struck-server.js';

let running: TestServer | undefined;
afterEach(() => running?.[Symbol.asyncDispose]());

/** A worker's server, whose keeper is in another process: tickets are promises, and what happens is written down. */
async function serveWorker(faults: Fault[], ticket: (id: string) => Promise<number> = async () => 1) {
  const happened: string[] = [];
  const struck: object[] = [];
  const orders: FaultOrders = {
    faults: faults.map((fault, index) => ({ id: String(index + 1), fault, seed: 1 })),
  };
  const link: KeeperLink = {
    ticket,
    struck: (id, call) => void struck.push({ id, ...call }),
    happen: ({ kind }) => void happened.push(kind),
  };
  running = await serve({ faults: { link, orders } }, { models });
  while (!(await running.server.isReady()));
  return { ...running, happened, struck };
}

const json = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP64', shape: [1], data: [1] }] });

describe('a call that sets off what concerns the process', () => {
  it.each<Fault>([
    { kind: 'crash', exitCode: 70, rpc: 'ModelInfer' },
    { kind: 'memory-kill', rpc: 'ModelInfer' } as Fault,
  ])('says so, and is not answered: %o', async (fault) => {
    const { happened, endpoint, baseUrl } = await serveWorker([fault]);
    using client = createServiceClient(endpoint);
    const call = client.unary('ModelInfer', inferMessage('same'), { deadline: Date.now() + 300 });
    await expect(call).rejects.toMatchObject({ code: 4 });
    const request = fetch(`${baseUrl}/v2/models/same/infer`, {
      method: 'POST',
      body: json,
      signal: AbortSignal.timeout(300),
    });
    await expect(request).rejects.toThrow();
    expect(happened).toEqual([fault.kind, fault.kind]);
  });

  it('is answered after a freeze', async () => {
    const { happened, wire } = await serveWorker([{ kind: 'freeze', time: '100ms', rpc: 'ModelInfer' } as Fault]);
    const begun = performance.now();
    await wire.call('ModelInfer', inferMessage('same'));
    // A timer may be a little early by another clock.
    expect(performance.now() - begun).toBeGreaterThan(95);
    expect(happened).toEqual(['freeze']);
  });
});

describe('a call of one of several workers', () => {
  it('is struck by the number that it has among the calls of all', async () => {
    let last = 0;
    const faults = [{ kind: 'status', status: 'ABORTED', message: 'no', every: 2 }] as Fault[];
    const { wire, baseUrl, struck } = await serveWorker(faults, async () => ++last);
    const codes: unknown[] = [];
    for (let calls = 0; calls < 4; calls++) {
      codes.push(
        await wire.call('ServerLive').then(
          () => 0,
          ({ code }: { code: number }) => code,
        ),
      );
    }
    expect(codes).toEqual([0, 10, 0, 10]);
    expect((await post(`${baseUrl}/v2/models/same/infer`, json)).status).toBe(200);
    expect((await post(`${baseUrl}/v2/models/alias/infer`, json)).status).toBe(409);
    expect(struck.at(-1)).toEqual({ id: '1', transport: 'rest', rpc: 'ModelInfer', model: 'alias' });
  });

  it('that asks for faults by its header asks nobody else', async () => {
    const { baseUrl } = await serveWorker(parseHeaderFaults('nan'), () => new Promise(() => {}));
    expect((await fetch(`${baseUrl}/v2`, { headers: { 'x-kserve-env-fault': 'status=418' } })).status).toBe(418);
  });

  it('fails where the keeper is gone', async () => {
    const { wire } = await serveWorker([{ kind: 'hang', first: 1 } as Fault], () => Promise.reject(new Error('gone')));
    await expect(wire.call('ServerLive')).rejects.toMatchObject({ code: 13 });
  });
});
