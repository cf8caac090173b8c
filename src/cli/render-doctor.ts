/** What `doctor` found, as text for people. Pure: data in, text out. */
import type { DoctorCheck, DoctorReport, FindingStatus } from '../commands/doctor.js';
import { printable } from '../plain-text.js';

const marks: Record<FindingStatus, string> = { passed: '✔', warned: '!', failed: '✖', skipped: '-' };

/** A line a check, the remedy below it, and the counts; what was skipped is shown if verbose. */
export function renderDoctor({ checks, summary }: DoctorReport, verbose: boolean): string {
  const shown = checks.filter(({ status }) => verbose || status !== 'skipped');
  const width = Math.max(...shown.map(({ title }) => title.length));
  return [...shown.flatMap((check) => linesOf(check, width)), summaryLine(summary)].join('\n');
}

function linesOf({ status, title, found, remedy }: DoctorCheck, width: number): string[] {
  const indent = ' '.repeat(width + 4);
  // Words of daemons and of files are in it.
  const [first = '', ...more] = printable(found).split('\n');
  return [
    `${marks[status]} ${title.padEnd(width)}  ${first}`,
    ...more.map((line) => `${indent}${line}`),
    ...(remedy === undefined ? [] : [`${indent}→ ${remedy}`]),
  ];
}

function summaryLine({ passed, warned, failed, skipped }: DoctorReport['summary']): string {
  const warnings = warned === 1 ? '1 warning' : `${warned} warnings`;
  return `${passed} passed, ${warnings}, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
