/**
 * What a pull does, for every engine that has images: against a real registry, and with a client that is not ours to put
 * images there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Dockerode from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, EngineInfo } from '../../src/engine/engine.js';
import type { ImageStore } from '../../src/engine/image-store.js';
import { ensurePulled, type PullOptions } from '../../src/image/pull-image.js';
import { makeImage, push, type Registry, registryIsThere, startRegistry } from './registry-harness.js';

/** The registry that asks for a login wants this one. */
export const login = { username: 'alice', password: 'correct horse:battery' };

/** An engine that pulls. */
export interface PullSubject {
  kind: 'docker' | 'podman';
  /** Does not wait long for a daemon that says nothing. */
  engine: Engine;
  /** The same daemon with all the patience that we have by default. */
  patient: Engine;
  /** The same daemon without our engine in between. */
  client: Dockerode;
  close(): Promise<void>;
}

/** What a test of pulls has at hand. */
export interface PullScene {
  images: ImageStore;
  client: Dockerode;
  /** Has the engine's config for registries. */
  home: string;
  open: Registry;
  /** Asks for a login. */
  closed: Registry;
  /** Pushes a new image, and takes it away from the engine. */
  publish(tag: string, options?: Parameters<typeof makeImage>[2]): Promise<{ id: string; digest: string }>;
  pull(reference: string, options?: Partial<PullOptions>): ReturnType<typeof ensurePulled>;
  /** Writes the config of that home. */
  configure(content: unknown): void;
  /** Taken away again at the end. */
  made: Set<string>;
}

/** @param more tests of one engine alone; the scene is set by the time that they run */
export function describePulls(
  title: string,
  connect: () => Promise<PullSubject>,
  more: (scene: PullScene) => void = () => {},
): void {
  describe.runIf(registryIsThere())(`${title}, pulling from a registry`, () => {
    let subject: PullSubject;
    const scene = {} as PullScene;
    beforeAll(async () => {
      subject = await connect();
      Object.assign(scene, await setScene(subject));
    });
    afterAll(async () => {
      for (const reference of scene.made) await scene.images.remove(reference);
      await Promise.all([scene.open[Symbol.asyncDispose](), scene.closed[Symbol.asyncDispose](), subject.close()]);
      rmSync(scene.home, { recursive: true, force: true });
    });

    it('gets the image that was pushed, and asks no registry again', async () => {
      const tag = `${scene.open.host}/team/server:1`;
      const { id } = await scene.publish(tag, { bytes: 3_000_000 });
      expect(await scene.pull(tag)).toMatchObject({ image: { id }, cached: false, warnings: [] });
      await scene.open.kill();
      expect(await scene.pull(tag)).toMatchObject({ image: { id }, cached: true });
      await scene.open.start();
    });

    it('takes a name without a tag as latest', async () => {
      const { id } = await scene.publish(`${scene.open.host}/untagged:latest`);
      expect((await scene.pull(`${scene.open.host}/untagged`)).image.id).toBe(id);
    });

    it('gets exactly what a digest names, and never asks again', async () => {
      const { id, digest } = await scene.publish(`${scene.open.host}/by-digest:1`);
      const reference = `${scene.open.host}/by-digest@${digest}`;
      scene.made.add(reference);
      const pulled = await scene.pull(reference, { policy: 'always' });
      expect(pulled).toMatchObject({ image: { id }, cached: false });
      expect(pulled.image.digests).toContain(reference);
      expect(await scene.pull(reference, { policy: 'always' })).toMatchObject({ image: { id }, cached: true });
    });

    it('sees with always that a tag has moved, and with missing does not look', async () => {
      const tag = `${scene.open.host}/moving:1`;
      const before = await scene.publish(tag);
      await scene.pull(tag);
      const after = await scene.publish(tag);
      await scene.client.getImage(before.id).tag({ repo: tag.slice(0, tag.lastIndexOf(':')), tag: '1' });
      expect(await scene.pull(tag)).toMatchObject({ image: { id: before.id }, cached: true });
      expect(await scene.pull(tag, { policy: 'always' })).toMatchObject({ image: { id: after.id }, cached: false });
    });

    it('asks no registry with never', async () => {
      const tag = `${scene.open.host}/never:1`;
      await scene.publish(tag);
      await expect(scene.pull(tag, { policy: 'never' })).rejects.toMatchObject({
        code: 'IMAGE_NOT_FOUND',
        exitCode: 6,
      });
      await scene.pull(tag);
      expect(await scene.pull(tag, { policy: 'never' })).toMatchObject({ cached: true });
    });

    it.each([
      { what: 'tag', reference: () => `${scene.open.host}/team/server:absent` },
      { what: 'repository', reference: () => `${scene.open.host}/nobody/nothing:1` },
      { what: 'digest', reference: () => `${scene.open.host}/team/server@sha256:${'0'.repeat(64)}` },
    ])('says that there is no such $what', async ({ reference }) => {
      const name = reference();
      await expect(scene.pull(name)).rejects.toMatchObject({
        code: 'IMAGE_NOT_FOUND',
        exitCode: 6,
        retryable: false,
        message: expect.stringContaining(name),
      });
    });

    it('waits and tries again where there is a limit', async () => {
      const tag = `${scene.open.host}/asked-often:1`;
      const { id } = await scene.publish(tag);
      const limited = tag.replace(scene.open.host, scene.open.limitedHost);
      scene.made.add(limited);
      scene.open.refuse(2);
      expect((await scene.pull(limited)).image.id).toBe(id);
    });

    it('uses with always the image that is there when the registry is gone, and says so', async () => {
      scene.configure({});
      const tag = `${scene.open.host}/there:1`;
      const { id } = await scene.publish(tag);
      await scene.pull(tag);
      await scene.open.kill();
      const { image, cached, warnings } = await scene.pull(tag, { policy: 'always' });
      expect({ id: image.id, cached }).toEqual({ id, cached: true });
      expect(warnings).toHaveLength(3);
      expect(warnings.at(-1)).toMatch(new RegExp(`could not be pulled: .*; using the .*/there:1 that ${title}`));
      await scene.images.remove(tag);
      await expect(scene.pull(tag)).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED', retryable: true });
      await scene.open.start();
    });

    it('is let in with a login, and told how to log in with a wrong one', async () => {
      const tag = `${scene.closed.host}/login/server:1`;
      const { id } = await scene.publish(tag);
      const withPassword = (password: string) => {
        const auth = Buffer.from(`${login.username}:${password}`).toString('base64');
        scene.configure({ auths: { [scene.closed.host]: { auth } } });
      };
      withPassword('wrong');
      await expect(scene.pull(tag)).rejects.toMatchObject({
        code: 'IMAGE_UNAUTHORIZED',
        exitCode: 6,
        hint: expect.stringContaining(`${subject.kind} login ${scene.closed.host}`),
      });
      withPassword(login.password);
      expect((await scene.pull(tag)).image.id).toBe(id);
    });

    it('gives up in bounded time when the registry goes in the middle, and works when it is back', async () => {
      await using registry = await startRegistry();
      const tag = `${registry.host}/big:1`;
      const { id } = await scene.publish(tag, { bytes: 8_000_000 });
      registry.stallAfter(2_000_000);
      const pulling = scene.pull(tag, { retries: { attempts: 1 } });
      pulling.catch(() => {});
      await registry.stalled;
      await registry.kill();
      await expect(pulling).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED', exitCode: 6, retryable: true });
      expect(await scene.images.find(tag)).toBeUndefined();
      await registry.start();
      // The daemon may still be waiting for its own next attempt, which takes longer than the limit of these tests.
      const { image } = await (await puller(subject.patient, subject.kind, scene.home))(tag);
      expect(image.id).toBe(id);
    });

    more(scene);
  });
}

async function setScene({ kind, engine, client }: PullSubject): Promise<PullScene> {
  const images = imagesOf(engine);
  const home = mkdtempSync(join(tmpdir(), 'kserve-env-home-'));
  const [open, closed] = await Promise.all([startRegistry(), startRegistry(login)]);
  const made = new Set<string>();
  return {
    ...{ images, client, home, open, closed, made },
    async publish(tag, options = {}) {
      made.add(tag);
      const id = await makeImage(images, tag, options);
      made.add(id);
      const digest = await push(client, tag, tag.startsWith(closed.host) ? login : undefined);
      await images.remove(tag);
      return { id, digest };
    },
    pull: await puller(engine, kind, home),
    configure: (content) => writeFileSync(join(home, 'config.json'), JSON.stringify(content)),
  };
}

async function puller(engine: Engine, kind: PullSubject['kind'], home: string): Promise<PullScene['pull']> {
  const info: EngineInfo = await engine.info();
  return (reference, options = {}) =>
    ensurePulled(imagesOf(engine), {
      reference,
      policy: 'missing',
      engine: info,
      auth: { env: { PATH: process.env.PATH, DOCKER_CONFIG: home }, homeDir: undefined, engine: kind },
      retries: { firstDelayMs: 1 },
      ...options,
    });
}

function imagesOf({ images }: Engine): ImageStore {
  if (!images) throw new Error('an engine that pulls has images');
  return images;
}
