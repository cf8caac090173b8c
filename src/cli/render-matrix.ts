/** Servers side by side, for a terminal. Pure. */
import type { Alike } from '../checks/report/alike.js';
import {
  alikeRows,
  isAgreed,
  type MatrixCell,
  type MatrixColumn,
  type MatrixReport,
  type MatrixRow,
  matrixCounts,
} from '../checks/report/matrix.js';
import { formatDuration } from '../duration.js';
import { oneLine } from '../plain-text.js';
import { alignedRows, leftColumn, linesOf, rightColumn } from './columns.js';
import type { Space } from './space.js';
import type { Symbols } from './symbols.js';
import { cutTo, widthOf } from './text.js';

/** The servers, the cases suite by suite, and the counts; verbose is every case in a row of its own. */
export function renderMatrix(report: MatrixReport, space: Space): string {
  const { servers, suites, rows } = report;
  const names = servers.map(({ name }) => name);
  return [
    ...serverLines(servers),
    ...suites.flatMap(({ name }) => {
      const own = rows.filter(({ suite }) => suite === name);
      return ['', headLine(name, names), ...suiteLines(own, names, space)];
    }),
    '',
    ...countLines(report, space),
  ].join('\n');
}

function serverLines(servers: readonly MatrixColumn[]): string[] {
  return alignedRows(
    servers.map(({ name, server, endpoints, error }) => {
      const where = [endpoints.grpc, endpoints.http].filter(Boolean).join(', ');
      const what = error ? error.message : `${server?.name ?? ''} ${server?.version ?? ''}`.trim() || 'says no name';
      return [name, oneLine(what), where];
    }),
  );
}

/** `health    ours  mlserver`: a mark stands under the beginning of each name. */
function headLine(suite: string, names: readonly string[]): string {
  return `${' '.repeat(indent)}${names.join('  ')}  ${suite}`;
}

const indent = 2;

function suiteLines(rows: readonly MatrixRow[], names: readonly string[], space: Space): string[] {
  const { verbose } = space;
  const alike = rows.filter(isAgreed);
  const groups = verbose
    ? rows.map((first) => ({ first, others: [] }))
    : alikeRows(rows.filter((row) => !isAgreed(row)));
  const lines = groups.flatMap((group) => rowLines(group, names, space));
  return verbose || alike.length === 0 ? lines : [...alikeLines(alike, names, space), ...lines];
}

/** Cases that all servers agree on, by verdict. */
function alikeLines(rows: readonly MatrixRow[], names: readonly string[], space: Space): string[] {
  const statuses = [...new Set(rows.map(({ cells }) => cells[0]?.status ?? 'absent'))];
  return statuses.map((status) => {
    const same = rows.filter(({ cells }) => cells[0]?.status === status);
    const marks = marksOf(same[0]?.cells ?? [], names, space);
    const words = `${same.length} ${same.length === 1 ? 'case' : 'cases'} alike`;
    return `${marks}${space.paint('dim', cutTo(roomOf(names, space), words, space.symbols.cut))}`;
  });
}

function rowLines({ first: row, others }: Alike<MatrixRow>, names: readonly string[], space: Space): string[] {
  const { symbols, paint } = space;
  const marks = marksOf(row.cells, names, space);
  const room = roomOf(names, space);
  const title = cutTo(room, oneLine(row.title), symbols.cut);
  const pad = ' '.repeat(marksWidth(names));
  const below = (text: string) => `${pad}${paint('dim', cutTo(room, oneLine(text), symbols.cut))}`;
  const messages = row.cells.flatMap(({ status, message }, index) => {
    const said = status === 'failed' || status === 'noted' || space.verbose;
    if (message === undefined || !said) return [];
    return [below(`${names[index]}: ${message}`)];
  });
  const tail = others.length > 0 ? [below(`and ${others.length} more like it`)] : [];
  return [`${marks}${title}`, ...messages, ...tail];
}

/** Columns that the marks take. */
function marksWidth(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + widthOf(name) + 2, indent);
}

/** Columns that are left beside them. */
function roomOf(names: readonly string[], { columns }: Space): number {
  return Math.max(0, columns - marksWidth(names));
}

/** The marks, each under its server's name. */
function marksOf(cells: readonly MatrixCell[], names: readonly string[], { symbols, paint }: Space): string {
  const style = { passed: 'green', failed: 'red', noted: 'yellow', skipped: 'dim', absent: 'dim' } as const;
  const marks = cells.map(({ status }, index) => {
    const mark = markOf(status, symbols);
    return paint(style[status], mark) + ' '.repeat(Math.max(0, widthOf(names[index] ?? '') - widthOf(mark)));
  });
  return `${' '.repeat(indent)}${marks.join('  ')}  `;
}

/** What was skipped could not be told; what is absent has the sign for nothing to tell. */
function markOf(status: MatrixCell['status'], { done, failed, noted, skipped }: Symbols): string {
  return { passed: done, failed, noted, skipped: '?', absent: skipped }[status];
}

/** The counts, under the marks that stand for them above. */
function countLines({ servers, rows }: MatrixReport, { symbols }: Space): string[] {
  const counts = matrixCounts(rows, servers.length);
  const lost = servers.filter(({ error }) => error).map(({ name }) => `  ${name} could not be checked`);
  const checked = servers.flatMap((column, index) => (column.error ? [] : [{ ...column, counts: counts[index] }]));
  const statuses = ['passed', 'failed', 'noted', 'skipped', 'absent'] as const;
  return [
    ...linesOf(
      [
        leftColumn(['', ...checked.map(({ name }) => name)]),
        ...statuses.map((status) =>
          rightColumn([
            `${markOf(status, symbols)} ${status}`,
            ...checked.map((column) => String(column.counts?.[status] ?? 0)),
          ]),
        ),
        rightColumn(['time', ...checked.map(({ ms = 0 }) => formatDuration(ms))]),
      ],
      Number.POSITIVE_INFINITY,
    ),
    ...lost,
  ];
}
