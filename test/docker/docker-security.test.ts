import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dockerEngine } from '../../src/engine/docker/docker-engine.js';
import type { Engine, Instance, InstanceSpec } from '../../src/engine/engine.js';
import { configured, untilLive } from '../contract/probes.js';
import { workspace } from '../unit/config/workspace.js';
import { docker, dockerLeftOvers, socketPath, testImage } from './docker-harness.js';

describe('A container as Docker keeps it', () => {
  const engine: Engine = dockerEngine({ socketPath });
  let imageId: string;
  let name: string;

  beforeAll(async () => {
    imageId = await testImage(engine);
  });

  afterEach(async () => {
    const instance = await engine.inspect(name);
    if (instance) await engine.remove(instance);
    expect(await dockerLeftOvers(name)).toEqual([]);
  });

  async function create(changes: Partial<InstanceSpec> = {}): Promise<Instance> {
    name = `security-${randomBytes(4).toString('hex')}`;
    return await engine.create({
      name,
      imageId,
      env: configured([]),
      labels: {},
      ports: { grpc: 'auto', http: 'auto' },
      resources: { memoryMiB: 256, cpus: 0.5 },
      ...changes,
    });
  }

  it('has every security default, and still serves', async () => {
    const started = await engine.start(await create());
    await untilLive(started);
    const { Config, HostConfig, NetworkSettings } = await docker.getContainer(started.id).inspect();
    expect(Config.User).toBe('65532:65532');
    expect(Config.Env).toContain('NODE_OPTIONS=--max-old-space-size=160');
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      PidsLimit: 128,
      Memory: 256 * 1024 * 1024,
      MemorySwap: 256 * 1024 * 1024,
      NanoCpus: 500_000_000,
      Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=16m,mode=1777,uid=65532,gid=65532' },
      Init: true,
      IpcMode: 'private',
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '5m', 'max-file': '2' } },
      NetworkMode: `kserve-env-${name}`,
      Binds: null,
    });
    expect(HostConfig.Mounts ?? []).toEqual([]);
    expect(HostConfig.Ulimits).toEqual(
      expect.arrayContaining([
        { Name: 'nofile', Soft: 4096, Hard: 4096 },
        { Name: 'core', Soft: 0, Hard: 0 },
      ]),
    );
    expect(HostConfig.CapAdd).toBeNull();
    const published = Object.values(NetworkSettings.Ports).flatMap((bindings) => bindings ?? []);
    expect(published.map(({ HostIp }) => HostIp)).toEqual(['127.0.0.1', '127.0.0.1']);
    expect(Object.keys(NetworkSettings.Networks)).toEqual([`kserve-env-${name}`]);
  });

  it('has the files that were asked for, to be read only, and nothing else of this machine', async () => {
    using space = workspace();
    const file = space.write('model.onnx', 'x');
    space.write('program/index.mjs', 'export {}');
    const files = [
      { source: file, target: '/models/0/model.onnx' },
      { source: `${space.directory}/program`, target: '/models/1/program' },
    ];
    const started = await engine.start(await create({ files }));
    await untilLive(started);
    const { Mounts, HostConfig } = await docker.getContainer(started.id).inspect();
    const seen = Mounts.map(({ Source, Destination, RW, Type }) => ({ Source, Destination, RW, Type }));
    expect(seen.sort((one, other) => one.Destination.localeCompare(other.Destination))).toEqual(
      files.map(({ source, target }) => ({ Source: source, Destination: target, RW: false, Type: 'bind' })),
    );
    expect(HostConfig.Binds).toBeNull();
  });

  it('cannot be made with a file that is missing, and none is made in its place', async () => {
    using space = workspace();
    const source = `${space.directory}/absent.onnx`;
    const files = [{ source, target: '/models/0/absent.onnx' }];
    await expect(create({ files })).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringContaining(source),
      hint: expect.stringContaining('--engine process'),
    });
    expect(existsSync(source)).toBe(false);
  });

  it('has the name that people look for', async () => {
    const created = await create();
    const { Name } = await docker.getContainer(created.id).inspect();
    expect(Name).toBe(`/kserve-env-${name}`);
  });

  it('is told apart from a left-over network, which can be removed and does not stop a new one', async () => {
    const created = await create();
    await docker.getContainer(created.id).remove({ force: true });
    const left = await engine.inspect(name);
    expect(left).toMatchObject({ name, state: 'incomplete' });
    expect((await engine.list()).map(({ name: listed }) => listed)).toContain(name);
    const spec = { name, imageId, env: configured([]), labels: {}, resources: { memoryMiB: 256, cpus: 1 } };
    const again = await engine.create({ ...spec, ports: { grpc: 'auto', http: 'auto' } });
    await untilLive(await engine.start(again));
    // The left-over was replaced: removing it now is removing nothing.
    await engine.remove(left as Instance);
    expect((await engine.inspect(name))?.state).toBe('running');
    await docker.getContainer(again.id).remove({ force: true });
    await engine.remove((await engine.inspect(name)) as Instance);
    expect(await engine.inspect(name)).toBeUndefined();
  });

  it('leaves nothing when its creation fails half-way', async () => {
    await expect(create({ imageId: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    expect(await dockerLeftOvers(name)).toEqual([]);
  });

  it('takes out of its network what somebody attached, and goes', async () => {
    const created = await create();
    const guest = await docker.createContainer({ Image: imageId, Env: [], HostConfig: { NetworkMode: 'none' } });
    try {
      await docker.getNetwork('none').disconnect({ Container: guest.id, Force: true });
      await docker.getNetwork(`kserve-env-${name}`).connect({ Container: guest.id });
      await engine.remove(created);
      expect(await dockerLeftOvers(name)).toEqual([]);
    } finally {
      await guest.remove({ force: true });
    }
  });

  it('is seen paused, and its removal waits for one already under way', async () => {
    const started = await engine.start(await create());
    await docker.getContainer(started.id).pause();
    expect((await engine.inspect(name))?.state).toBe('paused');
    await docker.getContainer(started.id).unpause();
    await Promise.all(Array.from({ length: 6 }, () => engine.remove(started)));
    expect(await dockerLeftOvers(name)).toEqual([]);
  });
});
