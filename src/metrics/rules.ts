/** What is asked for: which metrics go into which model, and which of their points. */
import type { Parameters } from '../protocol/tensor.js';

/** Which points of a series are used: the newest, the newest so many, or all. */
export type Mode = { kind: 'latest' } | { kind: 'window'; size: number } | { kind: 'all' };

/** What one inference is made of: everything of a rule, of each resource, or of each series. */
export const groupings = ['rule', 'resource', 'series'] as const;
export type Grouping = (typeof groupings)[number];

/** Metrics that go into a model together. */
export interface MetricsRule {
  model: string;
  /** Names of the metrics, one for each input of the model, in its order. */
  metrics: readonly string[];
  /** Empty or absent for the server's choice. */
  modelVersion?: string;
  parameters?: Parameters;
  /** Default: latest. */
  mode?: Mode;
  /** Default: series for a window, else rule. */
  per?: Grouping;
  /** Name of a new metric, with {stem}, {output}, {model}, {version} and {metric}. Default: `{stem}.{output}`. */
  outputPattern?: string;
}

/** The grouping of a rule. */
export function groupingOf({ mode, per }: MetricsRule): Grouping {
  return per ?? (mode?.kind === 'window' ? 'series' : 'rule');
}
