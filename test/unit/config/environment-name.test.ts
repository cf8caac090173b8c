import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultEnvironmentName } from '../../../src/config/config-file.js';
import { loadName } from '../../../src/config/load-name.js';
import { ConfigError } from '../../../src/config/problems.js';
import { configSchema } from '../../../src/config/schema.js';
import { workspace } from './workspace.js';

describe('the default name', () => {
  it.each([
    { path: '/home/me/My Project/kserve-env.yaml', begin: 'my-project-' },
    { path: '/home/me/проект/kserve-env.yaml', begin: 'env-' },
    { path: '/home/me/-- --/kserve-env.yaml', begin: 'env-' },
    { path: '/home/me/__proto__/kserve-env.yaml', begin: 'proto-' },
    { path: '/kserve-env.yaml', begin: 'env-' },
    { path: `/home/${'long-name-'.repeat(20)}/kserve-env.yaml`, begin: 'long-name-long-name-long-name-lo-' },
  ])('of $path begins with $begin', ({ path, begin }) => {
    expect(defaultEnvironmentName(path)).toMatch(new RegExp(`^${begin}[0-9a-f]{6}$`));
  });

  it('is a legal name, whatever the directory is called', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (parts) => {
        const name = defaultEnvironmentName(`/${parts.join('/')}/kserve-env.yaml`);
        expect(configSchema.safeParse({ name }).error).toBeUndefined();
      }),
    );
  });

  it('is the same for the same path, and another for another', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 2 }), ([one = '', two = '']) => {
        const nameOf = (directory: string) => defaultEnvironmentName(`/${directory}/kserve-env.yaml`);
        expect(nameOf(one)).toBe(nameOf(one));
        expect(nameOf(one)).not.toBe(nameOf(two));
      }),
    );
  });
});

describe('the name alone', () => {
  const nameIn = async (config: string | undefined, flags = {}, env = {}) => {
    using space = workspace(config);
    const { name, engine } = await loadName({ cwd: space.directory, env, flags });
    return { name: name.startsWith('kserve-env-config-') ? 'the default' : name, engine };
  };

  it.each([
    { what: 'is read from a file', config: 'name: mine', expected: { name: 'mine', engine: 'auto' } },
    { what: 'is read from a file with other mistakes', config: 'name: mine\nmodels: 5', expected: { name: 'mine' } },
    { what: 'is the default where the file has none', config: '', expected: { name: 'the default' } },
    { what: 'is the default where there is no file', config: undefined, expected: { name: 'the default' } },
    { what: 'is the default where YAML is broken', config: 'name: [', expected: { name: 'the default' } },
    { what: 'is the default where the file is a list', config: '- name: mine', expected: { name: 'the default' } },
    { what: 'is the default where it is no name', config: 'name: Not a name', expected: { name: 'the default' } },
    { what: 'comes with the engine', config: 'engine: process', expected: { engine: 'process' } },
    { what: 'comes with auto for an engine that is none', config: 'engine: k8s', expected: { engine: 'auto' } },
  ])('$what', async ({ config, expected }) => {
    expect(await nameIn(config)).toMatchObject(expected);
  });

  it.each(['name: [', '- name: mine', 'text', 'name: Not a name\nengine: 5'])(
    'given by flag or variable counts with a file of %j',
    async (config) => {
      expect(await nameIn(config, { name: 'mine', engine: 'process' })).toEqual({ name: 'mine', engine: 'process' });
      expect(await nameIn(config, {}, { KSERVE_ENV_NAME: 'mine' })).toMatchObject({ name: 'mine' });
    },
  );

  it.each([
    { source: '--name', flags: { name: 'No Name' }, env: {} },
    { source: '--engine', flags: { engine: 'k8s' }, env: {} },
    { source: 'KSERVE_ENV_NAME', flags: {}, env: { KSERVE_ENV_NAME: '../up' } },
  ])('that is none is refused where it was typed: $source', async ({ source, flags, env }) => {
    for (const config of ['', 'name: [', undefined]) {
      const error = await nameIn(config, flags, env).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).problems).toMatchObject([{ source, path: '' }]);
    }
  });
});
