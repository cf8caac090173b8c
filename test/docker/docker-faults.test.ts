import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectEngine, type EngineContext } from '../../src/engine/detect.js';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import { type Engine, EngineFailedError, EngineUnreachableError, type Instance } from '../../src/engine/engine.js';
import { serverBundlePath } from '../../src/engine/process/server-bundle.js';
import { assembleImage } from '../../src/image/ensure-image.js';
import { configured, linesOf, rejection, untilLive } from '../contract/probes.js';
import { type DaemonProxy, httpAnswer, startDaemonProxy } from '../fakes/daemon-proxy.js';
import { dockerLeftOvers, socketPath, testImage } from './docker-harness.js';

const limits = { callMs: 300, idleMs: 600 };

/** Any container: the proxy answers for the daemon. */
const somebody: Instance = { name: 'somebody', id: 'a'.repeat(64), state: 'running', labels: {} };

const spec = {
  env: configured([]),
  labels: {},
  ports: { grpc: 'auto', http: 'auto' },
  resources: { memoryMiB: 256, cpus: 1 },
} as const;

/** Every call of the port that waits for an answer. */
const calls: [string, (engine: Engine) => Promise<unknown>][] = [
  ['info', (engine) => engine.info()],
  ['inspect', (engine) => engine.inspect('somebody')],
  ['list', (engine) => engine.list()],
  ['create', (engine) => engine.create({ ...spec, name: 'somebody' })],
  ['start', (engine) => engine.start(somebody)],
  ['remove', (engine) => engine.remove(somebody)],
  ['waitForExit', (engine) => engine.waitForExit(somebody)],
  ['logs', (engine) => linesOf(engine, somebody)],
  ['portHolder', (engine) => engine.portHolder(1)],
  ['usage', (engine) => engine.usage(somebody)],
  ['images.find', async (engine) => await engine.images?.find('kserve-env/server:none')],
  ['images.list', async (engine) => await engine.images?.list('dev.kserve-env.content')],
  ['images.remove', async (engine) => await engine.images?.remove('kserve-env/server:none')],
  ['images.load', async (engine) => await engine.images?.load(pieces())],
];

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(512);
}

describe('A daemon that misbehaves', () => {
  let proxy: DaemonProxy;
  let engine: Engine;

  beforeEach(async () => {
    proxy = await startDaemonProxy(socketPath);
    engine = dockerEngine({ socketPath: proxy.socketPath, limits });
  });

  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  it.each(calls)('accepts and never answers: %s is unreachable within its limit', async (_, call) => {
    proxy.behaviour = { kind: 'hang' };
    const error = await rejection(call(engine));
    expect(error).toBeInstanceOf(EngineUnreachableError);
    expect((error as Error).message).toContain(proxy.socketPath);
  });

  it.each(calls)('breaks off before its answer: %s is unreachable', async (_, call) => {
    proxy.behaviour = { kind: 'say', text: '' };
    expect(await rejection(call(engine))).toBeInstanceOf(EngineUnreachableError);
  });

  it.each(calls)('breaks off within its answer: %s is unreachable', async (_, call) => {
    proxy.behaviour = { kind: 'say', text: 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{"Id":"ab' };
    expect(await rejection(call(engine))).toBeInstanceOf(EngineUnreachableError);
  });

  it.each(calls.filter(([name]) => !['logs', 'start', 'remove', 'images.remove'].includes(name)))(
    'answers nonsense: %s fails with a name',
    async (_, call) => {
      proxy.behaviour = { kind: 'say', text: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>welcome</html>' };
      expect(await rejection(call(engine))).toMatchObject({ code: expect.stringMatching(/^ENGINE_FAILED$|^IMAGE_/) });
    },
  );

  it.each(calls)('refuses with a page of HTML: %s fails with a name, and these words', async (_, call) => {
    proxy.behaviour = { kind: 'say', text: httpAnswer(502, '<h1>Bad gateway</h1>', { type: 'text/html' }) };
    expect(await rejection(call(engine))).toMatchObject({
      code: expect.stringMatching(/^ENGINE_FAILED$|^IMAGE_/),
      message: expect.stringContaining('Bad gateway'),
    });
  });

  it('is restarted while somebody waits for an exit: the wait ends', async () => {
    const real = dockerEngine({ socketPath });
    const name = `faults-${randomBytes(4).toString('hex')}`;
    const created = await real.create({ ...spec, name, imageId: await testImage(real) });
    try {
      const through = dockerEngine({ socketPath: proxy.socketPath });
      const ended = rejection(through.waitForExit(created));
      await untilLive(await through.start(created));
      await proxy[Symbol.asyncDispose]();
      expect(await ended).toBeInstanceOf(EngineUnreachableError);
    } finally {
      await real.remove(created);
      expect(await dockerLeftOvers(name)).toEqual([]);
    }
  });

  it('is not there: says where it was looked for', async () => {
    const absent = dockerEngine({ socketPath: '/nonexistent/docker.sock' });
    const error = await rejection(absent.info());
    expect(error).toBeInstanceOf(EngineUnreachableError);
    expect((error as EngineUnreachableError).message).toContain('/nonexistent/docker.sock');
    expect((error as EngineUnreachableError).hint).toContain('--engine process');
  });

  it('ends calls under way when the engine is closed', async () => {
    proxy.behaviour = { kind: 'hang' };
    const patient = dockerEngine({ socketPath: proxy.socketPath });
    const call = rejection(patient.info());
    await expect.poll(() => proxy.requests).toHaveLength(1);
    await patient[Symbol.asyncDispose]();
    expect(await call).toBeInstanceOf(EngineFailedError);
  });

  it('refuses an archive that ends too early, in its own words', async () => {
    const real = dockerEngine({ socketPath });
    const half = async function* () {
      let left = 20_000;
      const { imageArchive } = await import('../../src/image/image-archive.js');
      const { planImage } = await import('../../src/image/ensure-image.js');
      const image = await planImage({ version: '0.0.0-truncated', bundlePath: serverBundlePath() });
      for await (const chunk of imageArchive(image)) {
        yield chunk.subarray(0, left);
        left -= chunk.length;
        if (left <= 0) return;
      }
    };
    const error = await rejection(real.images?.load(half()) ?? Promise.resolve());
    expect(error).toMatchObject({ code: 'IMAGE_LOAD_FAILED' });
  });

  it('loses the connection within a load: the image is not taken for loaded', async () => {
    proxy.behaviour = { kind: 'cut', after: 0 };
    const options = { version: `0.0.0-${randomBytes(4).toString('hex')}`, bundlePath: serverBundlePath() };
    const images = engine.images;
    if (!images) throw new Error('the Docker engine has images');
    expect(await rejection(assembleImage(images, options))).toBeInstanceOf(EngineUnreachableError);
  });

  describe('when an engine is chosen', () => {
    const context = (): EngineContext => ({
      env: { DOCKER_HOST: `unix://${proxy.socketPath}` },
      homeDir: undefined,
      tempDir: '/tmp',
      platform: 'linux',
      uid: process.getuid?.(),
      probeMs: 300,
    });

    it('auto takes a daemon that answers, and says so', async () => {
      const { engine: chosen, reason } = await connectEngine('auto', context());
      await using _ = chosen;
      expect(chosen.kind).toBe('docker');
      expect(reason).toBe(`answers at unix://${proxy.socketPath}`);
    });

    it('auto falls back to local processes, and says why', async () => {
      proxy.behaviour = { kind: 'hang' };
      const { engine: chosen, reason } = await connectEngine('auto', context());
      expect(chosen.kind).toBe('process');
      expect(reason).toBe(`no Docker: unix://${proxy.socketPath} did not answer within 0.3 s`);
    });

    it('docker by name fails, with all that was tried', async () => {
      proxy.behaviour = { kind: 'hang' };
      const error = await rejection(connectEngine('docker', context()));
      expect(error).toBeInstanceOf(EngineUnreachableError);
      expect((error as EngineUnreachableError).details.tried).toHaveLength(1);
      expect((error as EngineUnreachableError).hint).toContain('--engine process');
    });
  });
});
