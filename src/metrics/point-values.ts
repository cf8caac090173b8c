/** What a data point of each kind puts into a tensor of FP64, exactly or not at all. */
import type { PointValues } from './otlp-document.js';

/** Kinds of a metric's data. */
export const dataKinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;
export type DataKind = (typeof dataKinds)[number];

/** An integer of 64 bits as the formats give it: a number where that is exact. */
export type Integer = number | bigint;

/** Buckets of one sign of an exponential histogram. */
export interface Buckets {
  offset: number;
  counts: Integer[];
}

/** Fields of a data point, of all kinds together; what a kind has not stays as `emptyFields` has it. */
export interface PointFields {
  flags: number;
  asInt: Integer | undefined;
  asDouble: number | undefined;
  count: Integer;
  sum: number | undefined;
  scale: number;
  zeroCount: Integer;
  bucketCounts: Integer[];
  positive: Buckets;
  negative: Buckets;
  quantiles: { quantile: number; value: number }[];
}

/** The fields of a point of which nothing was read yet. */
export function emptyFields(): PointFields {
  return {
    flags: 0,
    asInt: undefined,
    asDouble: undefined,
    count: 0,
    sum: undefined,
    scale: 0,
    zeroCount: 0,
    bucketCounts: [],
    positive: { offset: 0, counts: [] },
    negative: { offset: 0, counts: [] },
    quantiles: [],
  };
}

/** The flag that says that there is no value. Source: opentelemetry/proto/metrics/v1/metrics.proto, DataPointFlags */
const noRecordedValue = 1;

/**
 * The elements of a point:
 * - Gauge and Sum: the value;
 * - Histogram: count, sum, bucket counts;
 * - ExponentialHistogram: count, sum, scale, zero count, positive offset and counts, negative offset and counts;
 * - Summary: count, sum, then each quantile with its value.
 *
 * OTLP leaves out the sum where events can be negative. It is NaN then: each place of a tensor has its meaning, and 0
 * would be a value.
 */
export function valuesOf(kind: DataKind, fields: PointFields): PointValues {
  if ((fields.flags & noRecordedValue) !== 0) return undefined;
  const { asInt, asDouble, count, sum = Number.NaN, positive, negative } = fields;
  switch (kind) {
    case 'gauge':
    case 'sum':
      if (typeof asInt === 'number') return [asInt];
      if (asInt !== undefined) return exactly([['asInt', asInt]]);
      return asDouble === undefined ? undefined : [asDouble];
    case 'histogram':
      return exactly([['count', count], sum, ...named('bucketCounts', fields.bucketCounts)]);
    case 'exponentialHistogram':
      return exactly([
        ['count', count],
        sum,
        fields.scale,
        ['zeroCount', fields.zeroCount],
        positive.offset,
        ...named('positive.bucketCounts', positive.counts),
        negative.offset,
        ...named('negative.bucketCounts', negative.counts),
      ]);
    case 'summary':
      return exactly([
        ['count', count],
        fields.sum ?? 0,
        ...fields.quantiles.flatMap(({ quantile, value }) => [quantile, value]),
      ]);
  }
}

type Element = number | readonly [field: string, value: Integer];

function named(field: string, values: readonly Integer[]): Element[] {
  return values.map((value) => [field, value]);
}

function exactly(elements: readonly Element[]): PointValues {
  const values: number[] = [];
  for (const element of elements) {
    if (typeof element === 'number') values.push(element);
    else {
      const [field, integer] = element;
      const value = Number(integer);
      if (typeof integer === 'bigint' && BigInt(value) !== integer) return { field, value: String(integer) };
      values.push(value);
    }
  }
  return values;
}
