import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import type { EngineInfo, ImageStore } from '../../src/engine/engine.js';
import { ensurePulled, type PullOptions } from '../../src/image/pull-image.js';
import { docker, socketPath } from './docker-harness.js';
import { makeImage, push, type Registry, registryIsThere, startRegistry } from './registry-harness.js';

const login = { username: 'alice', password: 'correct horse:battery' };

describe.runIf(registryIsThere())('Pulling from a registry', () => {
  const engine = dockerEngine({ socketPath, limits: { idleMs: 3_000 } });
  const made = new Set<string>();
  let images: ImageStore;
  let info: EngineInfo;
  let home: string;
  let open: Registry;
  let closed: Registry;

  beforeAll(async () => {
    if (!engine.images) throw new Error('the Docker engine has images');
    images = engine.images;
    info = await engine.info();
    home = mkdtempSync(join(tmpdir(), 'kserve-env-home-'));
    [open, closed] = await Promise.all([startRegistry(), startRegistry(login)]);
  });

  afterAll(async () => {
    for (const reference of made) await images.remove(reference);
    await Promise.all([open[Symbol.asyncDispose](), closed[Symbol.asyncDispose](), engine[Symbol.asyncDispose]()]);
    rmSync(home, { recursive: true, force: true });
  });

  /** Pushes a new image, and takes it away from the daemon. */
  async function publish(tag: string, options: Parameters<typeof makeImage>[2] = {}) {
    made.add(tag);
    const id = await makeImage(images, tag, options);
    made.add(id);
    const digest = await push(tag, tag.startsWith(closed.host) ? login : undefined);
    await images.remove(tag);
    return { id, digest };
  }

  const pull = (reference: string, options: Partial<PullOptions> = {}) =>
    ensurePulled(images, {
      reference,
      policy: 'missing',
      engine: info,
      auth: { env: { PATH: process.env.PATH, DOCKER_CONFIG: home }, homeDir: undefined, engine: 'docker' },
      retries: { firstDelayMs: 1 },
      ...options,
    });

  const dockerConfig = (content: unknown) => writeFileSync(join(home, 'config.json'), JSON.stringify(content));

  it('gets the image that was pushed, tells how far it is, and asks no registry again', async () => {
    const tag = `${open.host}/team/server:1`;
    const { id } = await publish(tag, { bytes: 3_000_000 });
    const details: string[] = [];
    const first = await pull(tag, { onDetail: (detail) => details.push(detail) });
    expect(first).toMatchObject({ image: { id }, cached: false, warnings: [] });
    expect(details.at(-1)).toMatch(/^1 of 1 layers, 3\.0 of 3\.0 MB/);
    await open.kill();
    expect(await pull(tag)).toMatchObject({ image: { id }, cached: true });
    await open.start();
  });

  it('takes a name without a tag as latest', async () => {
    const { id } = await publish(`${open.host}/untagged:latest`);
    expect((await pull(`${open.host}/untagged`)).image.id).toBe(id);
  });

  it('gets exactly what a digest names, and never asks again', async () => {
    const { id, digest } = await publish(`${open.host}/by-digest:1`);
    const reference = `${open.host}/by-digest@${digest}`;
    made.add(reference);
    const pulled = await pull(reference, { policy: 'always' });
    expect(pulled).toMatchObject({ image: { id }, cached: false });
    expect(pulled.image.digests).toContain(reference);
    expect(await pull(reference, { policy: 'always' })).toMatchObject({ image: { id }, cached: true });
  });

  it('sees with always that a tag has moved, and with missing does not look', async () => {
    const tag = `${open.host}/moving:1`;
    const before = await publish(tag);
    await pull(tag);
    const after = await publish(tag);
    await docker.getImage(before.id).tag({ repo: tag.slice(0, tag.lastIndexOf(':')), tag: '1' });
    expect(await pull(tag)).toMatchObject({ image: { id: before.id }, cached: true });
    expect(await pull(tag, { policy: 'always' })).toMatchObject({ image: { id: after.id }, cached: false });
  });

  it('asks no registry with never', async () => {
    const tag = `${open.host}/never:1`;
    await publish(tag);
    await expect(pull(tag, { policy: 'never' })).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND', exitCode: 6 });
    await pull(tag);
    expect(await pull(tag, { policy: 'never' })).toMatchObject({ cached: true });
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

  it('names the platform where the image is for another', async () => {
    const tag = `${open.host}/foreign:1`;
    await publish(tag, { architecture: 's390x' });
    const { warnings } = await pull(tag);
    expect(warnings).toEqual([expect.stringMatching(/linux\/s390x.*runs linux\//)]);
    await images.remove(tag);
    await expect(pull(tag, { platform: 'linux/ppc64le' })).rejects.toMatchObject({ exitCode: 6 });
  });

  describe('that wants a login', () => {
    let tag: string;
    let id: string;
    beforeAll(async () => {
      tag = `${closed.host}/secret/server:1`;
      ({ id } = await publish(tag));
    });

    const auth = (password: string) => Buffer.from(`${login.username}:${password}`).toString('base64');
    const program = (name: string, script: string) => {
      writeFileSync(join(home, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    };
    const withHelpers = () => ({
      auth: {
        env: { PATH: `${home}:${process.env.PATH}`, DOCKER_CONFIG: home, ASKED: join(home, 'asked') },
        homeDir: undefined,
        engine: 'docker' as const,
      },
    });

    it.each([
      { what: 'no login', config: () => ({}) },
      { what: 'a wrong password', config: () => ({ auths: { [closed.host]: { auth: auth('wrong') } } }) },
      {
        what: 'a login for another registry',
        config: () => ({ auths: { [open.host]: { auth: auth(login.password) } } }),
      },
    ])('refuses $what, and the error says how to log in and has no secret', async ({ config }) => {
      dockerConfig(config());
      const error = await pull(tag).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'IMAGE_UNAUTHORIZED',
        exitCode: 6,
        hint: expect.stringContaining(`docker login ${closed.host}`),
      });
      const { message, details, hint, cause } = error as { [key: string]: unknown };
      expect(JSON.stringify([message, details, hint, String(cause)])).not.toMatch(/wrong|horse/);
    });

    it.each([
      { what: 'the host', key: () => closed.host },
      { what: 'an address as old files have it', key: () => `https://${closed.host}/v2/` },
      { what: 'a part of the registry', key: () => `${closed.host}/secret` },
    ])('lets in who logged in under $what', async ({ key }) => {
      dockerConfig({ auths: { [key()]: { auth: auth(login.password) } } });
      expect((await pull(tag)).image.id).toBe(id);
      await images.remove(tag);
    });

    it.each([
      { what: 'of this registry', config: () => ({ credHelpers: { [closed.host]: 'test' } }) },
      { what: 'of all of them', config: () => ({ credsStore: 'test', auths: { [closed.host]: {} } }) },
    ])('lets in who a helper $what knows, asked by its standard input alone', async ({ config }) => {
      const answer = JSON.stringify({ ServerURL: closed.host, Username: login.username, Secret: login.password });
      program('test', `echo "$@" "$(cat)" > "$ASKED"; echo '${answer}'`);
      dockerConfig(config());
      expect(await pull(tag, withHelpers())).toMatchObject({ image: { id }, warnings: [] });
      expect(readFileSync(join(home, 'asked'), 'utf8')).toBe(`get ${closed.host}\n`);
      await images.remove(tag);
    });

    it('goes on without a login where the helper knows none', async () => {
      program('none', 'echo "credentials not found in native keychain"; exit 1');
      dockerConfig({ credsStore: 'none' });
      await expect(pull(tag, withHelpers())).rejects.toMatchObject({ code: 'IMAGE_UNAUTHORIZED' });
      const { image, warnings } = await pull(`${open.host}/untagged`, { ...withHelpers(), policy: 'always' });
      expect({ id: image.id.slice(0, 7), warnings }).toEqual({ id: 'sha256:', warnings: [] });
    });

    it('goes on with a warning, in its words, where the helper is broken, and uses what the file has', async () => {
      program('broken', 'echo "the key chain is locked" >&2; exit 3');
      dockerConfig({ credsStore: 'broken', auths: { [closed.host]: { auth: auth(login.password) } } });
      const { image, warnings } = await pull(tag, withHelpers());
      expect(image.id).toBe(id);
      expect(warnings).toEqual([expect.stringMatching(/docker-credential-broken failed .*the key chain is locked/)]);
      await images.remove(tag);
    });
  });

  it('gives up in bounded time when the registry goes in the middle, and works when it is back', async () => {
    await using registry = await startRegistry();
    const tag = `${registry.host}/big:1`;
    const { id } = await publish(tag, { bytes: 8_000_000 });
    registry.stallAfter(2_000_000);
    const pulling = pull(tag, { retries: { attempts: 1 } });
    pulling.catch(() => {});
    await registry.stalled;
    await registry.kill();
    await expect(pulling).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED', exitCode: 6, retryable: true });
    expect(await images.find(tag)).toBeUndefined();
    await registry.start();
    // The daemon may still be waiting for its own next attempt, which takes longer than the limit of these tests.
    await using patient = dockerEngine({ socketPath });
    if (!patient.images) throw new Error('the Docker engine has images');
    images = patient.images;
    const again = await pull(tag).finally(() => {
      images = engine.images ?? images;
    });
    expect(again.image.id).toBe(id);
  });

  it('waits and tries again where there is a limit, three times at most', async () => {
    dockerConfig({});
    const tag = `${open.host}/limited:1`;
    const { id } = await publish(tag);
    const limited = tag.replace(open.host, open.limitedHost);
    made.add(limited);
    open.refuse(2);
    const details: string[] = [];
    const pulled = await pull(limited, { onDetail: (detail) => details.push(detail) });
    expect(pulled.image.id).toBe(id);
    expect(pulled.warnings).toEqual([
      expect.stringMatching(/toomanyrequests.*attempt 2 of 3 in /),
      expect.stringMatching(/toomanyrequests.*attempt 3 of 3 in /),
    ]);
    expect(details).toEqual(expect.arrayContaining(pulled.warnings));
    open.refuse(3);
    const { image, warnings } = await pull(limited, { policy: 'always' });
    expect({ id: image.id, last: warnings.at(-1) }).toEqual({ id, last: expect.stringMatching(/; using the /) });
    await images.remove(limited);
    open.refuse(3);
    await expect(pull(limited)).rejects.toMatchObject({ code: 'IMAGE_RATE_LIMITED', exitCode: 6, retryable: true });
    open.refuse(0);
  });

  it('uses with always the image that is there when the registry is gone, and says so', async () => {
    dockerConfig({});
    const tag = `${open.host}/there:1`;
    const { id } = await publish(tag);
    await pull(tag);
    await open.kill();
    const { image, cached, warnings } = await pull(tag, { policy: 'always' });
    expect({ id: image.id, cached }).toEqual({ id, cached: true });
    expect(warnings).toHaveLength(3);
    expect(warnings.at(-1)).toMatch(/could not be pulled: .*; using the .*\/there:1 that Docker/);
    await images.remove(tag);
    await expect(pull(tag)).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED', retryable: true });
    await open.start();
  });
});
