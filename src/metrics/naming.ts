/** What new metrics are called. */
import { UsageError } from '../errors.js';
import type { MetricsRule } from './rules.js';

/** The names of a rule's results. */
export const defaultPattern = '{stem}.{output}';

const placeholders = ['stem', 'output', 'model', 'version', 'metric'] as const;

/** What the placeholders stand for. */
export type NameParts = Record<(typeof placeholders)[number], string>;

/** The name of a new metric. Throws UsageError for a placeholder that is none. */
export function metricName(pattern: string, parts: NameParts): string {
  return pattern.replace(/\{([^{}]*)\}/g, (_whole, word: string) => {
    const known = placeholders.find((name) => name === word);
    if (known !== undefined) return parts[known];
    throw new UsageError(`--output-pattern: {${word}} stands for nothing`, {
      hint: `use ${placeholders.map((name) => `{${name}}`).join(', ')}`,
    });
  });
}

/** Throws UsageError for a pattern that cannot be used. */
export function assertPattern({ outputPattern = defaultPattern }: MetricsRule): void {
  const parts = { stem: 's', output: 'o', model: 'm', version: 'v', metric: 'n' };
  if (metricName(outputPattern, parts) === '') throw new UsageError('--output-pattern: expected a name, got nothing');
}

/**
 * The name itself for one metric. For several the dotted words that all begin with, or where they have none in common, all
 * names, joined.
 */
export function stemOf(metrics: readonly string[]): string {
  const [first = [], ...rest] = metrics.map((name) => name.split('.'));
  if (rest.length === 0) return metrics[0] ?? '';
  const words = [...first].slice(0, Math.min(first.length, ...rest.map((name) => name.length)));
  const length = words.findIndex((word, index) => rest.some((name) => name[index] !== word));
  const common = length === -1 ? words : words.slice(0, length);
  return common.length > 0 ? common.join('.') : metrics.join('_');
}
