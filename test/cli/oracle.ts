/** Looks at the machine itself for what a sandbox may have left behind. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Sandbox } from './run-cli.js';

/** Files of state, and server processes, that belong to the sandbox; empty when nothing is left. */
export function leftBehind({ directory }: Sandbox): string[] {
  return [...filesIn(`${directory}/state`), ...processesOf(directory)];
}

function filesIn(directory: string): string[] {
  try {
    return (
      readdirSync(directory, { recursive: true, withFileTypes: true })
        // The history of set-ups is the one thing that is meant to stay.
        .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('/.timings'))
        .map((entry) => `${entry.parentPath}/${entry.name}`)
    );
  } catch {
    return [];
  }
}

/** Living processes that were started for this sandbox: its directory is in their environment or command line. */
function processesOf(directory: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/environ`, 'utf8') + readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        const state = /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
        return text.includes(directory) && state !== 'Z' ? [`process ${pid}`] : [];
      } catch {
        return [];
      }
    });
}
