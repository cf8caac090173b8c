import { describe, expect, it } from 'vitest';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { createModelRepository, ModelNameTakenError } from '../../../src/server/model-repository.js';

const repositoryOf = (...configs: object[]) =>
  createModelRepository(configs.map((config) => modelConfigSchema.parse({ kind: 'identity', ...config })));
const notFound = (text: string) =>
  expect.objectContaining({ status: 'NOT_FOUND', message: expect.stringContaining(text) });

describe('a model repository', () => {
  it('finds a model by name and by alias', () => {
    const repository = repositoryOf({ name: 'a', aliases: ['b', 'a'] });
    expect(repository.find('a', '')).toBe(repository.find('b', '1'));
  });

  it('answers the highest version where none is asked for', () => {
    const repository = repositoryOf(
      { name: 'a', versions: ['9'] },
      { name: 'a', versions: ['10'] },
      { name: 'a', versions: ['2'] },
    );
    expect(repository.find('a', '').version).toBe('10');
    expect(repository.find('a', '2').version).toBe('2');
  });

  it('names what it has where a version is unknown', () => {
    expect(() => repositoryOf({ name: 'a' }).find('a', '7')).toThrow(notFound('has no version "7"; this server has 1'));
  });

  it.each(['', 'A', '../a', '__proto__', 'constructor', '\u0000', 'x'.repeat(10_000)])('does not know %j', (name) => {
    expect(() => repositoryOf({ name: 'a' }).find(name, '')).toThrow(notFound('is not on this server'));
  });

  it('refuses two models of one name and version, by alias too', () => {
    expect(() => repositoryOf({ name: 'a' }, { name: 'a' })).toThrow(ModelNameTakenError);
    expect(() => repositoryOf({ name: 'a' }, { name: 'b', aliases: ['a'] })).toThrow('"a" in version "1"');
  });
});
