/** What `metrics` says of its rules, for people. */
import type { MetricsReport, MetricsRuleReport } from '../commands/metrics.js';
import { formatDuration } from '../duration.js';

/** A line for each rule, and one for the whole. */
export function renderMetrics({ rules, originals, ms, path }: MetricsReport): string {
  const kept = `${counted(originals.metrics, 'metric')} of the input ${originals.unchanged ? 'unchanged' : 'CHANGED'}`;
  const where = path === null ? '' : `, written to ${path}`;
  return [...rules.map(ruleLine), `${kept}, in ${formatDuration(ms)}${where}`].join('\n');
}

function ruleLine({ model, metrics, groups, inferences, names, newPoints, errors }: MetricsRuleReport): string {
  const mark = errors.length === 0 ? '✔' : '✖';
  const added = names.length === 0 ? 'nothing new' : `${counted(newPoints, 'new point')} in ${names.join(', ')}`;
  const failed = errors.reduce((sum, { count }) => sum + count, 0);
  const trouble = failed === 0 ? '' : `, ${counted(failed, 'error')}`;
  const answered =
    inferences === groups ? counted(groups, 'inference') : `${inferences} of ${counted(groups, 'inference')}`;
  return `${mark} ${metrics.join(' + ')} → ${model}: ${answered}, ${added}${trouble}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
