/** Several servers side by side: what each made of every case. Pure. */
import {
  type CaseDescription,
  type CaseResult,
  descriptionOf,
  type SuiteName,
  suiteNames,
  type Verdict,
} from '../case.js';
import type { Exchange } from '../exchange.js';
import type { SmokeSummary } from '../runner.js';
import { type Alike, groupsOf, messageShape } from './alike.js';
import type { RunReport } from './run-report.js';

/** Every case, and what each server made of it. */
export interface MatrixReport {
  /** Milliseconds since the epoch at which it began. */
  startedAt: number;
  /** Milliseconds, of all servers one after another. */
  ms: number;
  /** Of kserve-env, which checked. */
  version: string;
  servers: MatrixColumn[];
  /** Suites that have a case, each with its counts in the order of the servers. */
  suites: { name: SuiteName; counts: MatrixCounts[] }[];
  /** In the order in which suites run. */
  rows: MatrixRow[];
}

/** One server as it was found. */
export interface MatrixColumn {
  name: string;
  endpoints: RunReport['endpoints'];
  /** What it says of itself; absent where it could not be checked. */
  server?: RunReport['server'];
  summary?: SmokeSummary;
  /** Milliseconds that its cases took. */
  ms?: number;
  /** Why it could not be checked. */
  error?: { code: string; message: string };
}

/** What the cases found of one server. */
export interface ServerRun {
  /** Titles of the models that were checked. */
  models: readonly string[];
  /** Names of the protocol's extensions that the server says it has. */
  extensions: readonly string[];
  /** In the order in which they ran. */
  cases: readonly CaseResult[];
  /** It could not be checked. */
  lost?: boolean;
}

/** One server's verdict. `absent`: it has no such case, since cases are made for what a server is. */
export interface MatrixCell {
  status: Verdict | 'absent';
  /** Why it failed, was noted, skipped, or is absent. */
  message?: string;
  /** Milliseconds. */
  ms?: number;
  /** The last requests and their answers, where it failed or was noted. */
  exchanges?: Exchange[];
}

/** One case, and every server's verdict on it. */
export interface MatrixRow extends CaseDescription {
  /** One a server, in the order of the servers. */
  cells: MatrixCell[];
}

/** Counts of one server in one suite. */
export interface MatrixCounts extends SmokeSummary {
  /** Cases that it does not have and another server has. */
  absent: number;
}

/** The cases of all servers as rows, in the order in which suites run them. */
export function matrixRows(runs: readonly ServerRun[]): MatrixRow[] {
  const results = runs.map(({ cases }) => new Map(cases.map((result) => [result.id, result])));
  return suiteNames.flatMap((suite) => mergedIds(runs, suite)).map((id) => rowOf(id, runs, results));
}

/** Counts of each server, in the order of the servers; of one suite where it is named. */
export function matrixCounts(rows: readonly MatrixRow[], servers: number, suite?: SuiteName): MatrixCounts[] {
  return Array.from({ length: servers }, (_, server) => {
    const counts: MatrixCounts = { passed: 0, failed: 0, noted: 0, skipped: 0, absent: 0 };
    for (const row of rows) {
      if (suite !== undefined && row.suite !== suite) continue;
      counts[row.cells[server]?.status ?? 'absent'] += 1;
    }
    return counts;
  });
}

/** Whether every server has the same verdict. */
export function isAgreed({ cells }: MatrixRow): boolean {
  return cells.every(({ status }) => status === cells[0]?.status);
}

/** Groups of rows with the same verdicts and the same words, in the order of their first rows; suites are kept apart. */
export function alikeRows(rows: readonly MatrixRow[]): Alike<MatrixRow>[] {
  return groupsOf(rows, ({ suite, model, cells }) => [
    suite,
    // Why a cell is absent differs from model to model.
    ...cells.map(({ status, message = '' }) => [status, status === 'absent' ? '' : messageShape(message, model)]),
  ]);
}

/** Ids of all runs: those of the first in its order, and what another has beside it after what comes before it there. */
function mergedIds(runs: readonly ServerRun[], suite: SuiteName): string[] {
  const merged: string[] = [];
  for (const { cases } of runs) {
    let after = 0;
    for (const { id } of cases.filter((result) => result.suite === suite)) {
      const at = merged.indexOf(id);
      if (at === -1) merged.splice(after, 0, id);
      after = (at === -1 ? after : at) + 1;
    }
  }
  return merged;
}

function rowOf(id: string, runs: readonly ServerRun[], results: readonly Map<string, CaseResult>[]): MatrixRow {
  const known = results.map((byId) => byId.get(id));
  const first = known.find((result) => result !== undefined) as CaseResult;
  return { ...descriptionOf(first), cells: runs.map((run, index) => cellOf(known[index], first, run)) };
}

function cellOf(result: CaseResult | undefined, row: CaseResult, run: ServerRun): MatrixCell {
  if (result === undefined) return { status: 'absent', message: whyAbsent(row, run) };
  const { status, message, ms, exchanges } = result;
  return {
    status,
    ...(message !== undefined && { message }),
    ms,
    ...(exchanges !== undefined && { exchanges }),
  };
}

/** What a server lacks that another has, as far as it can be told from outside. */
function whyAbsent({ id, model }: CaseResult, { models, extensions, lost }: ServerRun): string {
  if (lost) return 'the server could not be checked';
  if (model !== undefined && !models.some((title) => nameOf(title) === nameOf(model)))
    return `it has no model ${model}`;
  if (/\/rest-binary(\/|$)/.test(id) && !extensions.some((name) => name.startsWith('binary_tensor_data'))) {
    return 'it does not name the extension binary_tensor_data';
  }
  return 'no such case for what it says of itself and of its models';
}

/** Without the version: `simple_scaler@2`. */
function nameOf(title: string): string {
  return title.replace(/@[^@]*$/, '');
}
