/** New data points from the answer to an inference. */
import type { InferResponse } from '../protocol/tensor.js';
import type { Row } from './alignment.js';
import type { Group } from './groups.js';
import { defaultPattern, metricName, stemOf } from './naming.js';
import type { Attribute, NewPoint, Point, Scope } from './otlp-document.js';
import { newValues } from './output-values.js';
import type { MetricsRule } from './rules.js';

/** Attributes that a new point has besides those of its source. */
const modelName = 'otel.inference.model.name';
const modelVersion = 'otel.inference.model.version';
/** Where a source has several results, which of them it is. */
const outputIndex = 'otel.inference.output.index';
const ownKeys: ReadonlySet<string> = new Set([modelName, modelVersion, outputIndex]);

/** A new point, the metric that it belongs to, and where. */
export interface Result {
  scope: Scope;
  name: string;
  point: NewPoint;
}

/** Points of all outputs, and words for each output that cannot become a metric. */
export interface AnswerResults {
  version: string;
  results: Result[];
  unusable: string[];
}

/** What an answer adds. */
export function resultsOf(rule: MetricsRule, group: Group, answer: InferResponse): AnswerResults {
  const version = answer.modelVersion || (rule.modelVersion ?? '');
  const found: AnswerResults = { version, results: [], unusable: [] };
  const own = [
    { key: modelName, value: rule.model },
    ...(version === '' ? [] : [{ key: modelVersion, value: version }]),
  ];
  if (answer.outputs.length === 0) found.unusable.push('the answer has no outputs');
  for (const [index, output] of answer.outputs.entries()) {
    const values = newValues(output);
    if (typeof values === 'string') {
      found.unusable.push(values);
      continue;
    }
    const name = metricName(rule.outputPattern ?? defaultPattern, {
      stem: stemOf(rule.metrics),
      output: output.name || `output_${index}`,
      model: rule.model,
      version,
      metric: rule.metrics[0] ?? '',
    });
    const places = placesOf(group, values.length);
    for (const [position, value] of values.entries()) {
      const { source, attributes, index: inSource } = places(position);
      const { scope, startTime, time } = source;
      const mine = inSource === undefined ? own : [...own, { key: outputIndex, value: BigInt(inSource) }];
      found.results.push({ scope, name, point: { copied: attributes, own: mine, startTime, time, value } });
    }
  }
  return found;
}

/** Where an element of an output belongs. */
interface Place {
  source: Point;
  attributes: readonly Attribute[];
  /** Which element of its source it is, where there are several. */
  index?: number;
}

/**
 * As many elements as rows: each is its row's. As many as the source has in all, or the same number for each row: so many
 * in a row belong to each. Else they belong to the group: to its newest row, with the attributes that all rows share.
 */
function placesOf({ rows, widths }: Group, count: number): (position: number) => Place {
  const width = rows.length === 0 ? 0 : count / rows.length;
  if (count === widths.reduce((sum, one) => sum + one, 0) && count !== rows.length) return byWidths(rows, widths);
  if (Number.isInteger(width) && width > 0) {
    return (position) => placeIn(rows[Math.floor(position / width)] as Row, position % width, width);
  }
  const source = rows.reduce((newest, { source }) => (source.time >= newest.time ? source : newest), firstOf(rows));
  const attributes = sharedAttributes(rows);
  return (position) => (count === 1 ? { source, attributes } : { source, attributes, index: position });
}

function byWidths(rows: readonly Row[], widths: readonly number[]): (position: number) => Place {
  const places = rows.flatMap((row, at) => {
    const width = widths[at] as number;
    return Array.from({ length: width }, (_, index) => placeIn(row, index, width));
  });
  return (position) => places[position] as Place;
}

function placeIn({ source }: Row, index: number, width: number): Place {
  const attributes = withoutOwn(source.attributes);
  return width === 1 ? { source, attributes } : { source, attributes, index };
}

function firstOf(rows: readonly Row[]): Point {
  const [first] = rows;
  if (first === undefined) throw new Error('A group has at least one row');
  return first.source;
}

function sharedAttributes(rows: readonly Row[]): Attribute[] {
  const candidates = withoutOwn(firstOf(rows).attributes);
  return candidates.filter(({ key, value }) =>
    rows.every(({ source }) => source.attributes.some((other) => other.key === key && other.value === value)),
  );
}

/** The result of a result: a key may be there once only. */
function withoutOwn(attributes: readonly Attribute[]): readonly Attribute[] {
  return attributes.some(({ key }) => ownKeys.has(key))
    ? attributes.filter(({ key }) => !ownKeys.has(key))
    : attributes;
}
