import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { suiteNames } from '../../src/checks/case.js';
import { mutants } from '../fakes/mutant-table.js';
import { root } from './pages.js';

it('the page of mutants lists each of them, what is wrong with it, and the suites that catch it', () => {
  const rows = mutants.map(({ name, what, suites }) => {
    const catching = suiteNames.filter((suite) => suites.includes(suite)).map((suite) => `\`${suite}\``);
    return `| \`${name}\` | ${what.replaceAll('|', '\\|')} | ${catching.join(', ')} |`;
  });
  const listed = readFileSync(join(root, 'docs/mutants.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(listed).toEqual(rows);
});
