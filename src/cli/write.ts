/** Writes JSON to stdout, and errors and warnings to stderr: as lines, or as annotations where GitHub's runner reads them. */
import { stringify } from 'lossless-json';
import { printable } from '../plain-text.js';
import { painter } from './colour.js';
import { annotation, inGithubActions, withoutCommands } from './github.js';
import { errorText, errorWords } from './output.js';
import type { Terminal } from './run.js';
import { symbolsFor } from './symbols.js';

/** Indented; int64 beyond 2^53 and −0 stay exact. */
export function writeJson(stdout: NodeJS.WriteStream, value: unknown, space?: number): void {
  const minusZero = { test: (number: unknown) => Object.is(number, -0), stringify: () => '-0' };
  stdout.write(`${stringify(value, undefined, space ?? 2, [minusZero])}\n`);
}

/** The error and the next step. GitHub shows it at the top of the job, whose log has it once all the same. */
export function writeError(command: string, { stderr, env }: Terminal, error: unknown, verbose: boolean): void {
  const words = errorWords(error, verbose);
  const { next } = symbolsFor(env);
  if (!inGithubActions(env)) {
    stderr.write(`${painter(stderr, env)('red', 'error:')} ${errorText(words, next)}\n`);
    return;
  }
  const { causes, ...told } = words;
  stderr.write(`${annotation('error', `kserve-env ${command}`, errorText({ ...told, causes: undefined }, next))}\n`);
  if (causes !== undefined) stderr.write(`${withoutCommands(causes)}\n`);
}

/** Something worth knowing that is no failure. */
export function writeWarning(command: string, { stderr, env }: Terminal, text: string): void {
  const warning = printable(text);
  if (inGithubActions(env)) stderr.write(`${annotation('warning', `kserve-env ${command}`, warning)}\n`);
  else stderr.write(`${painter(stderr, env)('yellow', 'warning:')} ${warning}\n`);
}
