import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineInfo, ImageStore } from '../../src/engine/engine.js';
import { ensurePulled, type PullOptions } from '../../src/image/pull-image.js';
import type { EngineHarness } from '../contract/engine-contract.js';
import { makeImage, push, type Registry, registryIsThere, startRegistry } from '../docker/registry-harness.js';
import { podman, podmanHarness } from './podman-harness.js';

const login = { username: 'alice', password: 'correct horse:battery' };

/** What Docker does here is in `test/docker/registry.test.ts`; Podman has other words for it. */
describe.runIf(registryIsThere())('Podman, pulling from a registry', () => {
  let harness: EngineHarness;
  let images: ImageStore;
  let info: EngineInfo;
  let home: string;
  let open: Registry;
  let closed: Registry;

  beforeAll(async () => {
    harness = await podmanHarness();
    if (!harness.engine.images) throw new Error('Podman has images');
    images = harness.engine.images;
    info = await harness.engine.info();
    home = mkdtempSync(join(tmpdir(), 'kserve-env-home-'));
    [open, closed] = await Promise.all([startRegistry(), startRegistry(login)]);
  });

  afterAll(async () => {
    await Promise.all([open[Symbol.asyncDispose](), closed[Symbol.asyncDispose](), harness.close()]);
    rmSync(home, { recursive: true, force: true });
  });

  /** Pushes a new image, and takes it away from Podman. */
  async function publish(tag: string, options: Parameters<typeof makeImage>[2] = {}) {
    const id = await makeImage(images, tag, options);
    const digest = await push(tag, tag.startsWith(closed.host) ? login : undefined, podman);
    await images.remove(tag);
    return { id, digest };
  }

  const pull = (reference: string, options: Partial<PullOptions> = {}) =>
    ensurePulled(images, {
      reference,
      policy: 'missing',
      engine: info,
      auth: { env: { PATH: process.env.PATH, DOCKER_CONFIG: home }, homeDir: undefined, engine: 'podman' },
      retries: { firstDelayMs: 1 },
      ...options,
    });
  const logIn = (password: string) => {
    const auth = Buffer.from(`${login.username}:${password}`).toString('base64');
    writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { [closed.host]: { auth } } }));
  };

  it('gets the image that was pushed, and asks no registry again', async () => {
    const tag = `${open.host}/team/server:1`;
    const { id } = await publish(tag, { bytes: 3_000_000 });
    expect(await pull(tag)).toMatchObject({ image: { id }, cached: false, warnings: [] });
    await open.kill();
    expect(await pull(tag)).toMatchObject({ image: { id }, cached: true });
    await open.start();
  });

  it('gets exactly what a digest names', async () => {
    const { id, digest } = await publish(`${open.host}/by-digest:1`);
    const reference = `${open.host}/by-digest@${digest}`;
    expect(await pull(reference, { policy: 'always' })).toMatchObject({ image: { id }, cached: false });
    expect(await pull(reference, { policy: 'always' })).toMatchObject({ image: { id }, cached: true });
  });

  it('sees with always that a tag has moved', async () => {
    const tag = `${open.host}/moving:1`;
    const before = await publish(tag);
    expect((await pull(tag)).image.id).toBe(before.id);
    await images.remove(tag);
    const after = await publish(tag);
    expect(await pull(tag, { policy: 'always' })).toMatchObject({ image: { id: after.id }, cached: false });
  });

  it.each([
    { what: 'tag', reference: () => `${open.host}/team/server:absent` },
    { what: 'repository', reference: () => `${open.host}/nobody/nothing:1` },
    { what: 'digest', reference: () => `${open.host}/team/server@sha256:${'0'.repeat(64)}` },
  ])('says that there is no such $what', async ({ reference }) => {
    const name = reference();
    await expect(pull(name)).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      exitCode: 6,
      retryable: false,
      message: expect.stringContaining(name),
    });
  });

  it('is let in with a login, and told how to log in with a wrong one', async () => {
    const tag = `${closed.host}/secret/server:1`;
    const { id } = await publish(tag);
    logIn('wrong');
    const error = await pull(tag).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'IMAGE_UNAUTHORIZED',
      exitCode: 6,
      hint: expect.stringContaining(`podman login ${closed.host}`),
    });
    logIn(login.password);
    expect((await pull(tag)).image.id).toBe(id);
  });

  it('waits and tries again where there is a limit', async () => {
    const tag = `${open.host}/limited:1`;
    const { id } = await publish(tag);
    const limited = tag.replace(open.host, open.limitedHost);
    open.refuse(2);
    expect((await pull(limited)).image.id).toBe(id);
  });

  it('ends with an error when the registry goes in the middle, and works when it is back', async () => {
    await using registry = await startRegistry();
    const tag = `${registry.host}/big:1`;
    const { id } = await publish(tag, { bytes: 8_000_000 });
    registry.stallAfter(2_000_000);
    const pulling = pull(tag, { retries: { attempts: 1 } });
    pulling.catch(() => {});
    await registry.stalled;
    await registry.kill();
    await expect(pulling).rejects.toMatchObject({ exitCode: 6, retryable: true });
    expect(await images.find(tag)).toBeUndefined();
    await registry.start();
    expect((await pull(tag)).image.id).toBe(id);
  });
});
