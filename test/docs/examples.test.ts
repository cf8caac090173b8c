/**
 * The documentation is true: every `$ command` of a `console` block runs and prints what is shown, every `js` block
 * runs, every `yaml` block is a config, every `json` block is JSON, and every link leads somewhere. What needs Docker is
 * marked `console docker`, and runs in test/docker. What cannot be run here stands in a block of another language, which
 * is marked with the reason; its syntax is looked at. The commands need a POSIX shell.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { anchorsOf, localLinksOf } from './markdown.js';
import { allPages, expectAsShown, readPage, root } from './pages.js';
import { type Reader, reader } from './run-block.js';

/** Why a block is not run: it needs another system, a CI service, the internet, a server of others, or changes the machine. */
const reasons = ['macos', 'windows', 'ci', 'install', 'internet', 'elsewhere'];
/** Pages that have to give one. */
const strictPages = ['README.md', 'docs/guide.md', 'docs/smoke.md', 'docs/troubleshooting.md'];
const languagesNotRun = ['sh', 'powershell', 'yml'];

describe.skipIf(process.platform === 'win32').each(allPages())('%s', (page) => {
  const { text, blocks } = readPage(page);
  const of = (language: string) => blocks.filter((block) => block.language === language);
  const runnable = blocks.filter(({ language, mark }) => (language === 'console' || language === 'js') && mark === '');
  let machine: Reader;

  beforeAll(async () => {
    machine = await reader();
  });
  afterAll(async () => {
    await machine[Symbol.asyncDispose]();
  });

  it('links to files and headings that exist', () => {
    const broken = localLinksOf(text).filter(({ path, anchor }) => {
      const target = path === '' ? join(root, page) : join(root, dirname(page), path);
      if (!existsSync(target)) return true;
      return anchor !== '' && target.endsWith('.md') && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('says of every block that is not run why', () => {
    const silent = blocks.filter(({ language, mark }) => languagesNotRun.includes(language) && !reasons.includes(mark));
    if (strictPages.includes(page)) expect(silent).toEqual([]);
    const marks = blocks.filter(({ language }) => language === 'console').map(({ mark }) => mark);
    expect(marks.filter((mark) => !['', 'docker'].includes(mark))).toEqual([]);
  });

  // In the order of the page: an `up` in one block serves the next.
  it.each(runnable)('line $line: the $language block does what it shows', async (block) => {
    await expectAsShown(block, machine);
  });

  it.each(of('sh'))('line $line: the sh block, not run ($mark), can be read by a shell', ({ text: script }) => {
    expect(() => execFileSync('bash', ['-n'], { input: script })).not.toThrow();
  });

  it.each(of('yml'))('line $line: the yml block, not run ($mark), is YAML', ({ text: yaml }) => {
    expect(parse(yaml)).toEqual(expect.anything());
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
