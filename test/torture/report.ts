/** The figures of a run: what was tried, what came of it, and each failure with how to repeat it. */
import { alignedRows } from '../../src/cli/columns.js';

/** One trial that did not end as it must. */
export interface Failure {
  experiment: string;
  /** What was done, such as `up, kill -9 at call 7 (POST /networks/create), then down`. */
  step: string;
  /** What was left, or what else went wrong. */
  found: string[];
}

/** One line of the table. */
export interface Row {
  what: string;
  trials: number;
  /** What was measured, in order: `{ leaks: 0 }`. */
  figures: Record<string, string | number>;
  /** What it must be, in words. */
  goal: string;
  ok: boolean;
}

/** All that `--json` prints. */
export interface Report {
  seed: number;
  short: boolean;
  seconds: number;
  rows: Row[];
  failures: Failure[];
}

/** Nearest-rank percentile of numbers in any order; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** `0.42 s` */
export function seconds(milliseconds: number): string {
  return Number.isNaN(milliseconds) ? '-' : `${(milliseconds / 1000).toFixed(2)} s`;
}

/** The rows as a table for people. */
export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map(({ what, trials, figures, goal, ok }) => [
    ok ? '✔' : '✖',
    what,
    String(trials),
    Object.entries(figures)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    goal,
  ]);
  const all = [['', 'what', 'trials', 'measured', 'goal'], ...cells];
  return alignedRows(all).join('\n');
}

/** A failure for people, with what was found. */
export function renderFailure({ experiment, step, found }: Failure): string {
  return [`✖ ${experiment}: ${step}`, ...found.map((line) => `    ${line}`)].join('\n');
}
