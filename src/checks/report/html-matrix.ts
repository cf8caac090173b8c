/** The table of all cases: what is checked in rows, the routes it is checked over in columns. */
import type { CaseResult } from '../case.js';
import { type CaseFamily, type CaseRow, type Column, type SuiteTable, suiteTable } from './case-rows.js';
import { empty, html, type Markup } from './html-markup.js';
import { barSteps } from './html-style.js';
import { type Anchors, columnTitle, letterOf, markOf, timeOf } from './html-words.js';
import { fails, type RunReport } from './run-report.js';

/** The tables of all suites, and where on the page each case is told of. */
export interface Matrix {
  tables: SuiteTable[];
  anchors: Anchors;
  /** Of rows. */
  rowAnchors: ReadonlyMap<CaseRow, string>;
}

/** A case that failed or was noted is told of in a card of its own, any other one in its row. */
export function matrixOf(report: RunReport): Matrix {
  const tables = report.suites.map(({ name }) => suiteTable(name, report.cases));
  const anchors = new Map<CaseResult, string>();
  const rowAnchors = new Map<CaseRow, string>();
  for (const row of tables.flatMap(({ families }) => families.flatMap(({ rows }) => rows))) {
    rowAnchors.set(row, `r${rowAnchors.size}`);
    for (const one of row.cells.values()) {
      const own = one.status === 'noted' || fails(one, report);
      anchors.set(one, own ? `c${anchors.size}` : (rowAnchors.get(row) ?? ''));
    }
  }
  return { tables, anchors, rowAnchors };
}

/** A table a suite. */
export function matrixSections(matrix: Matrix): Markup[] {
  return matrix.tables.map(
    (table) => html`<section aria-labelledby="s-${table.suite}" data-g><h3 id="s-${table.suite}">${table.suite}</h3>
<table class="matrix"><thead><tr><th scope="col">case</th>${table.columns.map((column) => html`<th scope="col" class="route">${lines(column)}</th>`)}</tr></thead>
${table.families.map((family) => familyRows(family, table.columns, matrix))}</table></section>
`,
  );
}

function lines(column: Column): Markup {
  const [first = '', second] = columnTitle[column].split(' ');
  return second === undefined ? html`${first}` : html`${first}<br>${second}`;
}

function familyRows(family: CaseFamily, columns: readonly Column[], matrix: Matrix): Markup {
  const { title, rows, spec, why } = family;
  const words = [spec, why].filter((text) => text !== undefined);
  return html`<tbody data-g><tr class="family"><th colspan="${columns.length + 1}" scope="rowgroup">${title}${words.map((text) => html`<p>${text}</p>`)}</th></tr>
${rows.map((row) => rowOf(row, family, columns, matrix))}</tbody>
`;
}

function rowOf(row: CaseRow, { spec, why }: CaseFamily, columns: readonly Column[], matrix: Matrix): Markup {
  const { id, title, cells } = row;
  const own = [...cells.values()];
  const letters = [...new Set(own.map(({ status }) => letterOf[status]))].join('');
  // What the family has said already is not said again.
  const first = own[0];
  const words = [spec === undefined ? first?.spec : undefined, why === undefined ? first?.why : undefined];
  const reasons = new Set(
    own.filter(({ status }) => status === 'skipped').map(({ message = '' }) => `skipped: ${message}`),
  );
  return html`<tr id="${matrix.rowAnchors.get(row) ?? ''}" data-v="${letters}"><th scope="row"><details><summary>${title}</summary><div class="inner"><p class="id">${id}</p>${[...words, ...reasons].flatMap((text) => (text === undefined ? [] : [html`<p>${text}</p>`]))}</div></details></th>${columns.map((column) => cell(cells.get(column), matrix.anchors))}</tr>
`;
}

/** Who goes by keyboard has the row's own details; only what needs a look stops there. */
function cell(one: CaseResult | undefined, anchors: Anchors): Markup {
  if (one === undefined) return html`<td></td>`;
  const { status, ms } = one;
  const quiet = status === 'passed' || status === 'skipped' ? html` tabindex="-1"` : empty;
  const time = status === 'skipped' ? '' : timeOf(ms);
  return html`<td><a class="${letterOf[status]} w${stepOf(ms)}" href="#${anchors.get(one) ?? ''}" aria-label="${status}" title="${status} ${time}"${quiet}>${markOf[status]}</a></td>`;
}

/** From a tenth of a millisecond to ten seconds, each step more than three times the one before it. */
function stepOf(ms: number): number {
  const decades = Math.log10(Math.max(ms, 0.1) / 0.1);
  return Math.min(barSteps - 1, Math.round((decades / 5) * (barSteps - 1)));
}
