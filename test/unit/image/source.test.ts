import { describe, expect, it } from 'vitest';
import type { EngineInfo } from '../../../src/engine/engine.js';
import { decideImageSource, type ImageWish } from '../../../src/image/source.js';

const docker: EngineInfo = { kind: 'docker', title: 'Docker 27', endpoint: 'x', os: 'linux', architecture: 'amd64' };
const host = { platform: 'linux', arch: 'x64' } as const;
const wish = (changes: Partial<ImageWish>): ImageWish => ({
  source: 'auto',
  pullPolicy: 'missing',
  base: 'node:22-slim',
  ...changes,
});

describe('The source of the image', () => {
  it('is none for local processes, whatever is wished', () => {
    const process = { ...docker, kind: 'process' as const };
    expect(decideImageSource(process, wish({ source: 'pull', reference: 'a' }), host).kind).toBe('none');
  });

  it.each(['auto', 'host'] as const)("is this machine's Node where the daemon runs the same: %s", (source) => {
    expect(decideImageSource(docker, wish({ source }), host).kind).toBe('host-runtime');
    expect(decideImageSource({ ...docker, architecture: 'x86_64' }, wish({ source }), host).kind).toBe('host-runtime');
  });

  it.each([
    { why: 'another architecture', engine: { ...docker, architecture: 'arm64' }, machine: host, changes: {} },
    { why: 'macOS', engine: docker, machine: { platform: 'darwin', arch: 'x64' } as const, changes: {} },
    { why: 'Windows', engine: docker, machine: { platform: 'win32', arch: 'x64' } as const, changes: {} },
    { why: 'a platform that was asked for', engine: docker, machine: host, changes: { platform: 'linux/arm64' } },
  ])('is a build on the base where a container could not run this Node: $why', ({ engine, machine, changes }) => {
    const decision = decideImageSource(engine, wish(changes), machine);
    expect(decision.kind).toBe('build');
    expect(decision.reason).toMatch(/^built on node:22-slim for linux\/\w+, since /);
    const insisting = () => decideImageSource(engine, wish({ ...changes, source: 'host' }), machine);
    expect(insisting).toThrow(
      expect.objectContaining({ code: 'IMAGE_SOURCE_UNAVAILABLE', hint: expect.stringContaining('--engine process') }),
    );
  });

  it('is a build where one is asked for', () => {
    expect(decideImageSource(docker, wish({ source: 'build', base: 'x/node' }), host)).toEqual({
      kind: 'build',
      reason: 'built on x/node for linux/amd64',
    });
  });

  it('is a pull where one is asked for, and where a reference is all that is said', () => {
    for (const source of ['auto', 'pull'] as const) {
      const decision = decideImageSource(docker, wish({ source, reference: 'r.example/s:1' }), host);
      expect(decision).toEqual({ kind: 'pull', reason: 'r.example/s:1, pulled where the engine lacks it' });
    }
  });

  it('is refused where containers are not of Linux', () => {
    expect(() => decideImageSource({ ...docker, os: 'windows' }, wish({}), host)).toThrow(
      expect.objectContaining({ code: 'IMAGE_SOURCE_UNAVAILABLE' }),
    );
  });
});
