/** The pages of documentation, and the test that runs what one of them shows. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type Block, blocksOf, examplesOf, patternOf } from './markdown.js';
import type { Reader } from './run-block.js';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every page, by its path in the repository. */
export function allPages(): string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...docs.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`),
  ];
  return pages.filter((page) => existsSync(join(root, page))).sort();
}

/** Its text, and the blocks in it. */
export function readPage(page: string): { text: string; blocks: Block[] } {
  const text = readFileSync(join(root, page), 'utf8');
  return { text, blocks: blocksOf(text) };
}

/** Runs a `console` or `js` block; fails unless each command does what is shown below it. */
export async function expectAsShown(block: Block, machine: Reader): Promise<void> {
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
}
