import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import type { EngineInfo } from '../../src/engine/engine.js';
import type { ImageStore } from '../../src/engine/image-store.js';
import { contentLabel } from '../../src/engine/labels.js';
import { serverBundlePath } from '../../src/engine/process/server-bundle.js';
import { type BuildOptions, ensureBuilt } from '../../src/image/build-image.js';
import { hostRuntime } from '../../src/image/host-runtime.js';
import { describeImage, imageArchive } from '../../src/image/image-archive.js';
import { digestLayer, tarLayer } from '../../src/image/layer.js';
import { docker, socketPath } from './docker-harness.js';

const dockerfilePath = new URL('../../templates/Dockerfile', import.meta.url).pathname;

describe('The image that the daemon builds', () => {
  const engine = dockerEngine({ socketPath });
  const run = randomBytes(4).toString('hex');
  const base = `kserve-env-test/node:${run}`;
  const tags = new Set<string>([base]);
  let images: ImageStore;
  let info: EngineInfo;
  let directory: string;

  beforeAll(async () => {
    if (!engine.images) throw new Error('the Docker engine has images');
    images = engine.images;
    info = await engine.info();
    directory = mkdtempSync(join(tmpdir(), 'kserve-env-build-'));
    await makeBase('1');
  });

  afterAll(async () => {
    for (const tag of tags) await images.remove(tag);
    await engine[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A base with this machine's Node, as node:22-slim is one: with an entry point, a command and a user of its own. */
  async function makeBase(version: string) {
    const { files, libraryPath } = await hostRuntime();
    const layer = { ...(await digestLayer(files)), title: 'Node', content: () => tarLayer(files) };
    const image = describeImage({
      version: `${run}-${version}`,
      architecture: info.architecture,
      libraryPath,
      layers: [layer],
    });
    await images.load(imageArchive({ ...image, tag: base }));
  }

  const options = (changes: Partial<BuildOptions> = {}): BuildOptions => ({
    base,
    policy: 'missing',
    engine: info,
    auth: { env: {}, homeDir: undefined, engine: 'docker' },
    version: run,
    bundlePath: serverBundlePath(),
    dockerfilePath,
    ...changes,
  });
  const build = async (changes: Partial<BuildOptions> = {}) => {
    const built = await ensureBuilt(images, options(changes));
    tags.add(built.tag);
    return built;
  };
  /** Images without a name that nothing is built on, and containers, that are of this run. */
  const leftOvers = async () => {
    const [listed, containers] = await Promise.all([
      docker.listImages({ filters: { dangling: ['true'], label: [`org.opencontainers.image.version=${run}`] } }),
      docker.listContainers({ all: true }),
    ]);
    return [
      ...listed.map(({ Id }) => Id),
      ...containers.filter(({ Image }) => Image.includes(run)).map(({ Id }) => Id),
    ];
  };

  it('is built once, step by step, and leaves nothing but itself', async () => {
    const steps: string[] = [];
    const first = await build({ onDetail: (step) => steps.push(step) });
    expect(first.cached).toBe(false);
    expect(steps.join('\n')).toMatch(/Step \d+\/\d+ : COPY kserve-server\.cjs/);
    expect(await build()).toMatchObject({ cached: true, image: { id: first.image.id } });
    expect(await leftOvers()).toEqual([]);
  });

  it('says in its config how it runs', async () => {
    const { image } = await build();
    const { Config } = await docker.getImage(image.id).inspect();
    expect(Config.User).toBe('65532:65532');
    expect(Config.Entrypoint).toEqual(['node', '/opt/kserve-env/kserve-server.cjs']);
    expect(Config.Cmd).toBeNull();
    expect(Object.keys(Config.ExposedPorts ?? {})).toEqual(['8080/tcp', '8081/tcp']);
    expect(Config.Healthcheck?.Test).toEqual(['CMD', 'node', '/opt/kserve-env/kserve-server.cjs', '--healthcheck']);
    expect(Config.Labels).toMatchObject({ 'dev.kserve-env.source': 'build', 'org.opencontainers.image.version': run });
    expect(image.labels[contentLabel]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is another one for another server, another base or another platform, by its name', async () => {
    const bundlePath = join(directory, 'other.cjs');
    writeFileSync(bundlePath, 'process.exit(0)');
    const all = await Promise.all([build(), build({ bundlePath }), build({ platform: `linux/${info.architecture}` })]);
    expect(new Set(all.map(({ tag }) => tag)).size).toBe(3);
  });

  it('is built anew with always when the base has moved, and the old one goes', async () => {
    const before = await build();
    await makeBase('2');
    // The base is of no registry, so that there is nothing to pull; it is what the daemon has that counts.
    const local: ImageStore = { ...images, pull: async () => {} };
    const after = await ensureBuilt(local, options({ policy: 'always' }));
    expect(after.tag).toBe(before.tag);
    expect(after.image.id).not.toBe(before.image.id);
    expect(after.cached).toBe(false);
    expect(await images.find(before.image.id)).toBeUndefined();
    expect(await leftOvers()).toEqual([]);
    expect(await ensureBuilt(local, options({ policy: 'always' }))).toMatchObject({
      cached: true,
      image: { id: after.image.id },
    });
  });

  it("fails in the daemon's words, and leaves nothing", async () => {
    const dockerfile = join(directory, 'Dockerfile');
    writeFileSync(
      dockerfile,
      readFileSync(dockerfilePath, 'utf8').replace('COPY kserve-server.cjs', 'COPY absent.cjs'),
    );
    const error = await build({ dockerfilePath: dockerfile }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'IMAGE_BUILD_FAILED', exitCode: 6, message: expect.stringMatching(/absent/) });
    expect(await leftOvers()).toEqual([]);
  });

  it('asks for a base that is not there, and with never says that it is not', async () => {
    const absent = `127.0.0.1:1/${run}:1`;
    await expect(build({ base: absent, policy: 'never' })).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    const error = await build({ base: absent, retries: { attempts: 1 } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'IMAGE_PULL_FAILED', message: expect.stringMatching(/127\.0\.0\.1:1/) });
  });

  it('is given up when the command is, and leaves nothing', async () => {
    const aborting = new AbortController();
    const bundlePath = join(directory, 'aborted.cjs');
    writeFileSync(bundlePath, randomBytes(1000));
    const onDetail = (step: string) => {
      if (step.includes('COPY')) aborting.abort(new Error('enough'));
    };
    await expect(build({ bundlePath, onDetail, signal: aborting.signal })).rejects.toThrow('enough');
    await expect.poll(leftOvers, { timeout: 10_000 }).toEqual([]);
  });
});
