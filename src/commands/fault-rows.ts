/** Faults in force as they are told: those of the server and those of the engine in one form. */

import type { InstalledFault } from '../environment/fault-control.js';
import type { StandingEngineFault } from '../faults/engine-faults.js';
import { conditionsText, faultText } from '../faults/fault-words.js';

/** A fault that is in force. */
export interface FaultRow {
  /** What `fault clear` takes. */
  id: string;
  by: 'server' | 'engine';
  /** What it does, as text: `delay=200ms jitter=50ms`, or `paused`. */
  text: string;
  /** Which calls it strikes, as text: `model=simple_scaler percent=10`; empty for all. */
  conditions: string;
  /** As it was ordered; absent for a state that the engine tells. */
  fault?: { kind: string; [setting: string]: unknown };
  /** What its random choices come from. */
  seed?: number;
  /** ISO 8601. */
  addedAt?: string;
  /** Milliseconds until it ends by itself; absent where it stays until it is cleared. */
  remainingMs?: number;
  /** Calls that it has struck. */
  struck?: number;
}

export function serverRow({ id, fault, seed, addedAt, remainingMs, struck }: InstalledFault): FaultRow {
  // A seed that was drawn is as good as one that was given: with it the same calls are chosen again.
  const shown = fault.percent !== undefined ? { ...fault, seed } : fault;
  return {
    id,
    by: 'server',
    text: faultText(fault),
    conditions: conditionsText(shown),
    fault,
    seed,
    addedAt,
    ...(remainingMs !== undefined && { remainingMs }),
    struck,
  };
}

export function engineRow({ id, text }: StandingEngineFault): FaultRow {
  return { id, by: 'engine', text, conditions: '' };
}
