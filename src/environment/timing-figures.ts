/** What a history of set-ups amounts to, phase by phase. Pure. */
import type { EngineKind } from '../engine/engine.js';
import type { SetUpRecord } from './history.js';
import { type PhaseName, phaseTitles } from './phases.js';

/** Durations of one thing over several set-ups, in milliseconds. */
export interface Figures {
  lastMs: number;
  medianMs: number;
  minMs: number;
  maxMs: number;
  /** Fraction of all the time of these set-ups. */
  share: number;
  /** The median as a fraction of the last set-up's budget. */
  budgetShare: number;
  /** Oldest first; null where a set-up had no such phase. */
  trend: (number | null)[];
}

/** Figures of a phase. */
export interface PhaseFigures extends Figures {
  phase: PhaseName;
  /** In how many of the set-ups it was there, and in how many its result was there already. */
  runs: number;
  cached: number;
}

/** Set-ups of one environment on one engine; others would be no comparison. */
export interface TimingsGroup {
  name: string;
  engine: EngineKind;
  /** Those that made or remade the environment. The figures are of these alone. */
  setUps: number;
  /** Those that found it up already. */
  unchanged: number;
  /** How many failed, by the code of their error. */
  failed: Record<string, number>;
  budgetMs: number;
  phases: PhaseFigures[];
  /** What is no phase's: the config, the wait for other commands. Absent, as is the total, where there is no set-up. */
  rest?: Figures;
  total?: Figures;
  /** Every one of them, oldest first. */
  runs: SetUpRecord[];
}

/** @param limit the newest so many of each environment on each engine are looked at */
export function timingsGroups(records: readonly SetUpRecord[], limit: number): TimingsGroup[] {
  const groups = new Map<string, SetUpRecord[]>();
  for (const record of records) {
    const key = `${record.name} ${record.engine}`;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return [...groups.values()].flatMap((runs) => groupOf(runs.slice(-limit)));
}

function groupOf(runs: SetUpRecord[]): TimingsGroup[] {
  const last = runs.at(-1);
  if (last === undefined) return [];
  const made = runs.filter(({ outcome }) => outcome === 'create' || outcome === 'recreate');
  const failed: Record<string, number> = {};
  for (const { outcome, error = 'unknown' } of runs) {
    if (outcome === 'failed') failed[error] = (failed[error] ?? 0) + 1;
  }
  const { name, engine, budgetMs } = last;
  const totalMs = sum(made.map((run) => run.totalMs));
  const figures = (trend: (number | null)[]) => figuresOf(trend, totalMs, budgetMs);
  const total = figures(made.map((run) => run.totalMs));
  const rest = figures(made.map(restOf));
  return [
    {
      name,
      engine,
      setUps: made.length,
      unchanged: runs.filter(({ outcome }) => outcome === 'unchanged').length,
      failed,
      budgetMs,
      phases: (Object.keys(phaseTitles) as PhaseName[]).flatMap((phase) => {
        const found = made.map(({ phases }) => phases.filter((one) => one.phase === phase));
        const ofPhase = figures(found.map((ones) => (ones.length === 0 ? null : sum(ones.map(({ ms }) => ms)))));
        if (ofPhase === undefined) return [];
        const present = found.filter((ones) => ones.length > 0);
        const cached = present.filter((ones) => ones.every((one) => one.cached)).length;
        return [{ phase, runs: present.length, cached, ...ofPhase }];
      }),
      ...(rest && { rest }),
      ...(total && { total }),
      runs,
    },
  ];
}

function restOf({ totalMs, phases }: SetUpRecord): number {
  return Math.max(0, Math.round((totalMs - sum(phases.map(({ ms }) => ms))) * 10) / 10);
}

function figuresOf(trend: (number | null)[], totalMs: number, budgetMs: number): Figures | undefined {
  const times = trend.filter((ms) => ms !== null);
  const lastMs = times.at(-1);
  if (lastMs === undefined) return undefined;
  const medianMs = median(times);
  return {
    lastMs,
    medianMs,
    minMs: Math.min(...times),
    maxMs: Math.max(...times),
    share: fraction(sum(times), totalMs),
    budgetShare: fraction(medianMs, budgetMs),
    trend,
  };
}

/** The middle one of the numbers, or the mean of the two in the middle; 0 of none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** To a millionth, as the budget's share. */
function fraction(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1e6) / 1e6;
}
