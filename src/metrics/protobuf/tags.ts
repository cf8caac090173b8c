/**
 * Tags of the OTLP messages, field number and wire type together.
 * Source: opentelemetry/proto/{metrics,common,resource}/v1 and collector/metrics/v1 of
 * https://github.com/open-telemetry/opentelemetry-proto
 */

const varint = (field: number) => field << 3;
const fixed64 = (field: number) => (field << 3) | 1;
const delimited = (field: number) => (field << 3) | 2;

export const requestTags = { resourceMetrics: delimited(1) } as const;
export const resourceMetricsTags = { resource: delimited(1), scopeMetrics: delimited(2) } as const;
export const scopeMetricsTags = { scope: delimited(1), metrics: delimited(2) } as const;
export const resourceTags = { attributes: delimited(1) } as const;
export const scopeTags = { name: delimited(1), version: delimited(2), attributes: delimited(3) } as const;
export const metricTags = {
  name: delimited(1),
  description: delimited(2),
  gauge: delimited(5),
  sum: delimited(7),
  histogram: delimited(9),
  exponentialHistogram: delimited(10),
  summary: delimited(11),
} as const;
export const keyValueTags = { key: delimited(1), value: delimited(2) } as const;
/** Every kind of data has its points in this field. */
export const dataPoints = delimited(1);

export const anyValueTags = {
  string: delimited(1),
  bool: varint(2),
  int: varint(3),
  double: fixed64(4),
  array: delimited(5),
  map: delimited(6),
  bytes: delimited(7),
} as const;
/** Of `ArrayValue` and of `KeyValueList`. */
export const listedValues = delimited(1);

export const numberPointTags = {
  startTime: fixed64(2),
  time: fixed64(3),
  asDouble: fixed64(4),
  asInt: fixed64(6),
  attributes: delimited(7),
  flags: varint(8),
} as const;

/** The fields that are at the same place in every distribution. */
export const distributionTags = {
  startTime: fixed64(2),
  time: fixed64(3),
  count: fixed64(4),
  sum: fixed64(5),
} as const;

export const histogramPointTags = {
  packedBucketCounts: delimited(6),
  bucketCount: fixed64(6),
  attributes: delimited(9),
  flags: varint(10),
} as const;

export const exponentialPointTags = {
  attributes: delimited(1),
  scale: varint(6),
  zeroCount: fixed64(7),
  positive: delimited(8),
  negative: delimited(9),
  flags: varint(10),
} as const;

export const bucketsTags = { offset: varint(1), packedCounts: delimited(2), count: varint(2) } as const;

export const summaryPointTags = { quantileValues: delimited(6), attributes: delimited(7), flags: varint(8) } as const;
export const quantileTags = { quantile: fixed64(1), value: fixed64(2) } as const;
