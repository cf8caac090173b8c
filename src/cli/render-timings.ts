/** The history of set-ups as a table, for a terminal or in Markdown. Pure. */
import { phaseTitles } from '../commands/context.js';
import type { Figures, TimingsGroup, TimingsReport } from '../commands/timings.js';
import { formatDuration } from '../duration.js';
import { inCell, percentOf, tableOf } from '../markdown.js';
import { leftColumn, linesOf, rightColumn } from './columns.js';
import type { Symbols } from './symbols.js';

/** Where the table is shown. */
export interface TableSpace {
  symbols: Symbols;
  /** Of the terminal; endless where there is none. */
  columns: number;
}

const barColumns = 12;
const trendColumns = 12;

/** A table for each environment and engine. Columns that the terminal has no room for are left out, the trend first. */
export function renderTimings(report: TimingsReport, space: TableSpace): string {
  const { groups, name, cleared } = report;
  if (groups.length === 0) return `There is no history of set-ups${name === undefined ? '' : ` of ${name}`}`;
  if (cleared) return groups.map((group) => `Forgot the set-ups of ${titleOf(group)}`).join('\n');
  return groups.map((group) => [titleLine(group), ...rowsOf(group, space)].join('\n')).join('\n\n');
}

/** The same for the page of a CI job. */
export function markdownTimings({ groups, name }: TimingsReport, { symbols }: TableSpace): string {
  if (groups.length === 0) return `There is no history of set-ups${name === undefined ? '' : ` of ${inCell(name)}`}`;
  return groups.map((group) => [`### ${titleLine(group)}`, markdownTable(group, symbols)].join('\n\n')).join('\n\n');
}

function titleOf({ name, engine }: TimingsGroup): string {
  return `${name} (${engine})`;
}

function titleLine(group: TimingsGroup): string {
  const { setUps, unchanged, failed, budgetMs } = group;
  const failures = Object.entries(failed).map(([code, count]) => `${count} failed (${code})`);
  const unchangedWord = unchanged > 0 ? [`${unchanged} found it up already`] : [];
  const made = `${setUps} ${setUps === 1 ? 'set-up' : 'set-ups'}`;
  return `${titleOf(group)}: ${[made, ...unchangedWord, ...failures].join(', ')}; budget ${formatDuration(budgetMs)}`;
}

/** A title and its figures, the phases first. */
function figuresOf({ phases, rest, total }: TimingsGroup): { title: string; figures: Figures; cached: boolean }[] {
  return [
    ...phases.map((figures) => ({
      title: phaseTitles[figures.phase],
      figures,
      cached: figures.cached === figures.runs,
    })),
    ...(rest ? [{ title: 'Rest', figures: rest, cached: false }] : []),
    ...(total ? [{ title: 'Total', figures: total, cached: false }] : []),
  ];
}

function rowsOf(group: TimingsGroup, { symbols, columns }: TableSpace): string[] {
  const lines = figuresOf(group);
  if (lines.length === 0) return [];
  const all = [
    leftColumn(['phase', ...lines.map(({ title, cached }) => `${title}${cached ? ' (cached)' : ''}`)]),
    ...(['last', 'median', 'min', 'max'] as const).map((key) =>
      rightColumn([key, ...lines.map(({ figures }) => formatDuration(figures[`${key}Ms`]))]),
    ),
    rightColumn(['budget', ...lines.map(({ figures }) => percentOf(figures.budgetShare))]),
    leftColumn([
      'share',
      ...lines.map(({ title, figures }) => (title === 'Total' ? '' : barOf(figures.share, symbols))),
    ]),
    leftColumn(['trend', ...lines.map(({ figures }) => trendOf(figures.trend, symbols))]),
  ];
  return linesOf(all, columns);
}

/** The share of all the time; what took any has a bar, however short. */
function barOf(share: number, { bar }: Symbols): string {
  return bar.repeat(share === 0 ? 0 : Math.max(1, Math.round(share * barColumns)));
}

/** The newest ones, each as a part of the most of them; a gap where a set-up had no such phase. */
function trendOf(trend: readonly (number | null)[], { levels }: Symbols): string {
  const newest = trend.slice(-trendColumns);
  const times = newest.filter((ms) => ms !== null);
  // From nothing, not from the least: what varies by a hundredth shall look so.
  const most = Math.max(...times, 1);
  const levelOf = (ms: number) => levels[Math.round((ms / most) * (levels.length - 1))] ?? '';
  return newest.map((ms) => (ms === null ? ' ' : levelOf(ms))).join('');
}

function markdownTable(group: TimingsGroup, symbols: Symbols): string {
  const numbers = ['last', 'median', 'min', 'max', 'of the time', `of the ${formatDuration(group.budgetMs)} budget`];
  return tableOf(
    [{ title: 'phase' }, ...numbers.map((title) => ({ title, right: true })), { title: 'trend' }],
    figuresOf(group).map(({ title, figures, cached }) => [
      `${title}${cached ? ' (cached)' : ''}`,
      ...(['lastMs', 'medianMs', 'minMs', 'maxMs'] as const).map((key) => formatDuration(figures[key])),
      percentOf(figures.share),
      percentOf(figures.budgetShare),
      trendOf(figures.trend, symbols).trim(),
    ]),
  );
}
