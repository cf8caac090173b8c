import { randomBytes } from 'node:crypto';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import type { ImageStore } from '../../src/engine/image-store.js';
import { containerName } from '../../src/engine/labels.js';
import { serverBundlePath } from '../../src/engine/process/server-bundle.js';
import { assembleImage } from '../../src/image/ensure-image.js';
import { push, registryIsThere, startRegistry } from '../contract/registry-harness.js';
import { closeDockerBox, type DockerBox, openDockerBox } from './docker-box.js';
import { docker, socketPath } from './docker-harness.js';

/** A name of this run, so that nobody else's image is removed. */
const run = randomBytes(4).toString('hex');

describe('An environment', () => {
  const engine = dockerEngine({ socketPath });
  const made = new Set<string>();
  let images: ImageStore;
  let opened: DockerBox;

  beforeAll(() => {
    if (!engine.images) throw new Error('the Docker engine has images');
    images = engine.images;
  });
  afterAll(async () => {
    for (const reference of made) await images.remove(reference);
    await engine[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    opened = openDockerBox();
  });
  afterEach(() => closeDockerBox(opened));

  const configure = (image: Record<string, string>) =>
    writeFileSync(join(opened.box.directory, 'kserve-env.yaml'), JSON.stringify({ engine: 'docker', image }));
  /** An image of the server with a content of its own, under this name. */
  async function serverImage(name: string, version: string): Promise<string> {
    const { imageId, tag } = await assembleImage(images, { version, bundlePath: serverBundlePath() });
    const colon = name.lastIndexOf(':');
    await docker.getImage(imageId).tag({ repo: name.slice(0, colon), tag: name.slice(colon + 1) });
    await images.remove(tag);
    made.add(name);
    return imageId;
  }

  it('runs on an image that is built, which is healthy by its own check', async () => {
    const { box, name } = opened;
    const base = `kserve-env-test/base:${run}`;
    await serverImage(base, `0.0.0-${run}`);
    configure({ source: 'build', base });
    const { code, answer } = await box.json(['up', '--smoke']);
    expect(code).toBe(0);
    made.add(answer.data.image.id);
    expect(answer.data.image).toMatchObject({
      source: 'build',
      cached: false,
      digest: expect.stringMatching(/^sha256:/),
    });
    const again = await box.json(['up']);
    expect(again.answer.data).toMatchObject({ outcome: 'unchanged', image: { cached: true } });
    const health = async () => (await docker.getContainer(containerName(name)).inspect()).State.Health?.Status;
    await expect.poll(health, { timeout: 60_000, interval: 500 }).toBe('healthy');
  });

  it('moves to another daemon by file, and never asks a registry there', async () => {
    const { box } = opened;
    const path = join(box.directory, 'image.tar');
    const name = `kserve-env-test/moved:${run}`;
    const id = await serverImage(name, `0.0.0-${run}`);
    configure({ reference: name, pullPolicy: 'never' });
    const saved = await box.json(['image', 'save', '--output', path]);
    expect(saved.answer.data).toMatchObject({ path, reference: name, id, bytes: statSync(path).size });
    await images.remove(name);
    const absent = await box.json(['up']);
    expect(absent).toMatchObject({ code: 6, answer: { error: { code: 'IMAGE_NOT_FOUND' } } });
    expect(absent.answer.error?.hint).toContain('kserve-env image load');

    const loaded = await box.json(['image', 'load', path]);
    expect(loaded).toMatchObject({
      code: 0,
      answer: { data: { images: [{ reference: name, source: 'host-runtime' }] } },
    });
    const { code, answer } = await box.json(['up', '--smoke']);
    expect({ code, id: answer.data.image.id }).toEqual({ code: 0, id: name });
    expect(answer.data.image.digest).toBe(loaded.answer.data.images[0].id);
  });

  it('loads no archive that is cut short, and says so', async () => {
    const { box } = opened;
    const path = join(box.directory, 'image.tar');
    const name = `kserve-env-test/cut:${run}`;
    await serverImage(name, `0.0.1-${run}`);
    configure({ reference: name });
    expect((await box.run(['image', 'save', '--output', path])).code).toBe(0);
    await images.remove(name);
    truncateSync(path, statSync(path).size - 2_000_000);
    const { code, answer } = await box.json(['image', 'load', path]);
    expect(code).toBe(6);
    expect(answer.error).toMatchObject({
      code: 'IMAGE_ARCHIVE_INVALID',
      message: expect.stringContaining('cut short'),
    });
    expect(await images.find(name)).toBeUndefined();
  });

  describe.runIf(registryIsThere())('with an image of a registry', () => {
    it('is made of it, and anew when its tag has moved and it is asked for each time', async () => {
      await using registry = await startRegistry();
      const { box } = opened;
      const name = `${registry.host}/team/server:1`;
      const publish = async (version: string) => {
        const id = await serverImage(name, version);
        await push(docker, name);
        await images.remove(name);
        made.add(id);
        return id;
      };
      const first = await publish(`0.0.2-${run}`);
      configure({ reference: name, pullPolicy: 'always' });
      const pulled = await box.json(['pull']);
      expect(pulled).toMatchObject({ code: 0, answer: { data: { source: 'pull', reference: name, id: first } } });
      expect(pulled.answer.data.digest).toMatch(/^sha256:/);
      expect(pulled.answer.warnings).toEqual([expect.stringMatching(/has the server of kserve-env 0\.0\.2-/)]);
      expect((await box.json(['up', '--smoke'])).answer.data).toMatchObject({
        outcome: 'create',
        image: { digest: first },
      });
      expect((await box.json(['up'])).answer.data).toMatchObject({ outcome: 'unchanged' });

      const second = await publish(`0.0.3-${run}`);
      const again = await box.json(['up']);
      expect(again.answer.data).toMatchObject({ outcome: 'recreate', image: { digest: second } });
      expect(again.answer.data.changes).toEqual([expect.stringMatching(/^image\.digest: "sha256:.* → "sha256:/)]);
    });

    it('fails where the registry has no such image, with nothing left', async () => {
      await using registry = await startRegistry();
      configure({ reference: `${registry.host}/team/absent:1` });
      for (const verb of ['pull', 'up']) {
        const { code, answer } = await opened.box.json([verb]);
        expect({ code, error: answer.error?.code }).toEqual({ code: 6, error: 'IMAGE_NOT_FOUND' });
      }
    });
  });
});
