/** Servers side by side, in Markdown. Pure. */

import { formatDuration } from '../../duration.js';
import { inCell, tableOf } from '../../markdown.js';
import { isAgreed, type MatrixCell, type MatrixReport, type MatrixRow, matrixCounts } from './matrix.js';

const marks = { passed: '✔', failed: '✖', noted: 'ℹ', skipped: '?', absent: '–' } as const;

/** The servers, counts by suite, and the cases on which they differ; with `all` every case. */
export function markdownMatrix(report: MatrixReport, { all = false } = {}): string {
  const { servers, suites, rows } = report;
  const names = servers.map(({ name }) => ({ title: inCell(name) }));
  const shown = suites
    .map(({ name }) => ({ name, rows: rows.filter((row) => row.suite === name && (all || !isAgreed(row))) }))
    .filter((suite) => suite.rows.length > 0);
  return `${[
    '## Servers side by side',
    serverTable(report),
    tableOf(
      [{ title: 'suite' }, ...names],
      suites.map(({ name, counts }) => [name, ...counts.map(countCell)]),
    ),
    `${marks.passed} passed, ${marks.failed} failed, ${marks.noted} noted (legal, and not what most clients expect), ${marks.skipped} skipped: it cannot be told of this server, ${marks.absent} absent: no such case for what this server is.`,
    ...(shown.length === 0 ? ['All servers have the same verdict on every case.'] : []),
    ...shown.flatMap((suite) => [
      `### ${suite.name}`,
      tableOf([{ title: 'case' }, ...names], suite.rows.map(rowCells)),
    ]),
  ].join('\n\n')}\n`;
}

function serverTable({ servers, rows }: MatrixReport): string {
  const counts = matrixCounts(rows, servers.length);
  const right = (title: string) => ({ title, right: true });
  return tableOf(
    [
      ...['', 'server', 'gRPC', 'REST'].map((title) => ({ title })),
      ...['passed', 'failed', 'noted', 'skipped', 'absent', 'time'].map(right),
    ],
    servers.map(({ name, server, endpoints, ms, error }, index) => {
      const { passed = 0, failed = 0, noted = 0, skipped = 0, absent = 0 } = counts[index] ?? {};
      const what = error
        ? `✖ ${inCell(error.message)}`
        : inCell(`${server?.name ?? ''} ${server?.version ?? ''}`.trim());
      const figures = error ? [] : [passed, failed, noted, skipped, absent].map(String);
      const time = ms === undefined ? '' : formatDuration(ms);
      const cells = [inCell(name), what, inCell(endpoints.grpc ?? ''), inCell(endpoints.http ?? ''), ...figures];
      return [...cells, ...Array.from({ length: 9 - cells.length }, () => ''), time];
    }),
  );
}

/** `12 ✔ 3 ✖`: what there is none of is left out. */
function countCell(counts: Record<keyof typeof marks, number>): string {
  const words = (Object.keys(marks) as (keyof typeof marks)[]).filter((status) => counts[status] > 0);
  return words.map((status) => `${counts[status]} ${marks[status]}`).join(' ');
}

function rowCells({ title, id, cells }: MatrixRow): string[] {
  return [`${inCell(title)}<br>\`${id}\``, ...cells.map(verdictCell)];
}

function verdictCell({ status, message }: MatrixCell): string {
  return message !== undefined ? `${marks[status]} ${inCell(message)}` : marks[status];
}
