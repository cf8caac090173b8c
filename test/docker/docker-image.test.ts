import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import type { ImageStore } from '../../src/engine/image-store.js';
import { contentLabel } from '../../src/engine/labels.js';
import { serverBundlePath } from '../../src/engine/process/server-bundle.js';
import { assembleImage, planImage } from '../../src/image/ensure-image.js';
import { type DaemonProxy, startDaemonProxy } from '../fakes/daemon-proxy.js';
import { docker, socketPath } from './docker-harness.js';

describe('The image assembled from this machine', () => {
  let proxy: DaemonProxy;
  let images: ImageStore;
  let cacheDir: string;
  const version = `0.0.0-${randomBytes(4).toString('hex')}`;
  const options = () => ({ version, bundlePath: serverBundlePath(), cacheDir });
  const loads = () => proxy.requests.filter((request) => request.startsWith('POST /images/load')).length;

  beforeAll(async () => {
    proxy = await startDaemonProxy(socketPath);
    const engine = dockerEngine({ socketPath: proxy.socketPath });
    if (!engine.images) throw new Error('the Docker engine has images');
    images = engine.images;
    cacheDir = await mkdtemp(join(tmpdir(), 'kserve-env-cache-'));
  });

  afterAll(async () => {
    const { tag } = await planImage(options());
    await images.remove(tag);
    await proxy[Symbol.asyncDispose]();
    await rm(cacheDir, { recursive: true, force: true });
  });

  it('has its ID before it is loaded, and is loaded once', async () => {
    const planned = await planImage(options());
    expect(await images.find(planned.tag)).toBeUndefined();
    const first = await assembleImage(images, options());
    expect(first).toMatchObject({ imageId: planned.id, tag: planned.tag, cached: false });
    const second = await assembleImage(images, options());
    expect(second).toMatchObject({ imageId: planned.id, cached: true });
    expect(loads()).toBe(1);
  });

  it('says in its config how it runs', async () => {
    const { imageId } = await assembleImage(images, options());
    const { Config, Architecture, Os } = await docker.getImage(imageId).inspect();
    expect(Config.User).toBe('65532:65532');
    expect(Config.Entrypoint).toEqual(['/usr/local/bin/node', '/opt/kserve-env/kserve-server.cjs']);
    expect(Object.keys(Config.ExposedPorts ?? {})).toEqual(['8080/tcp', '8081/tcp']);
    expect(Config.Env).toContain('NODE_ENV=production');
    expect(Config.Healthcheck?.Test).toContain('--healthcheck');
    expect(Config.Labels['org.opencontainers.image.version']).toBe(version);
    expect(Os).toBe('linux');
    expect(Architecture).toMatch(/^(amd64|arm64)$/);
  });

  it('is found by its label, and removed by its tag, as often as one likes', async () => {
    const { tag } = await assembleImage(images, options());
    expect((await images.list(contentLabel)).flatMap(({ tags }) => tags)).toContain(tag);
    await images.remove(tag);
    await images.remove(tag);
    expect(await images.find(tag)).toBeUndefined();
  });

  it('is assembled whatever the cache holds', async () => {
    const before = await planImage(options());
    for (const entry of await readdir(cacheDir)) await writeFile(join(cacheDir, entry), '{"digest": "sha256:');
    expect((await planImage(options())).id).toBe(before.id);
    expect((await assembleImage(images, options())).imageId).toBe(before.id);
  });

  it('fails with a name when a remembered digest is wrong, and works the next time', async () => {
    const wrong = { digest: `sha256:${'0'.repeat(64)}`, size: 1024 };
    for (const entry of await readdir(cacheDir)) await writeFile(join(cacheDir, entry), JSON.stringify(wrong));
    await expect(assembleImage(images, options())).rejects.toMatchObject({ code: 'IMAGE_LOAD_FAILED' });
    expect((await assembleImage(images, options())).imageId).toBe((await planImage(options())).id);
  });
});
