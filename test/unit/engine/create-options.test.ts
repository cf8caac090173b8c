import { describe, expect, it } from 'vitest';
import { createOptions } from '../../../src/engine/docker/create-options.js';
import type { InstanceSpec } from '../../../src/engine/engine.js';
import { oldSpaceMiB } from '../../../src/engine/memory.js';

const spec: InstanceSpec = {
  name: 'mine',
  imageId: `sha256:${'1'.repeat(64)}`,
  env: { NODE_OPTIONS: '--trace-warnings', A: 'b=c' },
  labels: { 'dev.kserve-env.name': 'forged', x: 'y' },
  ports: { grpc: 9081, http: 'auto' },
  resources: { memoryMiB: 512, cpus: 1.5 },
};

describe('What a container is created with', () => {
  it('publishes on 127.0.0.1 only, a fixed port as it is, the other for Docker to choose', () => {
    expect(createOptions(spec).HostConfig?.PortBindings).toEqual({
      '8081/tcp': [{ HostIp: '127.0.0.1', HostPort: '9081' }],
      '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }],
    });
  });

  it('names the environment whatever the labels say', () => {
    expect(createOptions(spec).Labels).toEqual({ 'dev.kserve-env.name': 'mine', x: 'y' });
  });

  it('bounds the heap, and keeps the options of Node that were asked for', () => {
    expect(createOptions(spec).Env).toEqual(['NODE_OPTIONS=--max-old-space-size=384 --trace-warnings', 'A=b=c']);
  });

  it('binds nothing of the host', () => {
    const { HostConfig } = createOptions(spec);
    expect(HostConfig).not.toHaveProperty('Binds');
    expect(HostConfig).not.toHaveProperty('Mounts');
    expect(HostConfig).not.toHaveProperty('CapAdd');
  });

  it('mounts the files that were asked for, to be read only, without what is mounted below them', () => {
    const files = [{ source: '/home/me/model.onnx', target: '/models/0/model.onnx' }];
    const { HostConfig } = createOptions({ ...spec, files });
    expect(HostConfig).not.toHaveProperty('Binds');
    expect(HostConfig?.Mounts).toEqual([
      {
        Type: 'bind',
        Source: '/home/me/model.onnx',
        Target: '/models/0/model.onnx',
        ReadOnly: true,
        BindOptions: { Propagation: 'rprivate', NonRecursive: true },
      },
    ]);
  });

  it.each([
    [64, 32],
    [128, 32],
    [256, 160],
    [512, 384],
    [4096, 3072],
  ])('leaves Node of %d MiB a heap of %d', (memory, heap) => {
    expect(oldSpaceMiB(memory)).toBe(heap);
  });
});
