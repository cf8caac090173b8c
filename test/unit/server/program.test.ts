import { type ChildProcess, fork } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createGrpcClient } from '../../../src/protocol/grpc-client.js';
import { buildBundle, runProgram, type ServerBundle, squat, watch, withConfig } from './program-run.js';
import { config } from './serve.js';

let bundle: ServerBundle;
const children: ChildProcess[] = [];

beforeAll(async () => {
  bundle = await buildBundle();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => bundle[Symbol.asyncDispose]());

function run(env: Record<string, string>, args: string[] = []) {
  const program = runProgram(bundle.path, env, args);
  children.push(program.child);
  return program;
}

describe('the server program', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'says what it serves, and ends with 0 on %s though a client is connected',
    async (signal) => {
      const { child, first, ended } = run(withConfig(config));
      const started = await first;
      expect(started).toMatchObject({
        level: 'info',
        message: 'server started',
        version: '9.9.9',
        models: config.models.map(({ name }) => name),
        pid: child.pid,
        workers: 1,
        limits: config.limits,
      });
      const client = createGrpcClient({ endpoint: `127.0.0.1:${started.grpcPort}` });
      expect(await client.serverLive()).toBe(true);
      const { outputs } = await client.infer({
        modelName: 'identity',
        inputs: [{ name: 'x', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 62n + 1n) }],
      });
      expect(outputs[0]?.data).toEqual(BigInt64Array.of(2n ** 62n + 1n));
      child.kill(signal);
      const outcome = await ended;
      expect(outcome).toMatchObject({ code: 0, signal: null, stderr: [] });
      expect(outcome.stdout.at(-1)).toMatchObject({
        message: 'server stopped',
        reason: signal,
        seconds: expect.any(Number),
      });
      await client[Symbol.asyncDispose]();
    },
  );

  it.each([1, 2])('ends with its parent where it is told to, of %i workers', async (workers) => {
    const env = { ...process.env, ...withConfig({ ...config, workers }), KSERVE_ENV_DIE_WITH_PARENT: '1' };
    const { child, first, ended } = watch(fork(bundle.path, { env, silent: true }));
    children.push(child);
    await first;
    child.disconnect();
    expect(await ended).toMatchObject({ code: 0, signal: null });
  });

  it.each([1, 2])('ends with 0 after its ttl, and says why: %s workers', async (workers) => {
    const { first, says, ended } = run(withConfig({ ...config, workers, ttlMs: 1500 }));
    await first;
    expect(await says('server stopped')).toMatchObject({ reason: 'ttl' });
    expect(await ended).toMatchObject({ code: 0, signal: null });
  });

  it('answers its own health check with 0 while it runs, and 1 when it does not', async () => {
    const { child, first, ended } = run(withConfig(config));
    const { httpPort } = await first;
    const check = () => run(withConfig({ ...config, httpPort }), ['--healthcheck']).ended;
    expect(await check()).toMatchObject({ code: 0 });
    child.kill('SIGTERM');
    await ended;
    expect(await check()).toMatchObject({ code: 1 });
  });

  it.each<[string, Record<string, string>, string]>([
    ['is missing', {}, 'is not set'],
    ['is not JSON', { KSERVE_ENV_SERVER_CONFIG: '{' }, 'is not JSON'],
    ['has a wrong field', withConfig({ ...config, grpcPort: -1 }), 'grpcPort:'],
    ['has an unknown field', withConfig({ ...config, colour: 'red' }), 'colour'],
    ['has two models of one name', withConfig({ ...config, models: [config.models[0], config.models[0]] }), 'scaler'],
  ])('ends with 2 and one line where the configuration %s', async (_case, env, says) => {
    const { code, stdout, stderr } = await run(env).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
    expect(stderr).toEqual([expect.objectContaining({ level: 'error', message: expect.stringContaining(says) })]);
  });

  it('ends with 1 and one line where a port is taken', async () => {
    await using squatter = await squat();
    const { port } = squatter;
    for (const field of ['grpcPort', 'httpPort']) {
      const { code, stderr } = await run(withConfig({ ...config, [field]: port })).ended;
      expect(code).toBe(1);
      expect(stderr).toEqual([expect.objectContaining({ message: expect.stringContaining(`127.0.0.1:${port}`) })]);
    }
  });

  it('is a library too: an import starts nothing and gives startServer', async () => {
    const library = await import(pathToFileURL(bundle.path).href);
    await using server = await library.startServer(config);
    const response = await fetch(`http://127.0.0.1:${server.httpPort}/v2/health/live`);
    expect(await response.json()).toEqual({ live: true });
  });
});
