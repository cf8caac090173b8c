import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reachableEngines } from '../../src/engine/detect.js';
import type { InstanceSpec } from '../../src/engine/engine.js';
import type { EngineHarness } from '../contract/engine-contract.js';
import { configured, rejection } from '../contract/probes.js';
import { workspace } from '../unit/config/workspace.js';
import { podman, podmanHarness, podmanLeftOvers, podmanSocket } from './podman-harness.js';

describe('What Podman does otherwise than Docker', () => {
  let harness: EngineHarness;
  beforeAll(async () => {
    harness = await podmanHarness();
  });
  afterAll(() => harness.close());

  const specOf = (changes: Partial<InstanceSpec> = {}): InstanceSpec => ({
    name: `dialect-${randomBytes(4).toString('hex')}`,
    env: configured([]),
    labels: {},
    ports: { grpc: 'auto', http: 'auto' },
    resources: { memoryMiB: 256, cpus: 1 },
    ...(harness.imageId !== undefined && { imageId: harness.imageId }),
    ...changes,
  });

  it('makes no directory in place of a file that is missing', async () => {
    using space = workspace();
    const source = `${space.directory}/missing.mjs`;
    const spec = specOf({ files: [{ source, target: '/models/0/missing.mjs' }] });
    const error = await rejection(harness.engine.create(spec));
    expect(String(error)).toContain(source);
    expect(existsSync(source)).toBe(false);
    expect(await podmanLeftOvers(spec.name)).toEqual([]);
  });

  it('runs hardened all the same: no capabilities, read-only, no new privileges, limits, its own user', async () => {
    const { engine } = harness;
    const started = await engine.start(await engine.create(specOf()));
    try {
      const {
        HostConfig: host,
        Config: config,
        NetworkSettings: network,
      } = await podman.getContainer(started.id).inspect();
      expect(host).toMatchObject({ ReadonlyRootfs: true, Privileged: false, PidsLimit: 128, Memory: 256 * 2 ** 20 });
      expect(host.CapAdd ?? []).toEqual([]);
      expect(host.SecurityOpt).toContain('no-new-privileges');
      expect(config.User).toBe('65532:65532');
      const published = Object.values(network.Ports).flatMap((bindings) => bindings ?? []);
      expect(new Set(published.map(({ HostIp }) => HostIp))).toEqual(new Set(['127.0.0.1']));
    } finally {
      await engine.remove(started);
    }
  });

  it('is one engine even where both of its names lead to it', async () => {
    const url = `unix://${podmanSocket}`;
    const { engines, tried } = await reachableEngines({
      env: { DOCKER_HOST: url, CONTAINER_HOST: url },
      homeDir: undefined,
      tempDir: '/tmp',
      platform: 'linux',
      uid: process.getuid?.(),
    });
    expect(engines.map(({ kind }) => kind)).toEqual(['podman', 'process']);
    expect(tried.map(({ kind }) => kind)).toEqual(['podman', 'podman']);
    for (const engine of engines) await engine[Symbol.asyncDispose]();
  });
});
