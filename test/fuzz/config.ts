/** Config files: whatever is in one, it is read, or refused with what is wrong with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';
import { faultKindNames } from '../../src/faults/kinds.js';
import { mutateLines } from './mutate.js';
import { type Target, thrown } from './target.js';

const tokens = [
  '&a',
  '*a',
  '<<: *a',
  '!!binary',
  '!!set',
  '!!js/function',
  '|',
  '>-',
  '- ',
  '? ',
  ': ',
  '{',
  '}',
  '[',
  ']',
  ',',
  '#',
  '---',
  '...',
  '%YAML 1.1',
  '"',
  "'",
  '\\x1b',
  '\t',
  '\0',
  '~',
  'null',
  'true',
  'yes',
  '0',
  '-1',
  '1e400',
  '0x10',
  '0o7',
  '1_000',
  '.inf',
  '.nan',
  '9007199254740993',
  '__proto__',
  'constructor',
  '../../x',
  '/dev/zero',
  '2030-01-01',
  '500ms',
  '1h',
  '100%',
  'FP64',
  'scale',
  'identity',
  'linear',
  'name',
  'engine',
  'models',
  'ports',
  'server',
  'limits',
  'faults',
  'image',
  'kind',
  ...faultKindNames.slice(0, 12),
];

let directory: string | undefined;

function place(): string {
  if (directory === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'kserve-env-fuzz-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    directory = made;
  }
  return directory;
}

export const configTarget: Target = {
  name: 'config',
  mutate: (input, random, others) => mutateLines(input, random, others, tokens),
  async tryHere(input) {
    const cwd = place();
    writeFileSync(join(cwd, 'kserve-env.yaml'), input);
    try {
      await loadConfig({ cwd, env: {}, flags: {} });
      return undefined;
    } catch (error) {
      const verdict = thrown(error, (one) => one instanceof ConfigError);
      if (verdict !== undefined) return verdict;
      const { message, details } = error as ConfigError;
      JSON.stringify(details);
      // It goes to a terminal.
      return /[^\P{Cc}\n]/u.test(message) ? `has control characters in ${JSON.stringify(message)}` : undefined;
    }
  },
};
