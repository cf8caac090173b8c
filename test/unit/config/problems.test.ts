import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import type { LoadOptions } from '../../../src/config/overrides.js';
import { ConfigError } from '../../../src/config/problems.js';
import { workspace } from './workspace.js';

async function problemsOf(config: string, outside: Partial<Omit<LoadOptions, 'cwd'>> = {}) {
  using space = workspace(config);
  const error = await loadConfig({ cwd: space.directory, env: {}, flags: {}, ...outside }).catch((e: unknown) => e);
  if (!(error instanceof ConfigError)) throw error;
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', exitCode: 2, details: { problems: error.problems } });
  return error.problems;
}

describe('a problem is located', () => {
  const source = 'kserve-env.yaml';
  it.each([
    {
      what: 'a wrong value',
      config: 'version: 1\nresources:\n  cpus: fast',
      problem: { line: 3, path: 'resources.cpus', expected: 'a number', got: '"fast"' },
    },
    {
      what: 'an unknown key',
      config: 'version: 1\nport: 80',
      problem: { line: 2, path: 'port', expected: 'a known key', got: '"port"' },
    },
    {
      what: 'an unknown key in a list',
      config: 'models:\n  - name: a\n    kind: sum\n    faktor: 2',
      problem: { line: 4, path: 'models.0.faktor', expected: 'a known key', got: '"faktor"' },
    },
    {
      what: 'a value of another set',
      config: 'server:\n  logLevel: loud',
      problem: { line: 2, path: 'server.logLevel', expected: 'one of error, warn, info, debug', got: '"loud"' },
    },
    {
      what: 'a value that is missing, at its parent',
      config: 'models:\n\n  - kind: sum',
      problem: { line: 3, path: 'models.0.name', expected: 'a string', got: 'nothing' },
    },
    {
      what: 'an empty section',
      config: 'version: 1\nports:\n',
      problem: { line: 2, path: 'ports', expected: 'an object', got: 'null' },
    },
    {
      what: 'a number that is none',
      config: 'models: [{name: a, kind: scale, factor: .nan}]',
      problem: { line: 1, path: 'models.0.factor', expected: 'a number', got: 'NaN' },
    },
    {
      what: 'infinity',
      config: 'models: [{name: a, kind: scale, factor: -.inf}]',
      problem: { line: 1, path: 'models.0.factor', expected: 'a number', got: '-Infinity' },
    },
    {
      what: 'too small a bound',
      config: 'resources: {memoryMiB: 1}',
      problem: { line: 1, path: 'resources.memoryMiB', expected: 'a value of at least 64', got: '1' },
    },
    {
      what: 'no models at all',
      config: 'models: []',
      problem: { line: 1, path: 'models', expected: 'at least 1 items', got: '[]' },
    },
    {
      what: 'a version of tomorrow',
      config: 'version: 2',
      problem: { line: 1, path: 'version', expected: '1', got: '2' },
    },
    {
      what: 'a mistake in YAML',
      config: 'version: 1\nname: "open',
      problem: { line: 2, path: '', expected: 'valid YAML', got: expect.stringContaining('quote') },
    },
  ])('$what by file and line', async ({ config, problem }) => {
    expect(await problemsOf(config)).toEqual([{ source, ...problem }]);
  });

  it('by the variable that it came from', async () => {
    expect(await problemsOf('engine: docker', { env: { KSERVE_ENV_ENGINE: 'k8s' } })).toEqual([
      { source: 'KSERVE_ENV_ENGINE', path: '', expected: 'one of auto, docker, podman, process', got: '"k8s"' },
    ]);
  });

  it('by the flag that it came from, before the variable', async () => {
    const problems = await problemsOf('', { env: { KSERVE_ENV_TIMEOUT: '5s' }, flags: { timeout: '5' } });
    expect(problems).toEqual([
      { source: '--timeout', path: '', expected: expect.stringContaining('a duration'), got: '"5"' },
    ]);
  });

  it('a long value is cut in the message', async () => {
    const [problem] = await problemsOf(`engine: ${'x'.repeat(500)}`);
    expect(problem?.got.length).toBeLessThanOrEqual(60);
  });
});

describe('rules between values', () => {
  it.each([
    { what: 'two models of one name', models: '[{name: a, kind: sum}, {name: a, kind: sum}]', path: 'models.1.name' },
    {
      what: 'an alias that is another model’s name',
      models: '[{name: a, kind: sum}, {name: b, kind: sum, aliases: [a]}]',
      path: 'models.1.aliases.0',
    },
    { what: 'an alias twice', models: '[{name: a, kind: sum, aliases: [b, b]}]', path: 'models.0.aliases.1' },
  ])('refuse $what', async ({ models, path }) => {
    expect(await problemsOf(`models: ${models}`)).toMatchObject([
      { path, expected: 'a name that no other model has, or other versions' },
    ]);
  });

  it('allow one name twice in other versions, so that versions can differ', async () => {
    const models = (versions: string) =>
      `models: [{name: a, kind: sum, versions: [1]}, {name: a, kind: product, versions: ${versions}}]`;
    using space = workspace(models('[2, 3]'));
    const { config } = await loadConfig({ cwd: space.directory, env: {}, flags: {} });
    expect(config.models.map(({ versions }) => versions)).toEqual([['1'], ['2', '3']]);
    expect(await problemsOf(models('[3, 1]'))).toMatchObject([{ path: 'models.1.name' }]);
  });

  it('refuse one port for both protocols', async () => {
    expect(await problemsOf('ports:\n  grpc: 1001\n  http: 1001')).toEqual([
      {
        source: 'kserve-env.yaml',
        line: 3,
        path: 'ports.http',
        expected: 'different ports for gRPC and REST',
        got: '1001 for both',
      },
    ]);
  });

  it('name the flag where one port comes from there', async () => {
    const problems = await problemsOf('', { flags: { 'grpc-port': '9080' } });
    expect(problems).toMatchObject([{ source: '--grpc-port', got: '9080 for both' }]);
  });

  it('allow auto for both ports', async () => {
    using space = workspace('ports: {grpc: auto, http: auto}');
    const { config } = await loadConfig({ cwd: space.directory, env: {}, flags: {} });
    expect(config.ports).toEqual({ grpc: 'auto', http: 'auto' });
  });
});

it('every problem of schema, rules, variables and flags is told at once', async () => {
  const config = [
    'engin: docker',
    'ports: {grpc: 5, http: 5}',
    'budget: soon',
    'models: [{name: a, kind: sum}, {name: a, kind: scale, factor: two}]',
  ].join('\n');
  const problems = await problemsOf(config, { env: { KSERVE_ENV_TIMEOUT: 'later' }, flags: { engine: 'k8s' } });
  const places = problems.map(({ source, line, path }) => `${source}:${line ?? ''}:${path}`);
  expect(places.sort()).toEqual([
    '--engine::',
    'KSERVE_ENV_TIMEOUT::',
    'kserve-env.yaml:1:engin',
    'kserve-env.yaml:2:ports.http',
    'kserve-env.yaml:3:budget',
    'kserve-env.yaml:4:models.1.factor',
    'kserve-env.yaml:4:models.1.name',
  ]);
});
