import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createGrpcClient } from '../../../src/protocol/grpc-client.js';
import { config } from './serve.js';

const fileOf = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
let directory = '';
let bundle = '';
const children: ChildProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kserve-server-'));
  bundle = join(directory, 'kserve-server.cjs');
  const proto = await readFile(fileOf('proto/inference.proto'), 'utf8');
  await build({
    entryPoints: [fileOf('src/server/main.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
    plugins: [
      {
        name: 'inline-proto',
        setup: ({ onLoad }) =>
          onLoad({ filter: /proto-source\.ts$/ }, () => ({
            contents: `export const readProto = () => ${JSON.stringify(proto)};`,
          })),
      },
    ],
  });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Record<string, unknown>[];
  stderr: Record<string, unknown>[];
}

function run(env: Record<string, string>, args: string[] = []) {
  const { KSERVE_ENV_SERVER_CONFIG: _, ...inherited } = process.env;
  return watch(spawn(process.execPath, [bundle, ...args], { env: { ...inherited, ...env }, stdio: 'pipe' }));
}

function watch(child: ChildProcess) {
  children.push(child);
  const lines = { stdout: [] as Record<string, unknown>[], stderr: [] as Record<string, unknown>[] };
  const first = new Promise<Record<string, unknown>>((resolve) => {
    for (const name of ['stdout', 'stderr'] as const) {
      const input = child[name];
      if (!input) continue;
      createInterface({ input }).on('line', (line) => {
        lines[name].push(JSON.parse(line));
        resolve(JSON.parse(line));
      });
    }
  });
  // Exit and the end of the output, one by one: `close` does not come once the channel to a parent is gone.
  const outputs = [child.stdout, child.stderr].map((output) => output && once(output, 'close'));
  const ended = once(child, 'exit').then(async ([code, signal]): Promise<Outcome> => {
    await Promise.all(outputs);
    return { code, signal, ...lines };
  });
  return { child, first, ended };
}

const withConfig = (value: unknown) => ({ KSERVE_ENV_SERVER_CONFIG: JSON.stringify(value) });

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
      expect(outcome.stdout.at(-1)).toMatchObject({ message: 'server stopped', reason: signal });
      await client[Symbol.asyncDispose]();
    },
  );

  it('ends with its parent where it is told to', async () => {
    const env = { ...process.env, ...withConfig(config), KSERVE_ENV_DIE_WITH_PARENT: '1' };
    const { child, first, ended } = watch(fork(bundle, { env, silent: true }));
    await first;
    child.disconnect();
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
    const squatter = createServer();
    const port = await new Promise<number>((resolve) =>
      squatter.listen(0, '127.0.0.1', () => resolve((squatter.address() as { port: number }).port)),
    );
    for (const field of ['grpcPort', 'httpPort']) {
      const { code, stderr } = await run(withConfig({ ...config, [field]: port })).ended;
      expect(code).toBe(1);
      expect(stderr).toEqual([expect.objectContaining({ message: expect.stringContaining(`127.0.0.1:${port}`) })]);
    }
    await new Promise((resolve) => squatter.close(resolve));
  });

  it('is a library too: an import starts nothing and gives startServer', async () => {
    const library = await import(pathToFileURL(bundle).href);
    await using server = await library.startServer(config);
    const response = await fetch(`http://127.0.0.1:${server.httpPort}/v2/health/live`);
    expect(await response.json()).toEqual({ live: true });
  });
});
