/** Orders the cases of a suite as a table: a row for what is checked, a column for the route it is checked over. */
import type { CaseResult, SuiteName } from '../case.js';

/** Routes and transports, in the order of the columns. */
export const columns = ['grpc', 'grpc-typed', 'grpc-raw', 'rest', 'rest-json', 'rest-binary', 'both'] as const;

export type Column = (typeof columns)[number];

/** What is checked, over each route that it is checked over. */
export interface CaseRow {
  /** The ids of its cases without their route. */
  id: string;
  title: string;
  cells: ReadonlyMap<Column, CaseResult>;
}

/** Rows that belong together: the same is checked, of one model after another. */
export interface CaseFamily {
  title: string;
  rows: CaseRow[];
  /** What is said of every case in it; undefined where they differ. */
  spec: string | undefined;
  why: string | undefined;
}

/** The table of one suite. */
export interface SuiteTable {
  suite: SuiteName;
  /** Those that have a case. */
  columns: Column[];
  families: CaseFamily[];
}

/** Rows and families in the order of their first cases. */
export function suiteTable(suite: SuiteName, cases: readonly CaseResult[]): SuiteTable {
  const rows = new Map<string, { row: CaseRow; cells: Map<Column, CaseResult>; family: string }>();
  for (const one of cases.filter((one) => one.suite === suite)) {
    const { key, column } = placeOf(one);
    // Two cases on one place are two rows: none may be lost.
    let id = key;
    while (rows.get(id)?.cells.has(column)) id += ', again';
    const found = rows.get(id);
    if (found) found.cells.set(column, one);
    else {
      const cells = new Map([[column, one]]);
      rows.set(id, { row: { id, title: titleOf(one), cells }, cells, family: familyOf(one) });
    }
  }
  const families = new Map<string, CaseRow[]>();
  for (const { row, family } of rows.values()) families.set(family, [...(families.get(family) ?? []), row]);
  const used = new Set([...rows.values()].flatMap(({ cells }) => [...cells.keys()]));
  return {
    suite,
    columns: columns.filter((column) => used.has(column)),
    families: [...families].map(([title, rows]) => ({
      title,
      rows,
      spec: common(rows, ({ spec }) => spec),
      why: common(rows, ({ why }) => why),
    })),
  };
}

function placeOf({ id, transports }: CaseResult): { key: string; column: Column } {
  const parts = id.split('/');
  const last = columns.find((column) => column !== 'both' && column === parts.at(-1));
  if (last !== undefined && parts.length > 2) return { key: parts.slice(0, -1).join('/'), column: last };
  const [only = 'both'] = transports.length === 1 ? transports : [];
  return { key: id, column: only };
}

/** Many titles end in their route, which the column says. */
function titleOf({ title }: CaseResult): string {
  return title.replace(/ \((?:grpc|rest)(?:-typed|-raw|-json|-binary)?\)$/, '');
}

/** The second part of an id says what is checked, of one model after another. */
function familyOf({ id }: CaseResult): string {
  return (id.split('/')[1] ?? '').replaceAll('-', ' ');
}

function common(rows: readonly CaseRow[], of: (one: CaseResult) => string): string | undefined {
  const values = new Set(rows.flatMap(({ cells }) => [...cells.values()].map(of)));
  return values.size === 1 ? [...values][0] : undefined;
}
