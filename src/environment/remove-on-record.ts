/** Removes an instance so that the next command ends it, should this one be killed in between. */
import type { Engine, Instance } from '../engine/engine.js';
import { withGrace } from '../engine/settle.js';
import type { HeldLock } from './lock.js';

/** What is removed from where, and under which lock. */
export interface Removal {
  engine: Engine;
  lock: Pick<HeldLock, 'intend'>;
  /** How long it goes on after an interruption, in milliseconds; what is left then is on record. */
  graceMs: number;
  signal: AbortSignal;
}

/** Written down first, and not cut off half-way: half removed, its network would stay. */
export async function removeOnRecord(instance: Instance, { engine, lock, graceMs, signal }: Removal): Promise<void> {
  const { kind, endpoint } = engine;
  await lock.intend({ kind: 'remove', engine: kind, endpoint, instance: instance.id });
  await withGrace(engine.remove(instance), graceMs, signal);
  await lock.intend(undefined);
}
