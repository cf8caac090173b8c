import { describe, expect, it } from 'vitest';
import { judgeApi, judgeClock, judgeEngine, judgeLimits, judgeSecurity } from '../../../src/commands/doctor/engine.js';
import {
  judgeConfig,
  judgeImageSource,
  judgeModelFiles,
  judgePort,
  judgeRuntime,
} from '../../../src/commands/doctor/environment.js';
import type { Finding } from '../../../src/commands/doctor/finding.js';
import { judgeLeftOvers } from '../../../src/commands/doctor/left-overs.js';
import { judgeLoopback, judgeNode, judgeProxies } from '../../../src/commands/doctor/machine.js';
import { judgeRegistry, type RegistryFacts } from '../../../src/commands/doctor/registry.js';
import { judgeCpus, judgeDirectories, judgeImageDisk, judgeMemory } from '../../../src/commands/doctor/room.js';
import { loadConfig } from '../../../src/config/load.js';
import type { Tried } from '../../../src/engine/detect.js';
import { type EngineInfo, PortTakenError } from '../../../src/engine/engine.js';
import { ImageError } from '../../../src/engine/image-store.js';

const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;
const limits = { memory: true, cpu: true, pids: true };
const docker: EngineInfo = {
  kind: 'docker',
  title: 'Docker 20.10.24',
  endpoint: 'unix:///var/run/docker.sock',
  os: 'linux',
  architecture: 'amd64',
};
const tried = (outcome: string): Tried => ({
  kind: 'docker',
  endpoint: 'unix:///var/run/docker.sock',
  outcome,
  reachable: outcome === 'answers',
});
const wish = { source: 'auto', pullPolicy: 'missing', base: 'node:22-slim' } as const;
const machine = { platform: 'linux', arch: 'x64' } as const;
const state = { what: 'state', variable: 'KSERVE_ENV_STATE_DIR', neededBytes: 1, comfortableBytes: 100 } as const;
const cache = { ...state, what: 'cache', variable: 'KSERVE_ENV_CACHE_DIR' } as const;

/** A finding that is not good says what to do, and a failed one what `up` would exit with. */
function expectFinding(finding: Finding, expected: Partial<Finding>) {
  expect(finding).toMatchObject(expected);
  expect(finding.found).not.toBe('');
  expect(finding.remedy !== undefined).toBe(finding.status === 'warned' || finding.status === 'failed');
  expect(finding.exitCode !== undefined).toBe(finding.status === 'failed');
}

describe('Node', () => {
  it.each([
    { version: '20.19.0', status: 'passed' },
    { version: '24.1.0', status: 'passed' },
    { version: '100.0.0', status: 'passed' },
    { version: '20.18.3', status: 'failed' },
    { version: '18.20.4', status: 'failed' },
  ] as const)('$version is $status', ({ version, status }) => {
    expectFinding(judgeNode(version, '20.19.0'), { status, ...(status === 'failed' && { exitCode: 2 }) });
  });
});

describe('proxies', () => {
  it.each([
    { env: {}, status: 'passed' },
    { env: { HTTP_PROXY: '' }, status: 'passed' },
    { env: { HTTP_PROXY: 'http://p:1' }, status: 'warned' },
    { env: { https_proxy: 'http://p:1', NO_PROXY: 'example.test' }, status: 'warned' },
    { env: { grpc_proxy: 'http://p:1', no_proxy: 'localhost' }, status: 'warned' },
    { env: { ALL_PROXY: 'socks5://p:1', no_proxy: '::1,127.0.0.10' }, status: 'warned' },
    { env: { http_proxy: 'http://p:1', no_proxy: 'example.test, 127.0.0.1' }, status: 'passed' },
    { env: { http_proxy: 'http://p:1', NO_PROXY: '*' }, status: 'passed' },
    { env: { http_proxy: 'http://p:1', no_grpc_proxy: '127.0.0.0/8' }, status: 'passed' },
  ] as const)('$env is $status', ({ env, status }) => {
    expectFinding(judgeProxies(env), { status });
  });

  it('never shows the value, which may hold a password', () => {
    const finding = judgeProxies({ HTTP_PROXY: 'http://user:secret@p:1', NO_PROXY: 'x' });
    expect(JSON.stringify(finding)).not.toContain('secret');
  });
});

describe('loopback', () => {
  it('passes when 127.0.0.1 answers', () => {
    expectFinding(judgeLoopback(undefined), { status: 'passed' });
  });

  it('fails with what went wrong', () => {
    expectFinding(judgeLoopback('EADDRNOTAVAIL'), {
      status: 'failed',
      found: expect.stringContaining('EADDRNOTAVAIL'),
    });
  });
});

describe('config', () => {
  it('tells the name, the number of models, and what came from outside', async () => {
    const loaded = await loadConfig({ cwd: '/nowhere', env: { KSERVE_ENV_NAME: 'mine' }, flags: {} });
    const found = 'no kserve-env.yaml here, so the defaults: mine with 7 models; set by flag or variable: name';
    expectFinding(judgeConfig(loaded), { status: 'passed', found });
  });
});

describe('model files', () => {
  it.each([
    { files: [], status: 'skipped' },
    { files: ['/a'], status: 'passed' },
    { files: ['/a', '/b'], status: 'passed' },
  ] as const)('$files are $status', ({ files, status }) => {
    expectFinding(judgeModelFiles([...files]), { status });
  });
});

describe('engine', () => {
  it('passes with the daemon that answers', () => {
    const finding = judgeEngine({ preference: 'auto', daemon: docker, tried: [tried('answers')] });
    expectFinding(finding, { status: 'passed', found: expect.stringContaining('unix:///var/run/docker.sock') });
  });

  it('passes without any, since local processes do', () => {
    const finding = judgeEngine({ preference: 'auto', tried: [tried('does not exist')] });
    expectFinding(finding, { status: 'passed', found: expect.stringContaining('which is fine') });
  });

  it('passes with local processes that were asked for', () => {
    expectFinding(judgeEngine({ preference: 'process', tried: [] }), { status: 'passed' });
  });

  it('warns of one that is there and does not answer', () => {
    const finding = judgeEngine({ preference: 'auto', tried: [tried('permission denied')], hint: 'log in again' });
    expectFinding(finding, { status: 'warned', remedy: 'log in again' });
  });

  it('warns of a variable that names one that is not there', () => {
    const finding = judgeEngine({ preference: 'auto', tried: [tried('does not exist')], namedBy: 'DOCKER_HOST' });
    expectFinding(finding, { status: 'warned', remedy: expect.stringContaining('unset DOCKER_HOST') });
  });
});

describe('engine API', () => {
  it.each([
    { apiVersion: '1.54', status: 'passed' },
    { apiVersion: '1.41', status: 'passed' },
    { apiVersion: '2.0', status: 'passed' },
    { apiVersion: '1.40', status: 'warned' },
    { apiVersion: '1.30', status: 'warned' },
    { apiVersion: '1.9', status: 'failed' },
  ] as const)('$apiVersion is $status', ({ apiVersion, status }) => {
    expectFinding(judgeApi({ apiVersion }), { status, ...(status === 'failed' && { exitCode: 5 }) });
  });
});

describe('clock', () => {
  it.each([
    { skewMs: undefined, status: 'skipped' },
    { skewMs: Number.NaN, status: 'skipped' },
    { skewMs: 0, status: 'passed' },
    { skewMs: -5_000, status: 'passed' },
    { skewMs: 5_001, status: 'warned', found: "the daemon's is 5 s ahead of ours: times in logs will be wrong" },
    { skewMs: -60_000, status: 'warned', found: "the daemon's is 60 s behind ours: times in logs will be wrong" },
  ] as const)('off by $skewMs ms is $status', ({ skewMs, ...expected }) => {
    expectFinding(judgeClock(skewMs), expected);
  });
});

describe('limits', () => {
  it('pass where the kernel keeps all of them', () => {
    expectFinding(judgeLimits({ limits }), { status: 'passed' });
  });

  it.each([
    { missing: 'memory', says: 'memory' },
    { missing: 'cpu', says: 'CPU time' },
    { missing: 'pids', says: 'number of processes' },
  ] as const)('warn where $missing is not bounded', ({ missing, says }) => {
    const finding = judgeLimits({ limits: { ...limits, [missing]: false } });
    expectFinding(finding, { status: 'warned', found: `not bounded here: ${says}` });
  });
});

describe('security', () => {
  it.each([
    { securityOptions: ['name=seccomp,profile=default'], status: 'passed', found: 'seccomp' },
    {
      securityOptions: ['name=seccomp,profile=builtin', 'name=rootless'],
      status: 'passed',
      found: 'seccomp, rootless',
    },
    { securityOptions: ['seccomp'], status: 'passed', found: 'seccomp' },
    { securityOptions: ['name=seccomp,profile=unconfined'], status: 'warned' },
    { securityOptions: ['name=apparmor'], status: 'warned' },
    { securityOptions: [], status: 'warned' },
  ] as const)('$securityOptions is $status', ({ securityOptions, ...expected }) => {
    expectFinding(judgeSecurity({ securityOptions: [...securityOptions] }), expected);
  });
});

describe('image', () => {
  it('passes where this machine has what the daemon runs', () => {
    const finding = judgeImageSource({
      engine: docker,
      wish: { ...wish, source: 'host' },
      machine,
      preference: 'auto',
    });
    expectFinding(finding, { status: 'passed', details: { source: 'host-runtime' } });
  });

  it('fails with the code of images where it was asked for and cannot be made', () => {
    const engine = { ...docker, architecture: 'arm64' };
    const finding = judgeImageSource({ engine, wish: { ...wish, source: 'host' }, machine, preference: 'auto' });
    expectFinding(finding, { status: 'failed', exitCode: 6, details: { code: 'IMAGE_SOURCE_UNAVAILABLE' } });
  });

  it('passes without one for local processes', () => {
    const engine: EngineInfo = { ...docker, kind: 'process' };
    const finding = judgeImageSource({ engine, wish, machine, preference: 'auto' });
    expectFinding(finding, { status: 'passed', details: { source: 'none' } });
  });

  it.each([
    { unreadable: [], status: 'passed', found: '2 files, 90 MiB' },
    { unreadable: ['/usr/bin/node'], status: 'failed', found: '/usr/bin/node cannot be read', exitCode: 6 },
    { unreadable: ['/a', '/b'], status: 'failed', found: '/a cannot be read, nor 1 others', exitCode: 6 },
  ] as const)('is $status when $unreadable of its files cannot be read', ({ unreadable, ...expected }) => {
    const file = { source: '/usr/bin/node', target: '/usr/bin/node', mode: 0o755, size: 45 * mebibyte, stamp: '' };
    expectFinding(judgeRuntime({ files: [file, file] }, [...unreadable]), expected);
  });
});

describe('room for images', () => {
  it.each([
    { free: 20 * gibibyte, status: 'passed' },
    { free: 500 * mebibyte, status: 'warned' },
    { free: 100 * mebibyte, status: 'failed' },
    { free: undefined, status: 'skipped' },
  ] as const)('with $free bytes free is $status', ({ free, status }) => {
    const finding = judgeImageDisk({ kind: 'docker', directory: '/var/lib/docker', freeBytes: free });
    expectFinding(finding, { status, ...(status === 'failed' && { exitCode: 6 }) });
  });

  it('names the command of the engine', () => {
    const finding = judgeImageDisk({ kind: 'podman', directory: '/var/lib/containers', freeBytes: 1 });
    expect(finding.remedy).toContain('podman image prune');
  });
});

describe('memory', () => {
  it.each([
    { facts: { totalBytes: 8 * gibibyte, wantedMiB: 256 }, status: 'passed' },
    { facts: { totalBytes: 8 * gibibyte, availableBytes: gibibyte, wantedMiB: 256 }, status: 'passed' },
    { facts: { totalBytes: 8 * gibibyte, availableBytes: 100 * mebibyte, wantedMiB: 256 }, status: 'warned' },
    { facts: { totalBytes: gibibyte, wantedMiB: 2048 }, status: 'warned' },
  ] as const)('$facts is $status', ({ facts, status }) => {
    expectFinding(judgeMemory(facts), { status });
  });
});

describe('CPUs', () => {
  it.each([
    { facts: { kind: 'docker', there: 2, wanted: 2 }, status: 'passed' },
    { facts: { kind: 'docker', there: 2, wanted: 2.5 }, status: 'failed' },
    { facts: { kind: 'podman', there: 2, wanted: 4 }, status: 'warned' },
    { facts: { kind: 'process', there: 2, wanted: 4 }, status: 'warned' },
  ] as const)('$facts is $status', ({ facts, status }) => {
    expectFinding(judgeCpus(facts), { status, ...(status === 'failed' && { exitCode: 5 }) });
  });
});

describe('directories', () => {
  const good = { path: '/good', exists: true, freeBytes: 1000 };
  const bad = { path: '/bad', exists: true, problem: '/bad cannot be written to: EROFS' };

  it.each([
    { candidates: [good], needs: state, status: 'passed', found: '/good, 0 MiB free' },
    {
      candidates: [{ path: '/new', exists: false }],
      needs: state,
      status: 'passed',
      found: '/new, made when it is needed',
    },
    { candidates: [{ ...good, freeBytes: 50 }], needs: state, status: 'warned' },
    { candidates: [{ ...good, freeBytes: 0 }], needs: state, status: 'failed' },
    { candidates: [bad, good], needs: state, status: 'warned' },
    { candidates: [bad], needs: state, status: 'failed' },
    { candidates: [bad], needs: cache, status: 'warned' },
    { candidates: [], needs: cache, status: 'warned' },
    { candidates: [{ ...good, freeBytes: 0 }], needs: cache, status: 'warned' },
  ] as const)('$needs.what in $candidates is $status', ({ candidates, needs, ...expected }) => {
    const exit = expected.status === 'failed' ? { exitCode: 5 as const } : {};
    expectFinding(judgeDirectories([...candidates], needs), { ...expected, ...exit });
  });
});

describe('a port', () => {
  it.each([
    { facts: { port: 'auto' }, status: 'passed' },
    { facts: { port: 9081 }, status: 'passed', found: '9081 is free on 127.0.0.1' },
    { facts: { port: 9081, ownName: 'mine' }, status: 'passed', found: "9081 is mine's own, which is running" },
  ] as const)('$facts is $status', ({ facts, ...expected }) => {
    expectFinding(judgePort(facts), expected);
  });

  it('that is taken fails with its holder and the command that frees it', () => {
    const problem = new PortTakenError(9081, { description: 'process 7 (node)', freeWith: 'kill 7' });
    expectFinding(judgePort({ port: 9081, problem }), {
      status: 'failed',
      exitCode: 7,
      found: 'Port 9081 on 127.0.0.1 is taken by process 7 (node)',
      remedy: expect.stringContaining('kill 7'),
      details: { code: 'PORT_IN_USE' },
    });
  });

  it('whose look ends in a bug is no finding', () => {
    const problem = new TypeError('no');
    expect(() => judgePort({ port: 9081, problem })).toThrow(problem);
  });
});

describe('left-overs', () => {
  it('pass where there are none', () => {
    expectFinding(judgeLeftOvers({ toBeSwept: [], ended: [] }), { status: 'passed', found: 'none' });
  });

  it('are warned of, with why, and what removes each', () => {
    const finding = judgeLeftOvers({
      toBeSwept: [{ name: 'a', engine: 'docker', reason: 'its time was over' }],
      ended: [{ name: 'b', engine: 'process' }],
    });
    expectFinding(finding, {
      status: 'warned',
      found: 'a (docker): its time was over\nb (process): its server has ended',
      remedy: 'kserve-env down --name a && kserve-env down --name b',
    });
  });
});

describe('registry', () => {
  const facts: RegistryFacts = {
    name: 'registry.test/server:1',
    policy: 'missing',
    isThere: false,
    hasLogin: false,
    warnings: [],
  };
  const refused = new ImageError('IMAGE_UNAUTHORIZED', 'no', { hint: 'docker login registry.test' });
  const gone = new ImageError('IMAGE_PULL_FAILED', 'gone', { hint: 'see', retryable: true });

  it.each([
    { more: { isThere: true }, status: 'passed' },
    { more: { digest: 'sha256:1' }, status: 'passed' },
    { more: { policy: 'always', isThere: true, digest: 'sha256:1' }, status: 'passed' },
    { more: { policy: 'never', isThere: true }, status: 'passed' },
    { more: { policy: 'never' }, status: 'failed' },
    { more: { problem: refused }, status: 'failed' },
    { more: { problem: gone }, status: 'failed' },
    { more: { problem: gone, policy: 'always', isThere: true }, status: 'warned' },
    { more: { problem: refused, policy: 'always', isThere: true }, status: 'failed' },
    { more: { digest: 'sha256:1', warnings: ['the helper is broken'] }, status: 'warned' },
    // An engine that cannot ask.
    { more: {}, status: 'skipped' },
  ] as const)('with $more is $status', ({ more, status }) => {
    const finding = judgeRegistry({ ...facts, ...more, warnings: [...('warnings' in more ? more.warnings : [])] });
    expectFinding(finding, { status, ...(status === 'failed' && { exitCode: 6 }) });
  });
});
