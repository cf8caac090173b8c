/** Where the time of a set-up went, as `up --verbose` shows it. Pure. */
import { phaseTitles } from '../commands/context.js';
import type { UpReport } from '../commands/up.js';
import { formatDuration } from '../duration.js';
import { percentOf } from '../markdown.js';
import { leftColumn, linesOf, rightColumn } from './columns.js';

/** A line for each phase with its time and its share of the budget, what was no phase's, and the total. */
export function renderBudget({ phases, budget }: Pick<UpReport, 'phases' | 'budget'>): string {
  const { totalMs, budgetMs, restMs, share } = budget;
  const rows = [
    { title: 'phase', time: 'time', share: `of ${formatDuration(budgetMs)}` },
    ...phases.map(({ phase, ms, cached, share }) => ({
      title: `${phaseTitles[phase]}${cached ? ' (cached)' : ''}`,
      time: formatDuration(ms),
      share: percentOf(share),
    })),
    { title: 'Rest', time: formatDuration(restMs), share: percentOf(restMs / budgetMs) },
    { title: 'Total', time: formatDuration(totalMs), share: percentOf(share) },
  ];
  const columns = [
    leftColumn(rows.map(({ title }) => title)),
    rightColumn(rows.map(({ time }) => time)),
    rightColumn(rows.map((row) => row.share)),
  ];
  return linesOf(columns, Number.POSITIVE_INFINITY).join('\n');
}
