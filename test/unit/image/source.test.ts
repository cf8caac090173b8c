import { describe, expect, it } from 'vitest';
import type { EngineInfo } from '../../../src/engine/engine.js';
import { decideImageSource } from '../../../src/image/source.js';

const docker: EngineInfo = { kind: 'docker', title: 'Docker 27', endpoint: 'x', os: 'linux', architecture: 'amd64' };
const host = { platform: 'linux', arch: 'x64' } as const;

describe('The source of the image', () => {
  it('is none for local processes, whatever is wished', () => {
    expect(decideImageSource({ ...docker, kind: 'process' }, { source: 'pull' }, host).kind).toBe('none');
  });

  it.each(['auto', 'host'] as const)("is this machine's Node where the daemon runs the same: %s", (source) => {
    expect(decideImageSource(docker, { source }, host).kind).toBe('host-runtime');
    expect(decideImageSource({ ...docker, architecture: 'x86_64' }, { source }, host).kind).toBe('host-runtime');
  });

  it.each([
    [{ ...docker, architecture: 'arm64' }, host],
    [{ ...docker, os: 'windows' }, host],
    [docker, { platform: 'darwin', arch: 'x64' } as const],
  ])('is refused, with a way out, where a container could not run this Node', (engine, machine) => {
    const decide = () => decideImageSource(engine, { source: 'auto' }, machine);
    expect(decide).toThrow(
      expect.objectContaining({ code: 'IMAGE_SOURCE_UNAVAILABLE', hint: expect.stringContaining('--engine process') }),
    );
  });

  it.each(['build', 'pull'] as const)('is refused while it is not available: %s', (source) => {
    expect(() => decideImageSource(docker, { source }, host)).toThrow(
      expect.objectContaining({ code: 'IMAGE_SOURCE_UNAVAILABLE' }),
    );
  });
});
