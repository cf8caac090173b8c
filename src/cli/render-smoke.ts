/** What `smoke` found, for people: a line a suite, and under it what failed and what is unusual. Pure. */
import type { CaseResult, Verdict } from '../checks/case.js';
import type { Exchange } from '../checks/exchange.js';
import { type Alike, alikeCases, countOf, moreLike } from '../checks/report/alike.js';
import { exchangeLines } from '../checks/report/exchange-text.js';
import {
  commandOfCase,
  countOfFailing,
  countOfTold,
  countsText,
  fails,
  type RunReport,
  type SuiteCounts,
} from '../checks/report/run-report.js';
import type { SmokeReport } from '../commands/smoke.js';
import { formatDuration } from '../duration.js';
import { oneLine, printable } from '../plain-text.js';
import { leftColumn, rightColumn } from './columns.js';
import type { Space } from './space.js';
import type { Symbols } from './symbols.js';
import { cutTo } from './text.js';

/** Kinds of failures that are told with request and answer, and those that have a line, in a whole run. */
const mostInFull = 10;
const mostLines = 40;
/** Lines of a request or an answer. */
const mostOfExchange = 6;

const colours = { passed: 'green', failed: 'red', noted: 'yellow', skipped: 'dim' } as const;

/** Suites, what did not pass in them, the counts, and the files that were written; verbose is every case and request. */
export function renderSmoke(report: SmokeReport, space: Space): string {
  const { suites, notRun, written = [] } = report;
  const heads = suiteLines(suites, report, space);
  const room = { inFull: mostInFull, lines: mostLines };
  const body = suites.flatMap(({ name }, index) => [
    heads[index] ?? '',
    ...(space.verbose ? everyCase(name, report, space) : notable(name, report, space, room)),
  ]);
  return [
    ...body,
    smokeCounts(report),
    ...(notRun > 0 ? [`ended with the first failure: ${notRun} cases were not run`] : []),
    ...written.map(({ path }) => `Wrote ${path}`),
  ].join('\n');
}

/** The failures of a run as a line each, as `up --smoke` shows them, and the counts. */
export function failureLines(report: RunReport): string[] {
  const groups = alikeCases(report.cases.filter(({ status }) => status === 'failed'));
  const lines = groups.slice(0, mostInFull).map((group) => `✖ ${titleLine(group)}`);
  const rest = countOf(groups.slice(mostInFull));
  return [...lines, ...(rest > 0 ? [`  and ${rest} more failures: kserve-env smoke shows them`] : [])];
}

/** `812 passed, 3 failed in 1.20 s`. */
export function smokeCounts({ summary, ms }: RunReport): string {
  return `${countsText(summary)} in ${formatDuration(ms)}`;
}

function suiteLines(suites: readonly SuiteCounts[], report: RunReport, { symbols, paint }: Space): string[] {
  const names = leftColumn(suites.map(({ name }) => name));
  const counts = leftColumn(suites.map((suite) => suiteWords(suite, report)));
  const times = rightColumn(suites.map(({ ms }) => formatDuration(ms)));
  return suites.map((suite, index) => {
    const verdict = verdictOf(suite, report);
    const mark = paint(colours[verdict], markOf(verdict, symbols));
    return `${mark} ${names[index]}  ${counts[index]}  ${paint('dim', times[index] ?? '')}`;
  });
}

function verdictOf(suite: SuiteCounts, report: RunReport): Verdict {
  if (countOfFailing(suite, report) > 0) return 'failed';
  return countOfTold(suite) > 0 ? 'passed' : 'skipped';
}

function markOf(verdict: Verdict, symbols: Symbols): string {
  return { passed: symbols.done, failed: symbols.failed, noted: symbols.noted, skipped: symbols.skipped }[verdict];
}

/** Of a suite that is skipped as a whole also why, where that is one reason. */
function suiteWords(suite: SuiteCounts, { cases }: RunReport): string {
  const { name, passed, failed, noted, skipped } = suite;
  const words = [
    passed > 0 && `${passed} passed`,
    failed > 0 && `${failed} failed`,
    noted > 0 && `${noted} noted`,
    skipped > 0 && `${skipped} skipped`,
  ].filter(Boolean);
  const reasons = new Set(cases.filter((one) => one.suite === name).map(({ message = '' }) => message));
  const why = countOfTold(suite) === 0 && reasons.size === 1 ? `: ${oneLine([...reasons][0] ?? '')}` : '';
  return `${words.join(', ')}${why}`;
}

function everyCase(suite: string, report: RunReport, space: Space): string[] {
  return report.cases.filter((one) => one.suite === suite).flatMap((one) => caseLines(one, [], report, space));
}

/** What failed and what was noted, cases alike told once. What is left of the room is for the suites that follow. */
function notable(suite: string, report: RunReport, space: Space, room: { inFull: number; lines: number }): string[] {
  const groups = alikeCases(report.cases.filter((one) => one.suite === suite && isNotable(one)));
  // Failures first: they shall not lose their room to notes.
  const ordered = [
    ...groups.filter(({ first }) => fails(first, report)),
    ...groups.filter(({ first }) => !fails(first, report)),
  ];
  const lines: string[] = [];
  let left = 0;
  for (const group of ordered) {
    const { first, others } = group;
    if (fails(first, report) && room.inFull > 0) {
      room.inFull -= 1;
      lines.push(...caseLines(first, others, report, space));
    } else if (room.lines > 0) {
      room.lines -= 1;
      lines.push(`  ${paintedMark(first, space)} ${cut(titleLine(group), 4, space)}`);
    } else left += 1 + others.length;
  }
  return left === 0 ? lines : [...lines, `  and ${left} more; --verbose shows all, --html FILE makes a page of them`];
}

function isNotable({ status }: CaseResult): boolean {
  return status === 'failed' || status === 'noted';
}

function paintedMark({ status }: CaseResult, { symbols, paint }: Space): string {
  return paint(colours[status], markOf(status, symbols));
}

/** `The values are right: expected 2, got 3 (and 37 more like it)`. */
function titleLine({ first, others }: Alike): string {
  const { title, message } = first;
  return oneLine(`${title}${message === undefined ? '' : `: ${message}`}${moreLike(others)}`);
}

/** A line of a case that passed; of one that failed all that helps. */
function caseLines(one: CaseResult, others: readonly CaseResult[], report: RunReport, space: Space): string[] {
  const { id, title, message, spec, why, exchanges = [], ms } = one;
  const { paint, verbose } = space;
  const mark = paintedMark(one, space);
  if (!fails(one, report) && !(verbose && isNotable(one))) {
    const said = cut(oneLine(message === undefined ? title : `${title}: ${message}`), 16, space);
    return [`  ${mark} ${said}  ${paint('dim', `${ms} ms`)}`];
  }
  const shown = verbose ? exchanges : exchanges.slice(-1);
  const indent = (lines: string[]) => lines.map((line) => `    ${line}`);
  return [
    `  ${mark} ${oneLine(title)}${moreLike(others)}`,
    ...indent((message === undefined ? '' : printable(message)).split('\n').filter(Boolean)),
    ...indent(shown.flatMap((exchange) => exchangeText(exchange, space))),
    ...(fails(one, report) ? indent([`spec   ${oneLine(spec)}`, `why    ${oneLine(why)}`]) : []),
    ...indent([paint('dim', `alone  ${oneLine(commandOfCase(id, report))}`)]),
  ];
}

function exchangeText({ request, answer, ...rest }: Exchange, space: Space): string[] {
  const { symbols, verbose } = space;
  const some = (lines: string[]) => {
    const all = lines.flatMap((line) => line.split('\n'));
    if (verbose || all.length <= mostOfExchange) return all;
    return [...all.slice(0, mostOfExchange), `${symbols.cut} ${all.length - mostOfExchange} more lines`];
  };
  return exchangeLines(
    { ...rest, request: some(request), answer: some(answer) },
    { request: symbols.next, answer: symbols.back },
  ).map((line) => cut(printable(line), 4, space));
}

/** Cut to the terminal; where there is none, to what a person still reads. */
function cut(text: string, indentation: number, { columns, symbols }: Space): string {
  const room = Number.isFinite(columns) ? Math.max(20, columns - indentation) : 400;
  return cutTo(room, text, symbols.cut);
}
