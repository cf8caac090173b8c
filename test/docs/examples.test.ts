/**
 * The documentation is true: every `$ command` of a `console` block runs and prints what is shown, every `js` block
 * runs, every `yaml` block is a config, every `json` block is JSON, and every link leads somewhere.
 * What cannot be run here, such as an installation, stands in a `sh` or `yml` block. The commands need a POSIX shell.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { blocksOf, examplesOf, localLinksOf, patternOf } from './markdown.js';
import { type Reader, reader } from './run-block.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const docs = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'));
const pages = ['README.md', 'CONTRIBUTING.md', ...docs.map((path) => `docs/${path}`)].sort();

describe.skipIf(process.platform === 'win32').each(pages)('%s', (page) => {
  const text = readFileSync(`${root}${page}`, 'utf8');
  const blocks = blocksOf(text);
  const of = (language: string) => blocks.filter((block) => block.language === language);
  const runnable = blocks.filter(({ language }) => language === 'console' || language === 'js');
  let machine: Reader;

  beforeAll(async () => {
    machine = await reader();
  });
  afterAll(async () => {
    await machine[Symbol.asyncDispose]();
  });

  it('links to files that exist', () => {
    const missing = localLinksOf(text).filter((target) => !existsSync(join(root, dirname(page), target)));
    expect(missing).toEqual([]);
  });

  // In the order of the page: an `up` in one block serves the next.
  it.each(runnable)('line $line: the $language block does what it shows', async (block) => {
    if (block.language === 'js') {
      expect(await machine.runModule(block.text)).toMatchObject({ code: 0 });
      return;
    }
    const examples = examplesOf(block);
    const outcomes = await machine.runAll(examples);
    for (const [index, { command, output: shown }] of examples.entries()) {
      const { code, output } = outcomes[index] ?? { code: -1, output: 'it was not run' };
      if (shown !== '') expect(output, command).toMatch(patternOf(shown));
      // An example may fail only where the failure is what it shows.
      if (!/^error: /m.test(shown)) expect({ code, output }, command).toMatchObject({ code: 0 });
    }
  });

  it.each(of('yaml'))('line $line: the config can be used', async (block) => {
    const path = join(machine.directory, 'example.yaml');
    writeFileSync(path, block.text);
    const { exists } = await loadConfig({ cwd: machine.directory, env: {}, flags: { config: path } });
    expect(exists).toBe(true);
  });

  it.each(of('json'))('line $line: the JSON is well-formed', ({ text: json }) => {
    expect(() => JSON.parse(json)).not.toThrow();
  });
});
