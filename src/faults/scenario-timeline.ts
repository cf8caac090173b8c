/** What a scenario does and when, round after round. Pure: the same scenario, speed and seed give the same timeline. */

import { parseDuration } from '../duration.js';
import type { Fault } from './fault.js';
import { wholeFaultText } from './fault-words.js';
import { type EngineAction, type Scenario, type ScenarioStep, takenBackBy } from './scenario.js';

/** Something that happens. */
export interface TimelineEntry {
  /** Milliseconds from the start. */
  atMs: number;
  /** For people: `add not-ready for=5s`. */
  text: string;
  act:
    | { do: 'add'; name?: string; faults: Fault[] }
    | { do: 'clear'; what: 'all' | string[] }
    | { do: 'engine'; action: EngineAction };
}

export interface Timeline {
  entries: TimelineEntry[];
  /** Milliseconds until everything that is left is taken back. */
  lengthMs: number;
}

export interface TimelineOptions {
  /** How many times as fast; 1 is as written. Settings of faults, such as a delay, stay as they are. */
  speed: number;
  /** What faults without a seed get theirs from. */
  seed: number;
}

/** More than this is a mistake, such as a round of a millisecond for an hour. */
const mostEntries = 100_000;

/** A scenario that cannot be laid out in time. */
export class TimelineError extends Error {}

/** @throws TimelineError where a round that is repeated takes no time, or there would be far too many steps */
export function timelineOf({ steps, lengthMs, repeat }: Scenario, { speed, seed }: TimelineOptions): Timeline {
  const written = Math.max(0, ...steps.map(endOf));
  const roundMs = Math.max(lengthMs ?? 0, written);
  if (repeat !== undefined && roundMs === 0)
    throw new TimelineError('A round that is repeated has to take some time; say how long with length');
  const rounds = roundsOf(repeat, roundMs);
  if (rounds * steps.length > mostEntries)
    throw new TimelineError(`${rounds} rounds of ${steps.length} steps are more than ${mostEntries} steps`);
  const total = repeat !== undefined && 'forMs' in repeat ? repeat.forMs : rounds * roundMs;
  let seeded = 0;
  const seedOf = (fault: Fault): Fault => ({ seed: (seed + seeded++) % 2 ** 32, ...fault }) as Fault;
  const entries = Array.from({ length: rounds }, (_, round) =>
    steps
      .flatMap((step) => entriesOf(step, { speed, seedOf }))
      .map((entry) => ({ ...entry, atMs: entry.atMs + (round * roundMs) / speed })),
  ).flat();
  // Where two are at the same time the one that is written first comes first: sort is stable.
  const sorted = entries.sort((one, other) => one.atMs - other.atMs);
  return { entries: sorted.filter(({ atMs }) => atMs <= total / speed), lengthMs: total / speed };
}

function roundsOf(repeat: Scenario['repeat'], roundMs: number): number {
  if (repeat === undefined) return 1;
  return 'times' in repeat ? repeat.times : Math.ceil(repeat.forMs / roundMs);
}

/** When the last of what a step does is over. */
function endOf(step: ScenarioStep): number {
  const own = step.do === 'add' ? step.faults.map((fault) => parseDuration(fault.for ?? '') ?? 0) : [];
  return step.atMs + Math.max(0, step.do === 'clear' ? 0 : (step.forMs ?? 0), ...own);
}

function entriesOf(
  step: ScenarioStep,
  { speed, seedOf }: { speed: number; seedOf: (fault: Fault) => Fault },
): TimelineEntry[] {
  const atMs = step.atMs / speed;
  switch (step.do) {
    case 'add': {
      const { name } = step;
      const faults = step.faults.map((fault) => seedOf(faster(fault, speed)));
      const text = `add ${step.faults.map((fault) => wholeFaultText(faster(fault, speed))).join(', ')}`;
      return [{ atMs, text, act: { do: 'add', faults, ...(name !== undefined && { name }) } }];
    }
    case 'clear': {
      const { what } = step;
      const text = what === 'all' ? 'clear all' : `clear ${what.join(', ')}`;
      return [{ atMs, text, act: { do: 'clear', what } }];
    }
    case 'engine': {
      const { action, forMs } = step;
      const back = forMs === undefined ? undefined : takenBackBy[action];
      const entry = (at: number, which: EngineAction): TimelineEntry => ({
        atMs: at,
        text: `engine ${which}`,
        act: { do: 'engine', action: which },
      });
      return [entry(atMs, action), ...(back ? [entry(atMs + (forMs ?? 0) / speed, back)] : [])];
    }
  }
}

/** The same fault, over sooner. */
function faster(fault: Fault, speed: number): Fault {
  const lasts = fault.for === undefined ? undefined : parseDuration(fault.for);
  if (lasts === undefined || speed === 1) return fault;
  return { ...fault, for: `${Math.max(1, Math.round(lasts / speed))}ms` } as Fault;
}
