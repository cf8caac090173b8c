/** The report as JUnit XML, in the form that Jenkins, GitLab and the reporters of GitHub Actions read alike. */
import { printable } from '../../plain-text.js';
import type { CaseResult } from '../case.js';
import { exchangeLines } from './exchange-text.js';
import { commandOfCase, countOfFailing, fails, type RunReport, type SuiteCounts } from './run-report.js';

/**
 * A `testsuite` a suite, a `testcase` a case: `classname` is the suite, `name` the title with the id, which makes it
 * unique. Nobody standardised the form; this keeps to what Jenkins' schema allows (jenkinsci/xunit-plugin,
 * junit-10.xsd). A note is `system-out`, and where notes count a failure.
 */
export function junitReport(report: RunReport): string {
  const { cases, suites, summary, ms, startedAt } = report;
  const counts = {
    tests: cases.length,
    failures: countOfFailing(summary, report),
    errors: 0,
    time: seconds(ms),
  };
  const timestamp = timestampOf(startedAt);
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'kserve-env smoke', ...counts })}>`,
    ...suites.flatMap((suite) => suiteLines(suite, report, timestamp)),
    '</testsuites>',
  ].join('\n')}\n`;
}

function suiteLines(suite: SuiteCounts, report: RunReport, timestamp: string): string[] {
  const { name, skipped, ms } = suite;
  const own = report.cases.filter((one) => one.suite === name);
  const counts = {
    name,
    tests: own.length,
    failures: countOfFailing(suite, report),
    errors: 0,
    skipped,
    time: seconds(ms),
    timestamp,
  };
  return [
    `  <testsuite${attributes(counts)}>`,
    '    <properties>',
    ...propertiesOf(report).map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
    '    </properties>',
    ...own.flatMap((one) => caseLines(one, report)),
    '  </testsuite>',
  ];
}

function propertiesOf({ server, endpoints, version }: RunReport): [string, string][] {
  const { grpc, http } = endpoints;
  return [
    ['server.name', server.name],
    ['server.version', server.version],
    ...(grpc === undefined ? [] : [['endpoint.grpc', grpc] satisfies [string, string]]),
    ...(http === undefined ? [] : [['endpoint.rest', http] satisfies [string, string]]),
    ['models', server.models.join(', ')],
    ['kserve-env.version', version],
  ];
}

function caseLines(one: CaseResult, report: RunReport): string[] {
  const { id, suite, title, ms } = one;
  const head = attributes({ classname: suite, name: `${title} [${id}]`, time: seconds(ms) });
  const inner = verdictLines(one, report);
  return inner.length === 0 ? [`    <testcase${head}/>`] : [`    <testcase${head}>`, ...inner, '    </testcase>'];
}

function verdictLines(one: CaseResult, report: RunReport): string[] {
  const { status, message = '' } = one;
  if (fails(one, report)) {
    const type = status === 'noted' ? 'note' : 'failure';
    return [`      <failure${attributes({ message, type })}>${escaped(wordsOf(one, report))}</failure>`];
  }
  if (status === 'skipped') return [`      <skipped${attributes({ message })}/>`];
  return status === 'noted' ? [`      <system-out>${escaped(`note: ${wordsOf(one, report)}`)}</system-out>`] : [];
}

/** Message, request and answer, and what they are judged by. */
function wordsOf(one: CaseResult, report: RunReport): string {
  const { id, message = '', spec, why, exchanges = [] } = one;
  return [
    message,
    ...exchanges.flatMap((exchange) => ['', ...exchangeLines(exchange)]),
    '',
    `specification: ${spec}`,
    `why it matters: ${why}`,
    `alone: ${commandOfCase(id, report)}`,
  ].join('\n');
}

/** XML's `xs:decimal`: no exponent, to the millisecond's tenth. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(4);
}

/** ISO 8601 without a zone, in UTC, as Jenkins' schema has it. */
function timestampOf(startedAt: number): string {
  return new Date(startedAt).toISOString().slice(0, 19);
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`)
    .join('');
}

/** Characters that no XML document may hold, escaped or not (XML 1.0, section 2.2), that control characters are not. */
const notXml = /[\p{Surrogate}\ufffe\uffff]/gu;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Any text of a server, as an element or an attribute may hold it. */
function escaped(text: string): string {
  return printable(text)
    .replace(notXml, (char) => `\\u${char.charCodeAt(0).toString(16)}`)
    .replace(/[&<>"]/g, (char) => entities[char] ?? '');
}
