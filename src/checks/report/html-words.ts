/** Verdicts on the page: letters for classes and filters, marks and words for people. */
import type { CaseResult, Verdict } from '../case.js';
import type { Column } from './case-rows.js';
import { countOfFailing, countOfTold, type RunReport } from './run-report.js';

/** Where on the page each case is told of. */
export type Anchors = ReadonlyMap<CaseResult, string>;

/** Class of a verdict, and its letter in `data-v`. */
export const letterOf: Record<Verdict, string> = { passed: 'p', failed: 'f', noted: 'n', skipped: 's' };

/** Signs, which are never alone: each has a word for who does not see it. */
export const markOf: Record<Verdict, string> = { passed: '✔', failed: '✖', noted: 'ℹ', skipped: '–' };

/** Heads of columns; a line break where there is a blank. */
export const columnTitle: Record<Column, string> = {
  grpc: 'gRPC',
  'grpc-typed': 'gRPC typed',
  'grpc-raw': 'gRPC raw',
  rest: 'REST',
  'rest-json': 'REST JSON',
  'rest-binary': 'REST binary',
  both: 'both',
};

/** The verdict in one sentence. */
export function headline(report: RunReport): string {
  const { passed, noted } = report.summary;
  const total = countOfTold(report.summary);
  const wrong = countOfFailing(report.summary, report);
  if (total === 0) return 'Nothing was checked';
  if (wrong > 0) return `${wrong} of ${total} checks failed`;
  if (noted > 0) return `${passed} ${passed === 1 ? 'check' : 'checks'} passed, ${noted} noted`;
  return total === 1 ? 'The one check passed' : `All ${total} checks passed`;
}

/** `1.2 ms`; from a second on `1.20 s`. */
export function timeOf(ms: number): string {
  return ms < 1000 ? `${Math.round(ms * 10) / 10} ms` : `${(ms / 1000).toFixed(2)} s`;
}
