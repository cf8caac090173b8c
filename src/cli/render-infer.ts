/** The answer to an inference, for people. Pure: data in, text out. */
import type { InferReport } from '../commands/infer.js';
import { alignedRows } from './columns.js';

type Output = InferReport['outputs'][number];

/** So many elements of a row, and so many rows, are shown; the count of all is told. */
const shown = { elements: 20, rows: 20 };

/** Letters of one element in a table. */
const widest = 40;

/**
 * A line for each output where none has more than one row: `scaled_result FP64 [3]: 2 -5 6`. Else a table with a row a
 * line. `all`: however long it is. With `body` that alone.
 */
export function renderInfer({ outputs, body }: InferReport, all = false): string {
  if (body !== undefined) return body;
  if (outputs.every((output) => rowsOf(output) <= 1)) return outputs.map((output) => lineOf(output, all)).join('\n');
  const head = ['NAME', 'DATATYPE', 'SHAPE', 'VALUES'];
  return alignedRows([head, ...outputs.flatMap((output) => tableOf(output, all))]).join('\n');
}

/** How many rows an output has: a shape of one dimension is one. */
function rowsOf({ shape, data }: Output): number {
  return shape.length < 2 || data.length === 0 ? 1 : data.length / lengthOf(shape);
}

/** Elements of a row. */
function lengthOf(shape: readonly number[]): number {
  return shape.at(-1) ?? 1;
}

function lineOf({ name, datatype, shape, data }: Output, all: boolean): string {
  const words = data.slice(0, all ? data.length : shown.elements).map(wordOf);
  return `${name} ${datatype} [${shape.join(', ')}]: ${words.join(' ')}${rest(words.length, data.length)}`;
}

/** The lines of an output: its name before the first, and of more than two dimensions the place before each. */
function tableOf(output: Output, all: boolean): string[][] {
  const { name, datatype, shape, data } = output;
  const rows = rowsOf(output);
  const length = data.length === 0 ? 0 : rows === 1 ? data.length : lengthOf(shape);
  const counts = {
    elements: Math.min(length, all ? length : shown.elements),
    rows: Math.min(rows, all ? rows : shown.rows),
  };
  const cells = Array.from({ length: counts.rows }, (_, row) =>
    data.slice(row * length, row * length + counts.elements).map(cellOf),
  );
  const widths = Array.from({ length: counts.elements }, (_, column) =>
    cells.reduce((width, line) => Math.max(width, (line[column] ?? '').length), 0),
  );
  const lines = cells.map((line, row) => {
    const place = shape.length > 2 ? `${placeOf(row, shape)}  ` : '';
    const values = line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ');
    return `${place}${values}${rest(counts.elements, length)}`;
  });
  if (counts.rows < rows) lines.push(`… of ${rows} rows`);
  return lines.map((line, row) => (row === 0 ? [name, datatype, `[${shape.join(', ')}]`, line] : ['', '', '', line]));
}

function rest(count: number, length: number): string {
  return count < length ? `${count > 0 ? ' ' : ''}… of ${length}` : '';
}

/** `[1, 0, :]` for a row of three dimensions. */
function placeOf(row: number, shape: readonly number[]): string {
  const index: number[] = [];
  let left = row;
  for (const size of shape.slice(0, -1).reverse()) {
    index.unshift(left % size);
    left = Math.floor(left / size);
  }
  return `[${index.join(', ')}, :]`;
}

function wordOf(value: Output['data'][number]): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A text in quotes where its end would not be seen, or where it would leave its cell. */
function cellOf(value: Output['data'][number]): string {
  const word = wordOf(value);
  const cell = typeof value === 'string' && (word === '' || /[\s\p{Cc}]/u.test(word)) ? JSON.stringify(word) : word;
  return cell.length > widest ? `${cell.slice(0, widest - 1)}…` : cell;
}
