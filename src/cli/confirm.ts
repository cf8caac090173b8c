/** Asks a person before everything goes. */
import { createInterface } from 'node:readline/promises';
import type { RemovedEnvironment } from '../commands/down.js';
import type { Terminal } from './run.js';

/** What asks on the terminal; undefined where nobody sits there to answer. */
export function confirmRemoval({ stderr, signal }: Terminal) {
  if (!process.stdin.isTTY || !stderr.isTTY) return undefined;
  return async (found: RemovedEnvironment[]): Promise<boolean> => {
    for (const { name, engine, state } of found) stderr.write(`  ${name} (${engine}, ${state})\n`);
    const things = found.length === 1 ? 'this environment' : `these ${found.length} environments`;
    // No line editing: the terminal itself then turns Ctrl-C into a signal.
    const lines = createInterface({ input: process.stdin, output: stderr, terminal: false });
    try {
      const answer = await lines.question(`Remove ${things}? [y/N] `, { signal });
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      lines.close();
    }
  };
}
