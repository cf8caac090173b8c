/** What the daemon tells while it loads, pulls or builds, with errors and nonsense in it: status 200, whatever happens. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import { type Engine, EngineUnreachableError } from '../../src/engine/engine.js';
import type { ImageStore } from '../../src/engine/image-store.js';
import { rejection } from '../contract/probes.js';
import { type DaemonProxy, httpAnswer, startDaemonProxy } from '../fakes/daemon-proxy.js';

async function* archive(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1_024);
}

const streams: { what: string; code: string; run: (images: ImageStore) => Promise<unknown> }[] = [
  { what: 'load', code: 'IMAGE_LOAD_FAILED', run: (images) => images.load(archive()) },
  { what: 'pull', code: 'IMAGE_PULL_FAILED', run: (images) => images.pull({ repository: 'nothing', tag: '1' }) },
  {
    what: 'build',
    code: 'IMAGE_BUILD_FAILED',
    run: (images) => images.build({ context: archive(), tag: 'nothing:1', buildArgs: {} }),
  },
];

const progress = '{"status":"Working","id":"layer","progressDetail":{"current":1,"total":2}}\r\n';

describe.each(streams)('the stream of $what', ({ code, run }) => {
  let proxy: DaemonProxy;
  let engine: Engine;
  beforeEach(async () => {
    proxy = await startDaemonProxy('/nonexistent');
    engine = dockerEngine({ socketPath: proxy.socketPath, limits: { callMs: 300, idleMs: 600 } });
  });
  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  const failure = async () => {
    if (!engine.images) throw new Error('the Docker engine has images');
    return await rejection(run(engine.images));
  };

  it.each([
    { what: 'an error', line: '{"errorDetail":{"message":"the disk said ouch"},"error":"the disk said ouch"}' },
    { what: 'an error without detail', line: '{"error":"the disk said ouch"}' },
    { what: 'a line that is no JSON', line: 'panic: the disk said ouch' },
    { what: 'half a line at its end', line: '{"status":"the disk said ouch' },
    { what: 'JSON that is no message', line: '["the disk said ouch"]' },
    { what: 'a message of the wrong types', line: '{"status":["the disk said ouch"]}' },
  ])('with $what fails with these words', async ({ line }) => {
    proxy.behaviour = { kind: 'say', text: httpAnswer(200, `${progress}${line}\r\n`) };
    expect(await failure()).toMatchObject({ code, message: expect.stringContaining('the disk said ouch') });
  });

  it('that breaks off is no success', async () => {
    proxy.behaviour = { kind: 'say', text: httpAnswer(200, progress, { length: 10_000 }) };
    expect(await failure()).toMatchObject({ code: expect.stringMatching(`^(ENGINE_UNREACHABLE|${code})$`) });
  });

  it('that falls silent is given up', async () => {
    await using silent = await startDaemonProxy(proxy.socketPath);
    proxy.behaviour = { kind: 'say', text: httpAnswer(200, progress, { length: 10_000 }) };
    silent.behaviour = { kind: 'stall', after: httpAnswer(200, progress, { length: 10_000 }).length };
    await using patient = dockerEngine({ socketPath: silent.socketPath, limits: { callMs: 300, idleMs: 600 } });
    if (!patient.images) throw new Error('the Docker engine has images');
    const error = await rejection(run(patient.images));
    if (!(error instanceof EngineUnreachableError)) expect(error).toMatchObject({ code });
  });
});
