/** The report as GitHub Flavored Markdown: for the summary of a CI job, a comment or a page. */
import { formatDuration } from '../../duration.js';
import { block, code, inCell, tableOf } from '../../markdown.js';
import { printable } from '../../plain-text.js';
import { verdicts } from '../case.js';
import { type Alike, alikeCases, moreLike } from './alike.js';
import { exchangeLines } from './exchange-text.js';
import { commandOfCase, countsText, fails, type RunReport, succeeded } from './run-report.js';

/** Groups of failures that are told with request and answer, and of notes. A job's summary may have a mebibyte. */
const mostFailures = 30;
const mostNotes = 50;

/** The whole report: verdict, server, counts, failures, notes. */
export function markdownReport(report: RunReport): string {
  const { server, endpoints, startedAt, version } = report;
  const { grpc, http } = endpoints;
  const name = [server.name, server.version].filter(Boolean).map(inCell).join(' ');
  const where = [grpc && `gRPC ${code(grpc)}`, http && `REST ${code(http)}`];
  const facts = [name, ...where, `${new Date(startedAt).toISOString()} by kserve-env ${version}`];
  return `${[
    `### ${succeeded(report) ? '✔' : '✖'} kserve-env smoke: ${countsText(report.summary)}`,
    facts.filter(Boolean).join(', '),
    ...reportSections(report),
  ].join('\n\n')}\n`;
}

/** The parts below the head line: a table of the suites, what failed, what was noted. */
export function reportSections(report: RunReport): string[] {
  const { cases, notRun } = report;
  const failures = alikeCases(cases.filter((one) => fails(one, report)));
  const notes = alikeCases(cases.filter((one) => one.status === 'noted' && !fails(one, report)));
  return [
    suiteTable(report),
    ...(notRun > 0 ? [`It ended with the first failure: ${notRun} cases were not run.`] : []),
    ...(failures.length === 0
      ? []
      : ['#### Failures', ...failures.slice(0, mostFailures).flatMap(failureParts(report))]),
    ...leftOut(failures.length - mostFailures, 'failures'),
    ...(notes.length === 0 ? [] : ['#### Notes', noteTable(notes.slice(0, mostNotes))]),
    ...leftOut(notes.length - mostNotes, 'notes'),
  ];
}

function suiteTable({ suites, summary, ms }: RunReport): string {
  const rows = suites.map((suite) => [
    suite.name,
    ...verdicts.map((verdict) => String(suite[verdict])),
    formatDuration(suite.ms),
  ]);
  const total = ['all', ...verdicts.map((verdict) => String(summary[verdict])), formatDuration(ms)];
  return tableOf(
    [{ title: 'suite' }, ...[...verdicts, 'time'].map((title) => ({ title, right: true }))],
    [...rows, total.map((cell) => `**${cell}**`)],
  );
}

function failureParts(report: RunReport): (group: Alike) => string[] {
  return ({ first, others }) => {
    const { id, title, message = '', spec, why, exchanges = [] } = first;
    const last = exchanges.at(-1);
    return [
      `**${inCell(title)}**${moreLike(others)}  \n${code(id)}`,
      block(printable([message, ...(last ? ['', ...exchangeLines(last)] : [])].join('\n'))),
      `Specification: ${inCell(spec)}  \nWhy it matters: ${inCell(why)}  \nAlone: ${code(commandOfCase(id, report))}`,
    ];
  };
}

function noteTable(notes: readonly Alike[]): string {
  return tableOf(
    [{ title: 'suite' }, { title: 'case' }, { title: 'note' }],
    notes.map(({ first: { suite, title, message = '' }, others }) => [
      suite,
      `${inCell(title)}${moreLike(others)}`,
      inCell(message),
    ]),
  );
}

function leftOut(count: number, what: string): string[] {
  return count > 0 ? [`and ${count} more kinds of ${what}`] : [];
}
