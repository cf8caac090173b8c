import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findConfigFile } from '../../../src/config/config-file.js';
import { loadConfig } from '../../../src/config/load.js';
import type { ConfigFlags } from '../../../src/config/overrides.js';
import type { Config } from '../../../src/config/schema.js';
import { workspace } from './workspace.js';

interface Setting {
  flag: keyof ConfigFlags;
  variable: string;
  inFile: (value: string) => string;
  read: (loaded: { config: Config; name: string }) => unknown;
  /** As written, and as read. */
  values: { file: [string, unknown]; variable: [string, unknown]; flag: [string, unknown] };
  byDefault: unknown;
}

const settings: Setting[] = [
  {
    flag: 'name',
    variable: 'KSERVE_ENV_NAME',
    inFile: (value) => `name: ${value}`,
    read: ({ name }) => name,
    values: { file: ['from-file', 'from-file'], variable: ['from-env', 'from-env'], flag: ['from-flag', 'from-flag'] },
    byDefault: expect.stringMatching(/^kserve-env-config-.*-[0-9a-f]{6}$/),
  },
  {
    flag: 'engine',
    variable: 'KSERVE_ENV_ENGINE',
    inFile: (value) => `engine: ${value}`,
    read: ({ config }) => config.engine,
    values: { file: ['docker', 'docker'], variable: ['process', 'process'], flag: ['auto', 'auto'] },
    byDefault: 'auto',
  },
  {
    flag: 'grpc-port',
    variable: 'KSERVE_ENV_GRPC_PORT',
    inFile: (value) => `ports: {grpc: ${value}}`,
    read: ({ config }) => config.ports.grpc,
    values: { file: ['1001', 1001], variable: ['1002', 1002], flag: ['auto', 'auto'] },
    byDefault: 9081,
  },
  {
    flag: 'http-port',
    variable: 'KSERVE_ENV_HTTP_PORT',
    inFile: (value) => `ports: {http: ${value}}`,
    read: ({ config }) => config.ports.http,
    values: { file: ['1001', 1001], variable: ['auto', 'auto'], flag: ['1003', 1003] },
    byDefault: 9080,
  },
  {
    flag: 'timeout',
    variable: 'KSERVE_ENV_TIMEOUT',
    inFile: (value) => `timeout: ${value}`,
    read: ({ config }) => config.timeout,
    values: { file: ['1s', 1000], variable: ['2m', 120_000], flag: ['3ms', 3] },
    byDefault: 60_000,
  },
  {
    flag: 'budget',
    variable: 'KSERVE_ENV_BUDGET',
    inFile: (value) => `budget: ${value}`,
    read: ({ config }) => config.budget,
    values: { file: ['1s', 1000], variable: ['2m', 120_000], flag: ['3h', 10_800_000] },
    byDefault: 300_000,
  },
  {
    flag: 'ttl',
    variable: 'KSERVE_ENV_TTL',
    inFile: (value) => `ttl: ${value}`,
    read: ({ config }) => config.ttl,
    values: { file: ['1s', 1000], variable: ['2m', 120_000], flag: ['3h', 10_800_000] },
    byDefault: undefined,
  },
];

describe.each(settings)('$flag', ({ flag, variable, inFile, read, values, byDefault }) => {
  const load = async (given: { file?: boolean; variable?: boolean; flag?: boolean }) => {
    using space = workspace(given.file ? inFile(values.file[0]) : '');
    const env = given.variable ? { [variable]: values.variable[0] } : {};
    const flags = given.flag ? { [flag]: values.flag[0] } : {};
    return read(await loadConfig({ cwd: space.directory, env, flags }));
  };

  it('has its default where nothing is said', async () => {
    expect(await load({})).toEqual(byDefault);
  });
  it('is taken from the file', async () => {
    expect(await load({ file: true })).toBe(values.file[1]);
  });
  it('is taken from the variable before the file', async () => {
    expect(await load({ file: true, variable: true })).toBe(values.variable[1]);
  });
  it('is taken from the flag before variable and file', async () => {
    expect(await load({ file: true, variable: true, flag: true })).toBe(values.flag[1]);
  });
  it('is not unset by an empty variable', async () => {
    using space = workspace(inFile(values.file[0]));
    const loaded = await loadConfig({ cwd: space.directory, env: { [variable]: '' }, flags: {} });
    expect(read(loaded)).toBe(values.file[1]);
  });
});

it('a value from outside leaves its neighbours in the file alone', async () => {
  using space = workspace('ports: {grpc: 1001, http: 1002}\nmodels: [{name: only, kind: sum}]');
  const { config } = await loadConfig({ cwd: space.directory, env: {}, flags: { 'grpc-port': '2001' } });
  expect(config.ports).toEqual({ grpc: 2001, http: 1002 });
  expect(config.models.map(({ name }) => name)).toEqual(['only']);
});

it('a file that is not there is an empty one', async () => {
  using space = workspace();
  const loaded = await loadConfig({ cwd: space.directory, env: {}, flags: {} });
  expect(loaded).toMatchObject({ exists: false, path: join(space.directory, 'kserve-env.yaml') });
});

describe('the file that applies', () => {
  it('is that of the nearest directory above', async () => {
    using space = workspace('name: outer');
    const inner = space.write('a/kserve-env.yaml', 'name: inner');
    mkdirSync(join(space.directory, 'a/b/c'), { recursive: true });
    mkdirSync(join(space.directory, 'z'));
    expect(await findConfigFile(join(space.directory, 'a/b/c'))).toBe(inner);
    expect(await findConfigFile(join(space.directory, 'z'))).toBe(join(space.directory, 'kserve-env.yaml'));
  });

  it('is none on the way to the root where none is written', async () => {
    expect(await findConfigFile('/nowhere/at/all')).toBeUndefined();
  });

  it.each([
    { by: '--config', env: {}, flags: { config: 'other.yaml' } },
    { by: 'KSERVE_ENV_CONFIG', env: { KSERVE_ENV_CONFIG: 'other.yaml' }, flags: {} },
    { by: '--config before KSERVE_ENV_CONFIG', env: { KSERVE_ENV_CONFIG: 'no.yaml' }, flags: { config: 'other.yaml' } },
  ])('is the one named by $by, relative to the working directory', async ({ env, flags }) => {
    using space = workspace('name: own');
    space.write('other.yaml', 'name: other');
    expect((await loadConfig({ cwd: space.directory, env, flags })).name).toBe('other');
  });
});
