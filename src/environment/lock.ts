/** A lock across processes: one command at a time changes an environment. It ends with the process that holds it. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { identify, type ProcessIdentity, processState } from '../engine/process/identity.js';
import { pause } from '../engine/settle.js';
import { TimedOutError } from '../errors.js';

const holderSchema = z.object({ pid: z.int().positive(), startTime: z.string(), bootId: z.string() });

/** Which lock, and how long it is waited for. */
export interface LockOptions {
  /** Directory that all kserve-env processes of this user share. */
  stateDir: string;
  /** Name of the environment. */
  name: string;
  /** Milliseconds until the wait for another command is given up. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Called once if another process has the lock. */
  onWait: (pid: number) => void;
}

/** Another command holds the lock and does not end. */
class LockedError extends TimedOutError {
  constructor(name: string, pid: number, timeoutMs: number) {
    super(`Process ${pid} has been changing ${name} for more than ${timeoutMs} ms`, {
      hint: `wait for it, or end it with kill ${pid}`,
      details: { name, pid },
    });
  }
}

/**
 * Runs work while this process alone holds the environment's lock. A lock whose process has died is taken over.
 * @throws LockedError
 */
export async function withEnvironmentLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const directory = join(options.stateDir, '.locks');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, options.name);
  const own = await acquire(path, options);
  try {
    return await work();
  } finally {
    // Only while it is still ours: somebody may have removed the state directory meanwhile.
    if ((await readFile(path, 'utf8').catch(() => '')) === own) await rm(path, { force: true });
  }
}

/** Takes away what commands left that were killed while they held a lock, or waited for one. */
export async function sweepLocks(stateDir: string): Promise<void> {
  const directory = join(stateDir, '.locks');
  for (const entry of await readdir(directory).catch(() => [])) {
    const path = join(directory, entry);
    const text = await readFile(path, 'utf8').catch(() => '');
    const holder = holderOf(text);
    if (holder !== undefined && (await processState(holder)) === 'gone') await takeAway(path, text);
  }
}

async function acquire(path: string, { name, timeoutMs, signal, onWait }: LockOptions): Promise<string> {
  const identity = (await identify(process.pid)) ?? { pid: process.pid, startTime: '', bootId: '' };
  const own = JSON.stringify({ ...identity, nonce: randomBytes(8).toString('hex') });
  const staged = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFile(staged, own, { mode: 0o600, flag: 'wx' });
  const deadline = performance.now() + timeoutMs;
  let told = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      if (await tryLink(staged, path)) return own;
      const current = await readLock(path);
      // Given back a moment ago. To take it away now would take it from whoever is next.
      if (current === undefined) continue;
      const holder = holderOf(current);
      if (holder === undefined || (await processState(holder)) === 'gone') {
        await takeAway(path, current);
        continue;
      }
      if (!told) onWait(holder.pid);
      told = true;
      if (performance.now() > deadline) throw new LockedError(name, holder.pid, timeoutMs);
      await pause(50, signal);
    }
  } finally {
    await unlink(staged).catch(() => {});
  }
}

/** What stands in a lock; empty where it cannot be read, undefined where it is not there. */
async function readLock(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : '';
  }
}

/** To link is to create in one step, content and all. */
async function tryLink(staged: string, path: string): Promise<boolean> {
  try {
    await link(staged, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a stale lock aside; if another process was quicker and this is its new lock, it is put back. */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8').catch(() => '')) !== stale) await link(aside, path).catch(() => {});
  await unlink(aside).catch(() => {});
}

function holderOf(text: string): ProcessIdentity | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
