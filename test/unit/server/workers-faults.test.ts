import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { strikes } from '../../../src/faults/decide.js';
import type { FaultInput } from '../../../src/faults/fault.js';
import { askControl } from '../../../src/server/faults/control-socket.js';
import {
  ask,
  buildBundle,
  childrenOf,
  gone,
  type Program,
  runProgram,
  type ServerBundle,
  withConfig,
} from './program-run.js';
import { config as base, createWireClient } from './serve.js';

const identity = { kind: 'identity', name: 'identity' };
const inference = { inputs: [{ name: 'x', datatype: 'FP64', shape: [2], data: [1, 2] }] };

let bundle: ServerBundle;
let directory: string;
let controlSocket: string;
const programs: Program[] = [];

beforeAll(async () => {
  bundle = await buildBundle();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'faults-'));
  controlSocket = join(directory, 'control.sock');
});
afterEach(async () => {
  for (const { child } of programs) child.kill('SIGKILL');
  await Promise.all(programs.splice(0).map(({ ended }) => ended));
  rmSync(directory, { recursive: true });
});
afterAll(() => bundle[Symbol.asyncDispose]());

const configOf = (more: object) => withConfig({ ...base, models: [identity], controlSocket, ...more });

async function start(more: object = {}) {
  const program = runProgram(bundle.path, configOf({ workers: 3, ...more }));
  programs.push(program);
  const { grpcPort, httpPort } = await program.says('server started');
  const pid = program.child.pid ?? 0;
  return { ...program, pid, grpcPort: Number(grpcPort), httpPort: Number(httpPort), workers: childrenOf(pid) };
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every form
const order = async (request: object): Promise<any> =>
  JSON.parse(await askControl(controlSocket, JSON.stringify(request), 15_000));
const add = (...faults: FaultInput[]) => order({ do: 'add', faults });
const clear = (...ids: string[]) => order({ do: 'clear', ...(ids.length > 0 && { ids }) });
const list = async () => (await order({ do: 'list' })).faults;

/** The statuses of so many calls, all at once, each on a connection of its own, so that every worker gets some. */
const statuses = async (count: number, call: () => Promise<{ status: number }>) =>
  (await Promise.all(Array.from({ length: count }, call))).map(({ status }) => status);
const infer = (count: number, port: number) =>
  statuses(count, () => ask(port, '/v2/models/identity/infer', 'POST', inference));
const ready = (count: number, port: number) => statuses(count, () => ask(port, '/v2/models/identity/ready'));
const counted = (values: unknown[]) =>
  Object.fromEntries([...new Set(values)].map((value) => [value, values.filter((one) => one === value).length]));

/** A call over gRPC on a connection of its own: `OK`, or the number of its status. */
async function inferOverGrpc(port: number, model = 'identity'): Promise<unknown> {
  const client = createWireClient(`127.0.0.1:${port}`, { 'grpc.use_local_subchannel_pool': 1 });
  const inputs = [{ name: 'x', datatype: 'FP64', shape: [1], contents: { fp64_contents: [7] } }];
  try {
    return await client.call('ModelInfer', { model_name: model, inputs }).then(
      () => 'OK',
      ({ code }: { code: number }) => code,
    );
  } finally {
    client.close();
  }
}

/** Settles when the server has answered a call on another connection. */
async function behind(grpcPort: number): Promise<void> {
  const client = createWireClient(`127.0.0.1:${grpcPort}`, { 'grpc.use_local_subchannel_pool': 1 });
  await client.call('ServerLive');
  client.close();
}

describe('faults of a server of three workers', () => {
  it('strike as many calls in all as was said, whichever worker gets them', async () => {
    const { httpPort } = await start();
    await add({ kind: 'status', status: 418, first: 3 });
    expect(counted(await infer(30, httpPort))).toEqual({ 418: 3, 200: 27 });
    expect(await list()).toMatchObject([{ id: '1', struck: 3 }]);
    await add({ kind: 'status', status: 429, every: 4, rpc: 'ModelInfer' });
    expect(counted(await infer(20, httpPort))).toEqual({ 429: 5, 200: 15 });
  });

  it('choose by a seed the calls that one process chooses', async () => {
    const { httpPort } = await start();
    await add({ kind: 'status', status: 418, percent: 30, seed: 7 });
    const expected = Array.from({ length: 60 }, (_, index) => (strikes({ percent: 30 }, index + 1, 7) ? 418 : 200));
    const got: number[] = [];
    for (let call = 0; call < 60; call++) got.push(...(await infer(1, httpPort)));
    expect(got).toEqual(expected);
  });

  it('of states are seen everywhere when they have been added, and nowhere when they have been cleared', async () => {
    const { httpPort, grpcPort } = await start();
    for (let round = 0; round < 5; round++) {
      await add({ kind: 'not-ready', model: 'identity' });
      expect(counted(await ready(9, httpPort))).toEqual({ 503: 9 });
      expect(counted(await infer(9, httpPort))).toEqual({ 503: 9 });
      expect(await Promise.all([1, 2, 3].map(() => inferOverGrpc(grpcPort)))).toEqual([14, 14, 14]);
      expect(await order({ do: 'ready' })).toEqual({ ok: true, ready: false });
      await clear();
      expect(counted(await infer(9, httpPort))).toEqual({ 200: 9 });
      expect(counted(await ready(9, httpPort))).toEqual({ 200: 9 });
      expect(await order({ do: 'ready' })).toEqual({ ok: true, ready: true });
    }
  });

  it('end everywhere when their time is over', async () => {
    const { httpPort, says } = await start();
    await add({ kind: 'not-ready', for: '400ms' });
    expect(counted(await ready(6, httpPort))).toEqual({ 503: 6 });
    await says('fault ended');
    // Every worker is told a moment after.
    while ((await ready(9, httpPort)).some((status) => status !== 200));
    expect(await list()).toEqual([]);
    expect(counted(await infer(9, httpPort))).toEqual({ 200: 9 });
  });

  it('are in force before the first connection, and end on time though workers start meanwhile', async () => {
    const { httpPort } = await start({
      faults: [
        { kind: 'status', status: 418 },
        { kind: 'loading', for: '1ms' },
      ],
    });
    expect(counted(await infer(9, httpPort))).toEqual({ 418: 9 });
    await clear();
    while ((await ready(9, httpPort)).some((status) => status !== 200));
    expect(counted(await infer(9, httpPort))).toEqual({ 200: 9 });
  });

  it('are those of a worker, too, that replaces another, with their counts', async () => {
    const { httpPort, workers, says } = await start();
    await add({ kind: 'status', status: 418, first: 12 }, { kind: 'status', status: 429, header: 'x-strike' });
    expect(counted(await infer(9, httpPort))).toEqual({ 418: 9 });
    for (const worker of workers) process.kill(worker, 'SIGKILL');
    await gone(workers);
    await says('worker replaced');
    while (!(await order({ do: 'ready' })).ready);
    expect(counted(await infer(9, httpPort))).toEqual({ 418: 3, 200: 6 });
    expect(await list()).toMatchObject([{ struck: 12 }, { struck: 0 }]);
    await clear('1');
    expect(counted(await infer(9, httpPort))).toEqual({ 200: 9 });
  });

  it('let a load fail in all of them, and leave nothing of it', async () => {
    const { httpPort } = await start();
    await add({ kind: 'load-failed', model: 'identity', reason: 'no memory' });
    const answer = await ask(httpPort, '/v2/repository/models/identity/load', 'POST', {});
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).toContain('no memory');
    expect(counted(await ready(9, httpPort))).toEqual({ 503: 9 });
    await clear();
    expect(counted(await infer(9, httpPort))).toEqual({ 200: 9 });
    expect((await ask(httpPort, '/v2/repository/models/identity/load', 'POST', {})).status).toBe(200);
  });

  it('strike no call that comes after they were cleared, with calls under way all the time', async () => {
    const { httpPort } = await start();
    let over = false;
    const traffic = Array.from({ length: 4 }, async () => {
      const seen: number[] = [];
      while (!over) seen.push(...(await infer(1, httpPort)));
      return seen;
    });
    for (let round = 0; round < 15; round++) {
      await add({ kind: 'status', status: 418, percent: 50 });
      const struck = list();
      await clear();
      expect(counted(await infer(6, httpPort))).toEqual({ 200: 6 });
      await struck;
    }
    over = true;
    expect(new Set((await Promise.all(traffic)).flat()).size).toBeLessThanOrEqual(2);
  });
});

describe.each([1, 3])('a fault of the process, of %i', (workers) => {
  it('crash ends it with its exit code, and open calls with UNAVAILABLE', async () => {
    const { pid, grpcPort, ended } = await start({ workers, models: [{ ...identity, latency: '30s' }] });
    const children = childrenOf(pid);
    const call = inferOverGrpc(grpcPort);
    await behind(grpcPort);
    expect(await add({ kind: 'crash', exitCode: 42 })).toMatchObject({
      ok: true,
      faults: [{ fault: { exitCode: 42 } }],
    });
    expect(await call).toBe(14);
    const { code, signal, stdout } = await ended;
    expect({ code, signal }).toEqual({ code: 42, signal: null });
    expect(stdout.at(-1)).toMatchObject({ message: 'fault happens', kind: 'crash' });
    await gone(children);
  });

  it('crash by a call gives that call no answer', async () => {
    const { grpcPort, ended } = await start({ workers });
    await add({ kind: 'crash', rpc: 'ModelInfer', after: 1 });
    expect(await inferOverGrpc(grpcPort)).toBe('OK');
    expect(await inferOverGrpc(grpcPort)).toBe(14);
    expect(await ended).toMatchObject({ code: 70 });
  });

  it('crash leaves a socket that the next server replaces', async () => {
    const first = await start({ workers });
    await add({ kind: 'crash' });
    await first.ended;
    expect(existsSync(controlSocket)).toBe(true);
    const { child, ended } = await start({ workers });
    expect(await list()).toEqual([]);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
    expect(existsSync(controlSocket)).toBe(false);
  });

  it('freeze holds every call until it is over', async () => {
    const { httpPort, says } = await start({ workers });
    await add({ kind: 'freeze', time: '2s' }, { kind: 'status', status: 418, rpc: 'ModelInfer' });
    await says('fault happens');
    const begun = performance.now();
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    const calls = Promise.all([1, 2, 3, 4].map(() => ready(1, httpPort))).then(note('calls'));
    const lists = list().then((faults) => {
      order.push('list');
      expect(faults).toHaveLength(1);
    });
    await Promise.all([calls, lists, clear().then(note('clear'))]);
    expect(performance.now() - begun).toBeGreaterThan(500);
    // The process that decides for several workers is not frozen itself.
    if (workers > 1) expect(order[0]).toBe('list');
    expect(counted(await infer(9, httpPort))).toEqual({ 200: 9 });
  });

  it('memory-kill without a bound on memory is SIGKILL, and no worker stays', async () => {
    const { pid, ended } = await start({ workers });
    const children = childrenOf(pid);
    await add({ kind: 'memory-kill' });
    const { signal, stdout } = await ended;
    expect(signal).toBe('SIGKILL');
    expect(stdout.map(({ message }) => message)).toContain('the memory of this process has no bound: it kills itself');
    await gone(children);
  });
});

describe('the program', () => {
  const run = (args: string[], more: object = {}) => {
    const program = runProgram(bundle.path, configOf({ workers: 1, ...more }), args);
    programs.push(program);
    return program.ended;
  };

  it('asks its server by --control, and prints the line that it answers', async () => {
    await start({ workers: 1 });
    const added = await run(['--control', '{"do":"add",\n"faults":[{"kind":"hang","model":"identity","seed":1}]}']);
    expect(added).toMatchObject({ code: 0, stderr: [], stdout: [{ ok: true, faults: [{ id: '1', seed: 1 }] }] });
    expect(await run(['--control', '{"do":"burn"}'])).toMatchObject({ code: 0, stdout: [{ ok: false }] });
    expect(await run(['--control'])).toMatchObject({ code: 0, stdout: [{ ok: false }] });
  });

  it('says so where nobody answers', async () => {
    const nobody = await run(['--control', '{"do":"list"}']);
    expect(nobody).toMatchObject({
      code: 1,
      stdout: [],
      stderr: [{ text: expect.stringContaining('is not listened on') }],
    });
    const without = await run(['--control', '{"do":"list"}'], { controlSocket: undefined });
    expect(without).toMatchObject({ code: 1, stderr: [{ text: expect.stringContaining('has no control socket') }] });
  });

  it('asks for its health by the socket: a closed port makes no server ill', async () => {
    expect((await run(['--healthcheck'])).code).toBe(1);
    await start({ workers: 1 });
    expect((await run(['--healthcheck'], { httpPort: 1 })).code).toBe(0);
    await add({ kind: 'not-ready' });
    expect((await run(['--healthcheck'])).code).toBe(1);
  });

  it('does not start where its control socket cannot be had, and frees its ports', async () => {
    await start({ workers: 1 });
    const { code, stderr } = await run([]);
    expect(code).toBe(1);
    expect(JSON.stringify(stderr)).toContain('another server listens on it');
    expect(await list()).toEqual([]);
  });
});
