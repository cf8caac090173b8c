/** Decides what `up` has to do: desired and observed in, operations with their reasons out. Pure. */
import type { Instance } from '../engine/engine.js';
import { differences, type EnvironmentSpec, specOfLabels } from './spec.js';

/** One step of a plan. */
export interface Operation {
  kind: 'remove' | 'create' | 'start' | 'await-ready';
  /** Why it is in the plan, for people. */
  reason: string;
}

/** What `up` does, in order. */
export interface Plan {
  /** `unchanged`: it runs as desired; `recreate`: what is there goes first. */
  outcome: 'create' | 'recreate' | 'unchanged';
  operations: Operation[];
  /** What differs between desired and observed, a line a value. */
  changes: string[];
}

/** The least that makes the observed environment the desired one, and ready. What differs is made anew. */
export function planUp(desired: EnvironmentSpec, observed: Instance | undefined): Plan {
  if (observed === undefined)
    return { outcome: 'create', operations: make('no environment of that name'), changes: [] };

  const actual = specOfLabels(observed.labels);
  const changes = actual === undefined ? [] : differences(desired, actual);
  const replace = (reason: string): Plan => ({
    outcome: 'recreate',
    operations: [{ kind: 'remove', reason }, ...make(reason)],
    changes,
  });

  if (observed.state === 'incomplete') return replace('left over from an interrupted command');
  if (actual === undefined) return replace('its labels do not say what it was made from');
  if (observed.state !== 'running') return replace(stateReason(observed));
  if (changes.length > 0)
    return replace(`${changes.length === 1 ? 'a value differs' : `${changes.length} values differ`}`);
  return {
    outcome: 'unchanged',
    operations: [{ kind: 'await-ready', reason: 'already running as desired' }],
    changes: [],
  };
}

function make(reason: string): Operation[] {
  return [
    { kind: 'create', reason },
    { kind: 'start', reason: 'a created server does nothing' },
    { kind: 'await-ready', reason: 'up means that every model answers' },
  ];
}

function stateReason({ state, exit }: Instance): string {
  if (state !== 'exited') return `the existing one is ${state}`;
  const code = exit?.exitCode ?? null;
  return code === null ? 'the existing one has exited' : `the existing one has exited with code ${code}`;
}
