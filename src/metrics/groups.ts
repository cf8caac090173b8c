/** What goes into each inference of a rule. */

import type { Tensor } from '../protocol/tensor.js';
import { alignRows, type Input, type Row, type SeriesRows } from './alignment.js';
import { groupBy } from './group-by.js';
import { attributesForPeople } from './identity.js';
import { countLeftOut } from './left-out.js';
import { isInexact, type OtlpDocument, type Point } from './otlp-document.js';
import type { LeftOut, RuleError } from './report.js';
import { type Grouping, groupingOf, type MetricsRule } from './rules.js';
import { seriesOf } from './series.js';

/** One inference: a tensor for each metric, and the rows that its elements come from. */
export interface Group {
  rows: readonly Row[];
  /** Elements of each row's source. */
  widths: readonly number[];
  inputs: Tensor[];
}

/** A rule, ready to be run. */
export interface PreparedRule {
  rule: MetricsRule;
  groups: Group[];
  /** Groups that cannot be inferred, or why there is none. */
  errors: RuleError[];
  leftOut: LeftOut[];
}

/** Reads what the rules need, a metric that several have once, and puts it together. Throws OtlpInputError. */
export function prepareRules(document: OtlpDocument, rules: readonly MetricsRule[]): PreparedRule[] {
  const read = new Map<string, Input>();
  const inputOf = (name: string): Input => {
    const input = read.get(name) ?? readInput(document, name);
    read.set(name, input);
    return input;
  };
  return rules.map((rule) => prepareRule(document, rule, rule.metrics.map(inputOf)));
}

function readInput(document: OtlpDocument, name: string): Input {
  const points = document.metrics.filter((metric) => metric.name === name).flatMap((one) => document.points(one));
  return { name, series: seriesOf(points) };
}

function prepareRule(document: OtlpDocument, rule: MetricsRule, inputs: readonly Input[]): PreparedRule {
  const { metrics, mode = { kind: 'latest' } } = rule;
  const missing = inputs.filter(({ series }) => series.length === 0).map(({ name }) => name);
  if (missing.length > 0) {
    return { rule, groups: [], errors: missing.map((name) => missingMetric(document, name)), leftOut: [] };
  }
  const { leave, counted } = countLeftOut();
  const rows = alignRows(inputs, mode, leave);
  const groups: Group[] = [];
  const errors: RuleError[] = [];
  for (const some of groupRows(rows, groupingOf(rule))) {
    const inexact = inexactValue(metrics, some);
    if (inexact === undefined) groups.push(groupOf(metrics, some));
    else errors.push({ kind: 'inexact-value', status: null, message: inexact, count: 1 });
  }
  const leftOut = counted();
  if (rows.length === 0) {
    const message = `There is nothing to infer from: ${leftOut[0]?.example ?? 'no points'}`;
    errors.push({ kind: 'nothing-to-infer', status: null, message, count: 1 });
  }
  return { rule, groups, errors, leftOut };
}

function missingMetric({ metrics }: OtlpDocument, name: string): RuleError {
  const there = metrics.some((metric) => metric.name === name);
  const names = [...new Set(metrics.map((metric) => metric.name))];
  const some = `${names.slice(0, 8).join(', ')}${names.length > 8 ? `, and ${names.length - 8} more` : ''}`;
  const message = there
    ? `${name} has no data points`
    : `The input has no metric ${name}; it has ${names.length === 0 ? 'none at all' : some}`;
  return { kind: 'no-metric', status: null, message, count: 1 };
}

function groupRows(all: readonly SeriesRows[], per: Grouping): Row[][] {
  if (per === 'series') return all.map(({ rows }) => rows);
  const parts = per === 'rule' ? [all] : [...groupBy(all, ({ resource }) => resource).values()];
  return parts.filter((part) => part.length > 0).map((part) => inOrder(part.flatMap(({ rows }) => rows)));
}

/** In the order of the input, where the points of several series are mixed. */
function inOrder(rows: Row[]): Row[] {
  return rows.sort((one, other) => one.source.scope.index - other.source.scope.index || one.order - other.order);
}

function inexactValue(metrics: readonly string[], rows: readonly Row[]): string | undefined {
  for (const { points } of rows) {
    for (const [index, { values, attributes }] of points.entries()) {
      if (!isInexact(values)) continue;
      const { field, value } = values;
      return `${metrics[index]}${attributesForPeople(attributes)} has ${field} ${value}, which no double holds exactly`;
    }
  }
  return undefined;
}

function groupOf(metrics: readonly string[], rows: readonly Row[]): Group {
  const inputs = metrics.map((name, index): Tensor => {
    const data = tensorData(rows.map(({ points }) => points[index] as Point));
    return { name, datatype: 'FP64', shape: [data.length], data };
  });
  return { rows, widths: rows.map(({ source }) => elementsOf(source).length), inputs };
}

function tensorData(points: readonly Point[]): Float64Array {
  const data = new Float64Array(points.reduce((sum, point) => sum + elementsOf(point).length, 0));
  let position = 0;
  for (const point of points) for (const value of elementsOf(point)) data[position++] = value;
  return data;
}

function elementsOf({ values }: Point): readonly number[] {
  return values === undefined || isInexact(values) ? [] : values;
}
