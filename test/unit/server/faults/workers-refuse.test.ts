import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultInput } from '../../../../src/faults/fault.js';
import { askControl } from '../../../../src/server/faults/control-socket.js';
import {
  ask,
  buildBundle,
  childrenOf,
  type Program,
  runProgram,
  type ServerBundle,
  withConfig,
} from '../program-run.js';
import { config } from '../serve.js';

let bundle: ServerBundle;
const programs: Program[] = [];

beforeAll(async () => {
  bundle = await buildBundle();
});
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL');
});
afterAll(() => bundle[Symbol.asyncDispose]());

async function start(more: object = {}) {
  const controlSocket = `${bundle.path}-${programs.length}-${process.pid}.sock`;
  const program = runProgram(bundle.path, withConfig({ ...config, workers: 2, controlSocket, ...more }));
  programs.push(program);
  const { grpcPort, httpPort } = await program.says('server started');
  const order = async (request: object): Promise<{ ok: boolean }> =>
    JSON.parse(await askControl(controlSocket, JSON.stringify(request), 15_000));
  return {
    ...program,
    grpcPort: Number(grpcPort),
    httpPort: Number(httpPort),
    add: (...faults: FaultInput[]) => order({ do: 'add', faults }),
    clear: () => order({ do: 'clear' }),
  };
}

/** `open`, or the code of the system's error. */
const dial = (port: number) =>
  new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve('open');
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'error'));
  });

const outcomes = async (port: number) => new Set(await Promise.all(Array.from({ length: 8 }, () => dial(port))));

describe('refuse, of two workers', () => {
  it('closes the ports that they share, and opens them again, over and over', async () => {
    const { add, clear, httpPort, grpcPort } = await start();
    for (let round = 0; round < 20; round++) {
      expect(await add({ kind: 'refuse' })).toMatchObject({ ok: true });
      for (const port of [httpPort, grpcPort]) expect(await outcomes(port)).toEqual(new Set(['ECONNREFUSED']));
      expect(await clear()).toMatchObject({ ok: true });
      for (const port of [httpPort, grpcPort]) expect(await outcomes(port)).toEqual(new Set(['open']));
      expect((await ask(httpPort, '/v2/health/live')).status).toBe(200);
    }
  });

  it('stays in force when a worker is replaced, and from the start on', async () => {
    const { add, clear, httpPort, grpcPort, child, says } = await start({
      faults: [{ kind: 'refuse', transport: 'grpc' }],
    });
    expect(await outcomes(grpcPort)).toEqual(new Set(['ECONNREFUSED']));
    expect(await outcomes(httpPort)).toEqual(new Set(['open']));
    await add({ kind: 'refuse' });
    process.kill(childrenOf(child.pid ?? 0)[0] ?? 0, 'SIGKILL');
    await says('worker replaced');
    for (const port of [httpPort, grpcPort]) expect(await outcomes(port)).toEqual(new Set(['ECONNREFUSED']));
    await clear();
    for (const port of [httpPort, grpcPort]) expect(await outcomes(port)).toEqual(new Set(['open']));
    // Both workers have their part of the port again.
    const statuses = await Promise.all(Array.from({ length: 8 }, () => ask(httpPort, '/v2/health/ready')));
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('leaves the server healthy, which its control socket tells', async () => {
    const { add, httpPort } = await start();
    await add({ kind: 'refuse' });
    const own = withConfig({ ...config, httpPort, controlSocket: `${bundle.path}-0-${process.pid}.sock` });
    expect(await runProgram(bundle.path, own, ['--healthcheck']).ended).toMatchObject({ code: 0 });
  });

  it('does not end the server, of one worker either, and a signal does', async () => {
    for (const workers of [1, 2]) {
      const { add, child, ended, httpPort } = await start({ workers });
      await add({ kind: 'refuse' });
      expect(await dial(httpPort)).toBe('ECONNREFUSED');
      child.kill('SIGTERM');
      expect(await ended).toMatchObject({ code: 0 });
    }
  });
});
