/** Counts the verdicts of each suite. */
import { type CaseResult, suiteNames } from '../case.js';
import { summarise } from '../runner.js';
import type { SuiteCounts } from './run-report.js';

/** Counts and time of each suite that has a case. */
export function suiteCounts(cases: readonly CaseResult[]): SuiteCounts[] {
  return suiteNames.flatMap((name) => {
    const own = cases.filter(({ suite }) => suite === name);
    const ms = Math.round(own.reduce((sum, one) => sum + one.ms, 0) * 10) / 10;
    return own.length === 0 ? [] : [{ name, ...summarise(own), ms }];
  });
}
