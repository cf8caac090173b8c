import { copyFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { serverConfigSchema } from '../../../src/models/server-config.js';
import {
  ask,
  buildBundle,
  childrenOf,
  gone,
  type Program,
  runProgram,
  type ServerBundle,
  squat,
  withConfig,
} from './program-run.js';
import { config as base, createWireClient } from './serve.js';

const config = { ...base, workers: 2 };
const slow = { kind: 'identity', name: 'slow', latency: '400ms' };
const inference = { inputs: [{ name: 'x', datatype: 'FP64', shape: [2], data: [1, 2] }] };

let bundle: ServerBundle;
const programs: Program[] = [];

beforeAll(async () => {
  bundle = await buildBundle();
});
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL');
});
afterAll(() => bundle[Symbol.asyncDispose]());

async function start(more: object = {}, path = bundle.path) {
  const program = runProgram(path, withConfig({ ...config, ...more }));
  programs.push(program);
  const { grpcPort, httpPort, ...line } = await program.says('server started');
  const pid = program.child.pid ?? 0;
  return { ...program, line, pid, grpcPort: Number(grpcPort), httpPort: Number(httpPort), workers: childrenOf(pid) };
}

/** The statuses of as many requests, each on a connection of its own. */
const statuses = async (count: number, port: number, path: string, method = 'GET', body?: object) => {
  const answers = await Promise.all(Array.from({ length: count }, () => ask(port, path, method, body)));
  return [...new Set(answers.map(({ status }) => status))];
};

const infer = (port: number, model: string) => ask(port, `/v2/models/${model}/infer`, 'POST', inference);

async function successes(port: number, model: string): Promise<number> {
  const { text } = await ask(port, `/v2/models/${model}/stats`);
  return Number(JSON.parse(text).model_stats[0].inference_stats.success.count);
}

describe('a server of two workers', () => {
  it('is one server from outside: one line at the start, one pair of ports, one at the end', async () => {
    const { pid, line, workers, httpPort, grpcPort, child, ended } = await start();
    expect(line).toMatchObject({ pid, workers: 2, version: '9.9.9', limits: config.limits });
    expect(workers).toHaveLength(2);
    expect(await statuses(8, httpPort, '/v2/health/live')).toEqual([200]);
    const wire = createWireClient(`127.0.0.1:${grpcPort}`);
    expect(await wire.call('ServerLive')).toEqual({ live: true });
    wire.close();
    expect((await ask(httpPort, '/metrics')).text).toContain('\nkserve_env_workers 2\n');
    child.kill('SIGTERM');
    const outcome = await ended;
    expect(outcome).toMatchObject({ code: 0, signal: null, stderr: [] });
    expect(outcome.stdout.map(({ message }) => message)).toEqual(['server started', 'server stopped']);
    expect(outcome.stdout[1]).toMatchObject({ reason: 'SIGTERM', pid, seconds: expect.any(Number) });
    await gone(workers);
  });

  it('loads and unloads on all of them before it answers, whoever was asked', async () => {
    const { httpPort, grpcPort } = await start();
    const clients = Array.from({ length: 4 }, () =>
      createWireClient(`127.0.0.1:${grpcPort}`, { 'grpc.use_local_subchannel_pool': 1 }),
    );
    for (let round = 0; round < 8; round++) {
      const wire = clients[round % 4];
      await wire?.call('RepositoryModelUnload', { model_name: 'identity' });
      expect(await statuses(4, httpPort, '/v2/models/identity/infer', 'POST', inference)).toEqual([503]);
      for (const client of clients) {
        expect(await client.call('ModelReady', { name: 'identity' })).toMatchObject({ ready: false });
      }
      const loaded = await ask(httpPort, '/v2/repository/models/identity/load', 'POST', {});
      expect(loaded.status).toBe(200);
      expect(await statuses(4, httpPort, '/v2/models/identity/infer', 'POST', inference)).toEqual([200]);
      for (const client of clients) expect(await client.call('ServerReady')).toMatchObject({ ready: true });
    }
    for (const client of clients) client.close();
  });

  it('brings loads and unloads that are asked for at one time into one order', async () => {
    const { httpPort } = await start();
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        ['load', 'unload', 'load', 'unload'].map((verb) =>
          ask(httpPort, `/v2/repository/models/identity/${verb}`, 'POST', {}),
        ),
      );
      expect(await statuses(8, httpPort, '/v2/models/identity/infer', 'POST', inference)).toHaveLength(1);
    }
  });

  it('is ready when every worker is, and not before', async () => {
    const models = [{ kind: 'identity', name: 'identity', loadDelay: '2s' }];
    const { httpPort } = await start({ models });
    expect(await statuses(4, httpPort, '/v2/health/ready')).toEqual([503]);
    while ((await ask(httpPort, '/v2/health/ready')).status !== 200);
    // The one that was asked says so only when the other one can answer, too.
    expect(await statuses(6, httpPort, '/v2/models/identity/infer', 'POST', inference)).toEqual([200]);
  });

  it('answers for an unknown model as one process does', async () => {
    const [one, two] = [await start({ workers: 1 }), await start()];
    const path = '/v2/repository/models/nobody/load';
    const answers = [await ask(one.httpPort, path, 'POST', {}), await ask(two.httpPort, path, 'POST', {})];
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(404);
  });

  it('counts every request once, over all connections', async () => {
    const { httpPort } = await start();
    const requests = Array.from({ length: 60 }, () => infer(httpPort, 'identity'));
    expect(new Set((await Promise.all(requests)).map(({ status }) => status))).toEqual(new Set([200]));
    for (let asked = 0; asked < 4; asked++) expect(await successes(httpPort, 'identity')).toBe(60);
    const { text } = await ask(httpPort, '/metrics');
    expect(text).toMatch(/^nv_inference_request_success\{model="identity",version="1"\} 60$/m);
  });

  it('replaces a worker that dies, with the models and the counts that the others have', async () => {
    const { pid, httpPort, workers, says } = await start();
    await Promise.all(Array.from({ length: 10 }, () => infer(httpPort, 'identity')));
    await ask(httpPort, '/v2/repository/models/scaler/unload', 'POST', {});
    expect(await successes(httpPort, 'identity')).toBe(10);
    process.kill(workers[0] ?? 0, 'SIGKILL');
    expect(await says('worker ended')).toMatchObject({ level: 'error', signal: 'SIGKILL', pid: workers[0] });
    const { pid: replacing } = await says('worker replaced');
    expect(new Set(childrenOf(pid))).toEqual(new Set([workers[1], replacing]));
    expect(await statuses(8, httpPort, '/v2/models/scaler/infer', 'POST', inference)).toEqual([503]);
    expect(await statuses(8, httpPort, '/v2/models/identity/infer', 'POST', inference)).toEqual([200]);
    expect(await successes(httpPort, 'identity')).toBe(18);
    const loaded = await ask(httpPort, '/v2/repository/models/scaler/load', 'POST', {});
    expect(loaded.status).toBe(200);
    expect(await statuses(8, httpPort, '/v2/models/scaler/infer', 'POST', inference)).toEqual([200]);
  });

  it('cuts the connections that were on their way to a worker that dies', async () => {
    const { httpPort, workers } = await start();
    process.kill(workers[0] ?? 0, 'SIGSTOP');
    const asked = Array.from({ length: 4 }, () => ask(httpPort, '/v2/health/live').catch(() => 'cut'));
    // One is with the worker that stands still, which would have to take it before it got another.
    let answered = 0;
    await new Promise<void>((resolve) => {
      for (const one of asked) void one.then(() => ++answered === 3 && resolve());
    });
    process.kill(workers[0] ?? 0, 'SIGKILL');
    expect((await Promise.all(asked)).filter((answer) => answer === 'cut')).toHaveLength(1);
  });

  it('lives on at its ports when all of its workers die at once', async () => {
    const { pid, httpPort, workers } = await start();
    await ask(httpPort, '/v2/repository/models/scaler/unload', 'POST', {});
    for (const worker of workers) process.kill(worker, 'SIGKILL');
    await gone(workers);
    while (!(await ask(httpPort, '/v2/health/ready').catch(() => undefined)));
    expect(childrenOf(pid)).toHaveLength(2);
    expect(await statuses(8, httpPort, '/v2/models/scaler/infer', 'POST', inference)).toEqual([503]);
    expect(await statuses(8, httpPort, '/v2/models/identity/infer', 'POST', inference)).toEqual([200]);
  });

  it('closes connections beyond the limit of all workers, and takes new ones when others end', async () => {
    const { grpcPort, httpPort } = await start({ limits: { maxConnections: 2 } });
    for (const port of [grpcPort, httpPort]) {
      const sockets = Array.from({ length: 7 }, () => connect(port, '127.0.0.1').resume());
      for (const socket of sockets) socket.on('error', () => {});
      const closed = new Set<Socket>();
      const three = new Promise<void>((resolve) => {
        for (const socket of sockets) {
          socket.on('close', () => {
            if (closed.add(socket).size === 3) resolve();
          });
        }
      });
      await three;
      for (const socket of sockets) socket.destroy();
    }
    while ((await ask(httpPort, '/v2/health/live').catch(() => undefined))?.status !== 200);
  });

  it('uses what a worker told last that does not tell its counts', async () => {
    const { pid, httpPort, workers, says, child, ended } = await start();
    await Promise.all(Array.from({ length: 10 }, () => infer(httpPort, 'identity')));
    expect(await successes(httpPort, 'identity')).toBe(10);
    process.kill(workers[0] ?? 0, 'SIGSTOP');
    // The one that stands still takes connections that nobody answers.
    const answers = [successes(httpPort, 'identity'), successes(httpPort, 'identity')];
    for (const answer of answers) answer.catch(() => {});
    expect(await Promise.any(answers)).toBe(10);
    expect(await says('a worker does not tell its counts; its last ones are used')).toMatchObject({ level: 'warn' });
    // Nor does it end by itself.
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
    expect(childrenOf(pid)).toEqual([]);
    await gone(workers);
  });
});

describe('the end of a server of two workers', () => {
  it('comes when what runs in them has finished', async () => {
    const { grpcPort, child, ended } = await start({ models: [slow] });
    const clients = Array.from({ length: 4 }, () =>
      createWireClient(`127.0.0.1:${grpcPort}`, { 'grpc.use_local_subchannel_pool': 1 }),
    );
    const calls = await Promise.all(
      clients.map(async (client) => {
        const inputs = [{ name: 'x', datatype: 'FP64', shape: [1], contents: { fp64_contents: [7] } }];
        const answer = client.call('ModelInfer', { model_name: 'slow', inputs });
        // On the same connection, and so behind it.
        await client.call('ServerLive');
        return { answer };
      }),
    );
    child.kill('SIGTERM');
    for (const { answer } of calls) {
      expect(await answer).toMatchObject({ outputs: [{ contents: { fp64_contents: [7] } }] });
    }
    expect(await ended).toMatchObject({ code: 0, stderr: [] });
    for (const client of clients) client.close();
  });

  it('comes at once with a second signal', async () => {
    const { grpcPort, child, ended, workers } = await start({ models: [{ ...slow, latency: '30s' }] });
    const client = createWireClient(`127.0.0.1:${grpcPort}`);
    const inputs = [{ name: 'x', datatype: 'FP64', shape: [1], contents: { fp64_contents: [7] } }];
    const cut = client.call('ModelInfer', { model_name: 'slow', inputs }).catch((error: unknown) => error);
    await client.call('ServerLive');
    child.kill('SIGTERM');
    while (await squatting(grpcPort)) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 143 });
    expect(await cut).toMatchObject({ code: 14 });
    await gone(workers);
    client.close();
  });

  it('is left to the primary: a signal to all of the group changes nothing', async () => {
    const { child, workers, ended } = await start();
    for (const pid of [child.pid ?? 0, ...workers]) process.kill(pid, 'SIGINT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
    expect(stdout.map(({ message }) => message)).toEqual(['server started', 'server stopped']);
  });

  it('leaves nothing behind, even where the primary is killed', async () => {
    const { child, workers, grpcPort, httpPort, ended } = await start();
    child.kill('SIGKILL');
    await ended;
    await gone(workers);
    const again = await start({ grpcPort, httpPort });
    expect(again).toMatchObject({ grpcPort, httpPort });
  });

  it('comes with an error where workers cannot be started any more', async () => {
    const copy = `${bundle.path}.copy.cjs`;
    await copyFile(bundle.path, copy);
    const { workers, ended } = await start({}, copy);
    await rm(copy);
    process.kill(workers[0] ?? 0, 'SIGKILL');
    const { code, stderr, stdout } = await ended;
    expect(code).toBe(1);
    const messages = [...stdout, ...stderr].map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringMatching(/^Workers failed to start 5 times/));
    await gone(workers);
  });
});

describe('a server of two workers that cannot start', () => {
  it('says what one process says: a port that is taken', async () => {
    await using squatter = await squat();
    for (const field of ['grpcPort', 'httpPort']) {
      const outcomes = [];
      for (const workers of [1, 2]) {
        const program = runProgram(bundle.path, withConfig({ ...config, [field]: squatter.port, workers }));
        const { code, stderr } = await program.ended;
        outcomes.push({ code, messages: stderr.map(({ message }) => message) });
      }
      expect(outcomes[1]).toEqual(outcomes[0]);
      expect(outcomes[0]).toMatchObject({ code: 1, messages: [expect.stringContaining(`:${squatter.port}`)] });
    }
  });

  it('says what one process says: two models of one name', async () => {
    const outcomes = [];
    for (const workers of [1, 2]) {
      const models = [config.models[0], config.models[0]];
      const { code, stderr, stdout } = await runProgram(bundle.path, withConfig({ ...config, models, workers })).ended;
      outcomes.push({ code, stdout, messages: stderr.map(({ message }) => message) });
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[0]?.code).toBe(2);
  });
});

describe('the bundle as a library', () => {
  it('starts workers for a program that imports it, and ends them', async () => {
    const library = await import(pathToFileURL(bundle.path).href);
    const before = childrenOf(process.pid);
    const parsed = serverConfigSchema.parse(config);
    const server = await library.startServer(parsed);
    const workers = childrenOf(process.pid).filter((pid) => !before.includes(pid));
    expect(workers.length).toBeGreaterThanOrEqual(2);
    expect(await statuses(4, server.httpPort, '/v2/health/ready')).toEqual([200]);
    await Promise.all([server.close(), server.close()]);
    await using again = await library.startServer({ ...parsed, grpcPort: server.grpcPort, httpPort: server.httpPort });
    expect(await statuses(4, again.httpPort, '/v2/health/live')).toEqual([200]);
  });
});

/** Whether somebody listens on a port. */
function squatting(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Whether it is accepted is all that counts: nobody may be left to answer it.
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('connect', () => socket.destroy());
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}
