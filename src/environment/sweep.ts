/** Ends what commands left that were killed, and what has outlived its time: the next command does it, whatever its name. */
import { stat } from 'node:fs/promises';
import { type Engine, type EngineKind, type Instance, isUp } from '../engine/engine.js';
import { pause } from '../engine/settle.js';
import type { Intent } from './claim.js';
import { type HeldLock, LockedError, type LockOptions, type Undone, undoneOf, withEnvironmentLock } from './lock.js';
import { hasExpired, madeByOfLabels } from './spec.js';

/** Something that was removed because nobody else would have. */
export interface Swept {
  name: string;
  engine: EngineKind;
  /** For people. */
  reason: string;
}

/** What a sweep works with. */
export interface SweepOptions {
  stateDir: string;
  signal: AbortSignal;
  /** The engine that an intent is about; undefined where it cannot be reached: then the intent stays for later. */
  engineOf(intent: Intent): Promise<Engine | undefined>;
}

/** How long a daemon may take for a request whose sender was killed, in milliseconds. */
const inFlightMs = 3_000;
const pollMs = 100;

/** Ends what others left undone with the environment whose lock is held. */
export async function sweepOwn(lock: HeldLock, options: SweepOptions): Promise<Swept[]> {
  const swept: Swept[] = [];
  for (const undone of await lock.undone()) swept.push(...(await end(undone, options)));
  return swept;
}

/** Ends what was left undone with other environments, where no command is at work on them. */
export async function sweepOthers(except: readonly string[], options: SweepOptions): Promise<Swept[]> {
  const names = new Set((await undoneOf(options.stateDir)).map(({ name }) => name));
  const swept: Swept[] = [];
  for (const name of names) {
    if (except.includes(name)) continue;
    swept.push(...((await ifFree(name, options, (lock) => sweepOwn(lock, options))) ?? []));
  }
  return swept;
}

/** Removes networks without a container, directories without a record, and what has outlived its time. */
export async function sweepEngine(
  engine: Engine,
  except: readonly string[],
  options: Omit<SweepOptions, 'engineOf'>,
): Promise<Swept[]> {
  const swept: Swept[] = [];
  for (const found of await engine.list(options.signal)) {
    const reason = reasonToGo(found);
    if (reason === undefined || except.includes(found.name)) continue;
    await ifFree(found.name, options, async () => {
      const now = await engine.inspect(found.name, options.signal);
      if (now?.id !== found.id || reasonToGo(now) === undefined) return;
      await engine.remove(now);
      swept.push({ name: found.name, engine: engine.kind, reason });
    });
  }
  return swept;
}

/** Why an instance would be swept: for people, or undefined. */
export function reasonToGo({ state, labels }: Instance): string | undefined {
  if (state === 'incomplete') return 'left over from an interrupted command';
  return hasExpired(labels, Date.now()) ? 'its time was over' : undefined;
}

/** What became of a command, for people. */
export function reasonOf({ intent, pid }: Pick<Undone, 'intent' | 'pid'>): string {
  return `half ${intent.kind === 'make' ? 'made' : 'removed'} by process ${pid}, which did not end it`;
}

async function end(undone: Undone, { engineOf, signal }: SweepOptions): Promise<Swept[]> {
  const { name, intent } = undone;
  const engine = await engineOf(intent);
  if (engine === undefined) return [];
  const swept: Swept[] = [];
  // A request outlives its sender, in the daemon: what it makes may come to light only now.
  const mayFollow = intent.kind === 'make' && intent.instance === undefined && engine.images !== undefined;
  const until = mayFollow ? performance.now() + inFlightMs - (await ageOf(undone)) : 0;
  for (;;) {
    const instance = await engine.inspect(name, signal);
    if (instance && isLeftBy(undone, instance)) {
      await engine.remove(instance);
      swept.push({ name, engine: engine.kind, reason: reasonOf(undone) });
    }
    if (performance.now() >= until) break;
    await pause(pollMs, signal);
  }
  await undone.done();
  return swept;
}

/** Whether an instance is what the command was at, and no other that took the name since. */
function isLeftBy({ nonce, intent }: Undone, { id, state, labels }: Instance): boolean {
  // Nothing is being made under this name now: we have its lock.
  if (state === 'incomplete') return true;
  if (intent.kind === 'make') return madeByOfLabels(labels) === nonce;
  return id === intent.instance && !isUp(state);
}

async function ageOf({ path }: Undone): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  // Of a clock that went back we take the longer wait.
  return found ? Math.max(0, Date.now() - found.mtimeMs) : 0;
}

/** Does it under the lock of that name, unless a command is at work there: then it is that command's business. */
export async function ifFree<T>(
  name: string,
  { stateDir, signal }: Pick<LockOptions, 'stateDir' | 'signal'>,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await withEnvironmentLock({ stateDir, name, timeoutMs: 0, signal, onWait: () => {} }, work);
  } catch (error) {
    if (error instanceof LockedError) return undefined;
    throw error;
  }
}
