/** What a run of cases amounts to: the one form from which every report is made. */
import { quotedWord } from '../../shell-word.js';
import type { CaseResult, SuiteName } from '../case.js';
import type { SmokeSummary } from '../runner.js';

/** Everything that is known of a run. */
export interface RunReport {
  /** Name of our environment, absent for somebody else's server. */
  environment?: string;
  /** What the server says of itself, and the models that were checked. */
  server: { name: string; version: string; extensions: string[]; models: string[] };
  /** `host:port` and base URL. */
  endpoints: { grpc?: string; http?: string };
  summary: SmokeSummary;
  /** Suites that have a case, in the order in which they ran. */
  suites: SuiteCounts[];
  /** Milliseconds. */
  ms: number;
  /** Milliseconds since the epoch at which it began. */
  startedAt: number;
  /** Of kserve-env, which checked. */
  version: string;
  /** Notes count as failures. */
  strict: boolean;
  /** Cases that were left out, since it ended with the first failure. */
  notRun: number;
  cases: CaseResult[];
  /** Of our own environment: how long it took to set up, the last time. */
  setUp?: SetUpTimes;
}

/** One suite of a run. */
export interface SuiteCounts extends SmokeSummary {
  name: SuiteName;
  /** Milliseconds of its cases. */
  ms: number;
}

/** The phases of one set-up. */
export interface SetUpTimes {
  /** ISO 8601, when it ended. */
  time: string;
  /** `docker`, `podman` or `process`. */
  engine: string;
  phases: { title: string; ms: number; cached: boolean }[];
  /** Milliseconds. */
  totalMs: number;
  budgetMs: number;
}

/** Whether a case makes the run fail. */
export function fails({ status }: Pick<CaseResult, 'status'>, { strict }: Pick<RunReport, 'strict'>): boolean {
  return status === 'failed' || (strict && status === 'noted');
}

/** How many of these cases make the run fail. */
export function countOfFailing({ failed, noted }: SmokeSummary, { strict }: Pick<RunReport, 'strict'>): number {
  return failed + (strict ? noted : 0);
}

/** How many of these cases told something of the server. */
export function countOfTold({ passed, failed, noted }: SmokeSummary): number {
  return passed + failed + noted;
}

/** Whether the run is a success: cases told something of the server, and none of them fails. */
export function succeeded(report: Pick<RunReport, 'summary' | 'strict'>): boolean {
  return countOfFailing(report.summary, report) === 0 && countOfTold(report.summary) > 0;
}

/** `812 passed, 3 failed, 2 noted`: what is not there is not said, but for failures. */
export function countsText({ passed, failed, noted, skipped }: SmokeSummary): string {
  const rest = [noted > 0 && `${noted} noted`, skipped > 0 && `${skipped} skipped`].filter(Boolean);
  return [`${passed} passed`, `${failed} failed`, ...rest].join(', ');
}

/** The command that runs one case alone, against the same server. */
export function commandOfCase(
  id: string,
  { endpoints, environment }: Pick<RunReport, 'endpoints' | 'environment'>,
): string {
  const { grpc, http } = endpoints;
  const where =
    environment !== undefined
      ? []
      : [...(grpc === undefined ? [] : ['--endpoint', grpc]), ...(http === undefined ? [] : ['--rest-url', http])];
  return ['kserve-env', 'smoke', ...where, '--case', id].map(quotedWord).join(' ');
}
