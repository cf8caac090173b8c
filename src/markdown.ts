/** Pieces of GitHub Flavored Markdown (https://github.github.com/gfm). */
import { oneLine } from './plain-text.js';

/** A column of a table. */
export interface Column {
  title: string;
  /** Numbers stand to the right. */
  right?: boolean;
}

/** A table of cells that are Markdown already. */
export function tableOf(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map(({ right }) => (right ? '--:' : '---'));
  return [line(columns.map(({ title }) => title)), line(rule), ...rows.map(line)].join('\n');
}

/** Any text as it stands, on one line. */
export function inCell(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]<>|~#!&@]/g, '\\$&');
}

/** Any text as it stands, as code within a line: between more backticks than any in the text. */
export function code(text: string): string {
  const line = oneLine(text);
  const ticks = '`'.repeat(1 + longestRun(line));
  // A space within keeps a backtick at either end from joining the fence; it is not shown.
  return line.startsWith('`') || line.endsWith('`') ? `${ticks} ${line} ${ticks}` : `${ticks}${line}${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
}

/** Any text as it stands, in a block whose fence is longer than any in the text. */
export function block(text: string): string {
  const fence = '`'.repeat(Math.max(2, longestRun(text)) + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** `0.004` → `0.4 %`. What is there is never nothing. */
export function percentOf(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.05) return '< 0.1 %';
  return `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}
