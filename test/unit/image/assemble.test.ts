import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assembleImage, planImage, serverDigest } from '../../../src/image/ensure-image.js';
import { hostRuntime } from '../../../src/image/host-runtime.js';
import { imageArchive } from '../../../src/image/image-archive.js';
import { digestLayer, layerSize, tarLayer } from '../../../src/image/layer.js';
import { type FakeImages, fakeImages } from '../../fakes/fake-images.js';

describe('The image of a small Node', () => {
  let directory: string;
  let images: FakeImages;
  let node: string;
  let bundlePath: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kserve-env-image-'));
    images = fakeImages();
    node = join(directory, 'node');
    bundlePath = join(directory, 'kserve-server.cjs');
    await writeFile(node, 'an executable');
    await writeFile(bundlePath, 'a program');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const options = async () => ({
    version: '1.2.3',
    bundlePath,
    cacheDir: join(directory, 'cache'),
    runtime: await hostRuntime(node, []),
  });

  it('has an ID that says what is in it: the same for the same, another for another', async () => {
    const first = await planImage(await options());
    expect((await planImage(await options())).id).toBe(first.id);
    await chmod(bundlePath, 0o600);
    await utimes(bundlePath, 1, 1);
    expect((await planImage(await options())).id).toBe(first.id);
    await writeFile(bundlePath, 'another program');
    const second = await planImage(await options());
    expect(second.id).not.toBe(first.id);
    expect(second.tag).not.toBe(first.tag);
    expect(second.layers[0]?.digest).toBe(first.layers[0]?.digest);
  });

  it('is loaded once', async () => {
    const first = await assembleImage(images, await options());
    expect(first.cached).toBe(false);
    expect(first.imageId).toBe((await planImage(await options())).id);
    const second = await assembleImage(images, await options());
    expect(second).toMatchObject({ imageId: first.imageId, cached: true });
    expect(images.loads).toBe(1);
  });

  it('is read once where nothing is known of it, and remembered', async () => {
    const first = await assembleImage(images, { ...(await options()), cacheDir: undefined });
    const again = await assembleImage(fakeImages(), await options());
    expect(again).toMatchObject({ imageId: first.imageId, tag: first.tag, cached: false });
    expect((await planImage(await options())).id).toBe(first.imageId);
    const cache = join(directory, 'cache');
    const kept = await Promise.all((await readdir(cache)).map((file) => readFile(join(cache, file), 'utf8')));
    const runtime = await digestLayer((await hostRuntime(node, [])).files);
    expect(new Set(kept.map((text) => JSON.parse(text).digest))).toEqual(
      new Set([runtime.digest, await serverDigest(bundlePath)]),
    );
  });

  it('sends of a second version only the layer that is new', async () => {
    const first = await assembleImage(images, await options());
    await writeFile(bundlePath, 'another program');
    const second = await assembleImage(images, await options());
    expect(second.imageId).not.toBe(first.imageId);
    const { layers } = await planImage(await options());
    expect(images.layersSent.map((sent) => sent.length)).toEqual([2, 1]);
    expect(images.layersSent[1]).toEqual([layers[1]?.digest]);
  });

  it('sends all of it to an engine that wants to see what it has', async () => {
    await assembleImage(images, await options());
    images.wantsAllLayers = true;
    await writeFile(bundlePath, 'another program');
    expect((await assembleImage(images, await options())).imageId).toBe((await planImage(await options())).id);
    expect(images.layersSent.map((sent) => sent.length)).toEqual([2, 1, 2]);
  });

  it('leaves nothing out over another runtime', async () => {
    await assembleImage(images, await options());
    await writeFile(node, 'a newer executable');
    await assembleImage(images, await options());
    expect(images.layersSent.map((sent) => sent.length)).toEqual([2, 2]);
  });

  it('is recognised by its layers and label where the engine gives IDs of its own', async () => {
    images.foreignIds = true;
    const first = await assembleImage(images, await options());
    expect(first.imageId).not.toBe((await planImage(await options())).id);
    expect(await assembleImage(images, await options())).toMatchObject({ imageId: first.imageId, cached: true });
    expect(images.loads).toBe(1);
  });

  it('is not taken for loaded when the load failed', async () => {
    images.failNextLoad = 'no space left on device';
    await expect(assembleImage(images, await options())).rejects.toThrow(/no space left on device/);
    expect((await assembleImage(images, await options())).cached).toBe(false);
  });

  it('does not believe an engine that has something else under its tag', async () => {
    const { tag } = await planImage(await options());
    const other = { id: 'sha256:other', layers: [], labels: {}, tags: [tag], digests: [], os: '', architecture: '' };
    const liar = { ...images, find: async () => other };
    await expect(assembleImage(liar, await options())).rejects.toMatchObject({ code: 'IMAGE_LOAD_FAILED' });
  });

  it('notices a runtime that changed under a remembered digest', async () => {
    const before = await planImage(await options());
    const { atime, mtime } = await stat(node);
    await writeFile(node, 'an exEcutable');
    await utimes(node, atime, new Date(mtime.getTime() + 1));
    expect((await planImage(await options())).layers[0]?.digest).not.toBe(before.layers[0]?.digest);
  });

  it('remembers the digest of the runtime, and computes it where that is torn or cannot be kept', async () => {
    const { id } = await planImage(await options());
    const [entry] = await readdir(join(directory, 'cache'));
    const path = join(directory, 'cache', entry ?? '');
    expect(JSON.parse(await readFile(path, 'utf8')).digest).toMatch(/^sha256:/);
    await writeFile(path, '{"digest":');
    expect((await planImage(await options())).id).toBe(id);
    expect((await planImage({ ...(await options()), cacheDir: bundlePath })).id).toBe(id);
    expect((await planImage({ ...(await options()), cacheDir: undefined })).id).toBe(id);
  });

  it('fails with a name when the server was not built', async () => {
    const absent = { ...(await options()), bundlePath: join(directory, 'absent') };
    await expect(planImage(absent)).rejects.toMatchObject({ code: 'IMAGE_ASSEMBLY_FAILED' });
  });

  it('fails when a file shrinks between the digest and the load', async () => {
    const image = await planImage(await options());
    await writeFile(bundlePath, '');
    const drain = async () => {
      for await (const _ of imageArchive(image));
    };
    await expect(drain()).rejects.toThrow(/size/i);
  });

  it('has layers owned by root, at time zero, each directory before its files', async () => {
    const { files } = await hostRuntime(node, []);
    const headers: Record<string, unknown>[] = [];
    for await (const entry of Readable.from(tarLayer(files), { objectMode: false }).pipe(extract())) {
      const { name, mode, uid, gid, type, mtime } = entry.header;
      headers.push({ name, mode, uid, gid, type, mtime: mtime?.getTime() });
      entry.resume();
    }
    const root = { uid: 0, gid: 0, mtime: 0 };
    expect(headers).toEqual([
      { ...root, name: 'usr/', mode: 0o755, type: 'directory' },
      { ...root, name: 'usr/local/', mode: 0o755, type: 'directory' },
      { ...root, name: 'usr/local/bin/', mode: 0o755, type: 'directory' },
      { ...root, name: 'tmp/', mode: 0o1777, type: 'directory' },
      { ...root, name: 'usr/local/bin/node', mode: 0o755, type: 'file' },
    ]);
  });

  it('knows digest and size of a layer before it is sent', async () => {
    const { files } = await hostRuntime(node, []);
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of tarLayer(files)) {
      hash.update(chunk);
      size += chunk.length;
    }
    expect(await digestLayer(files)).toEqual({ digest: `sha256:${hash.digest('hex')}`, size });
    expect(await layerSize(files)).toBe(size);
  });
});
