/** Nothing that a user can meet is missing from the reference pages: flags, config keys, exit codes, error codes. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../src/config/schema.js';
import { ExitCode } from '../../src/errors.js';
import { readyMadeScenarios } from '../../src/faults/ready-made-scenarios.js';
import { readScenario } from '../../src/faults/scenario.js';
import { modelConfigSchema } from '../../src/models/kinds.js';
import { sandbox } from '../cli/run-cli.js';
import { conditionRows, kindRows } from './fault-table.js';
import { blocksOf } from './markdown.js';

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
    const actions = [...(await help('fault')).matchAll(/^ {2}([a-z]+) \[/gm)].flatMap(([, action]) => action ?? []);
    expect(actions).toContain('add');
    for (const words of [...verbs.map((verb) => [verb]), ...actions.map((action) => ['fault', action])]) {
      const text = await help(...words);
      const flags = [...text.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].flatMap(([, flag]) => flag ?? []);
      expect(missingIn('docs/cli.md', [words.join(' '), ...flags]), words.join(' ')).toEqual([]);
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

describe('docs/faults.md', () => {
  const text = read('docs/faults.md');
  const rows = text.split('\n');

  it('has every kind of fault and every condition, as the sources tell them', () => {
    expect([...kindRows(), ...conditionRows()].filter((row) => !rows.includes(row))).toEqual([]);
  });

  it('has every scenario, and shows one that can be run', () => {
    expect(Object.keys(readyMadeScenarios).filter((name) => !text.includes(`\n${name} `))).toEqual([]);
    const shown = blocksOf(text).filter(({ language }) => language === 'yml');
    expect(shown).not.toEqual([]);
    for (const block of shown) expect(readScenario(parse(block.text))).toHaveProperty('scenario');
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
