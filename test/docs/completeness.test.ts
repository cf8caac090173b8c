/** Nothing that a user can meet is missing from the reference pages: flags, config keys, exit codes, error codes. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../src/config/schema.js';
import { ExitCode } from '../../src/errors.js';
import { modelConfigSchema } from '../../src/models/kinds.js';
import { sandbox } from '../cli/run-cli.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const missingIn = (page: string, names: Iterable<string>) => {
  const text = read(page);
  return [...new Set(names)].filter((name) => !text.includes(`\`${name}`));
};

describe('docs/cli.md', () => {
  it('has every verb and every flag of its help', async () => {
    using box = sandbox();
    const help = async (...verb: string[]) => (await box.run([...verb, '--help'])).stdout;
    const verbs = [...(await help()).matchAll(/^ {2}([a-z]+) (?:\[|<)/gm)].flatMap(([, verb]) => verb ?? []);
    expect(verbs).toContain('up');
    expect(
      missingIn(
        'docs/cli.md',
        verbs.map((verb) => `${verb}`),
      ),
    ).toEqual([]);
    for (const verb of verbs) {
      const flags = [...(await help(verb)).matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].flatMap(([, flag]) => flag ?? []);
      expect(missingIn('docs/cli.md', flags), verb).toEqual([]);
    }
  });

  it('has every exit code', () => {
    const text = read('docs/cli.md');
    const missing = Object.values(ExitCode).filter((code) => !new RegExp(`^\\| ${code}\\b`, 'm').test(text));
    expect(missing).toEqual([]);
  });
});

describe('docs/configuration.md', () => {
  it('has every key', () => {
    expect(
      missingIn(
        'docs/configuration.md',
        keysOf(configJsonSchema()).filter((key) => key !== '$schema'),
      ),
    ).toEqual([]);
  });
});

describe('docs/models.md', () => {
  it('has every kind of model', () => {
    const kinds = modelConfigSchema.options.flatMap((option) => [...option.shape.kind.values]);
    expect(missingIn('docs/models.md', kinds)).toEqual([]);
  });
});

describe('docs/troubleshooting.md', () => {
  it('has every error code', () => {
    const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.ts'),
    );
    const text = sources.map((path) => read(`src/${path}`)).join('\n');
    const codes = [
      ...text.matchAll(/super\(\s*'([A-Z_]{4,})'/g),
      ...text.matchAll(/new (?:KServeEnvError|ImageError)\(\s*'([A-Z_]{4,})'/g),
      ...text.matchAll(/code: '([A-Z]+(?:_[A-Z]+)+)' \|/g),
      ...text.matchAll(/'(IMAGE(?:_[A-Z]+)+)'/g),
    ].flatMap(([, code]) => code ?? []);
    expect(codes).toEqual(expect.arrayContaining(['PORT_IN_USE', 'IMAGE_UNAUTHORIZED']));
    // Each has a heading of its own, or shares one.
    const headings =
      read('docs/troubleshooting.md')
        .match(/^#{3,4} .*$/gm)
        ?.join('\n') ?? '';
    expect([...new Set(codes)].filter((code) => !headings.includes(`\`${code}\``))).toEqual([]);
  });
});

/** Keys of the objects of a JSON Schema, at every depth. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === 'properties' ? Object.keys(value as object) : []),
    ...keysOf(value),
  ]);
}
