/** Decides what `up` has to do: desired and observed in, operations with their reasons out. Pure. */
import { formatDuration } from '../duration.js';
import type { Instance } from '../engine/engine.js';
import {
  differences,
  type EnvironmentSpec,
  expiresAtOfLabels,
  hasExpired,
  setOutsideOfLabels,
  specOfLabels,
} from './spec.js';

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

/**
 * The least that makes the observed environment the desired one, and ready. What differs is made anew.
 * @param now milliseconds since the epoch, for environments that end by themselves
 */
export function planUp(desired: EnvironmentSpec, observed: Instance | undefined, now: number): Plan {
  if (observed === undefined)
    return { outcome: 'create', operations: make('no environment of that name'), changes: [] };

  const { labels } = observed;
  const actual = specOfLabels(labels);
  const changes = actual === undefined ? [] : differences(desired, actual, ['ttl']);
  // Gone from the file is a change; a flag that is not given again means nothing.
  if (actual?.ttl !== undefined && desired.ttl === undefined && !setOutsideOfLabels(labels).includes('ttl'))
    changes.push(`ttl: ${formatDuration(actual.ttl)} → none`);
  const replace = (reason: string): Plan => ({
    outcome: 'recreate',
    operations: [{ kind: 'remove', reason }, ...make(reason)],
    changes,
  });

  if (observed.state === 'incomplete') return replace('left over from an interrupted command');
  if (actual === undefined) return replace('its labels do not say what it was made from');
  if (observed.state !== 'running') return replace(stateReason(observed));
  if (observed.disconnected) return replace('the existing one is cut off from its network');
  if (observed.endpoints === undefined) return replace('the existing one has no ports any more');
  if (changes.length > 0)
    return replace(`${changes.length === 1 ? 'a value differs' : `${changes.length} values differ`}`);
  const untimely = ttlReason(desired.ttl, observed, now);
  if (untimely !== undefined) return replace(untimely);
  return {
    outcome: 'unchanged',
    operations: [{ kind: 'await-ready', reason: 'already running as desired' }],
    changes: [],
  };
}

/** Why an environment that is right in all else does not end when it should: at half of what is asked for, or later. */
function ttlReason(asked: number | undefined, { labels }: Instance, now: number): string | undefined {
  const expiresAt = expiresAtOfLabels(labels);
  if (expiresAt === undefined) return asked === undefined ? undefined : 'the existing one does not end by itself';
  if (hasExpired(labels, now)) return `the time of the existing one was over at ${expiresAt}`;
  if (asked === undefined) return undefined;
  const rest = Date.parse(expiresAt) - now;
  const ends = `the existing one ends in ${formatDuration(rest)}`;
  if (rest < asked / 2) return `${ends}, less than half of the ${formatDuration(asked)} asked for`;
  return rest > asked ? `${ends}, later than the ${formatDuration(asked)} asked for` : undefined;
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
