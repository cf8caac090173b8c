/** The lock of one environment, as commands take it. */
import type { LockOptions } from '../environment/lock.js';
import type { CommandContext } from './context.js';

/** How long another command on the same environment is waited for unless the caller says otherwise, in milliseconds. */
const usualTimeoutMs = 5 * 60_000;

/** Whoever waits is told for whom. */
export function lockOf(
  name: string,
  stateDir: string,
  { signal, progress }: CommandContext,
  timeoutMs = usualTimeoutMs,
): LockOptions {
  const onWait = (pid: number) => progress.note(`Process ${pid} is changing ${name}; waiting for it`);
  return { stateDir, name, timeoutMs, signal, onWait };
}
