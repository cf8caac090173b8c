/**
 * A scrape as OTLP in protobuf. From one scrape to the next only times and values change, all of them eight bytes long: so
 * a request is made once, and then copied and written over.
 */
import {
  anyValueTags,
  dataPoints,
  distributionTags,
  histogramPointTags,
  keyValueTags,
  metricTags,
  numberPointTags,
  requestTags,
  resourceMetricsTags,
  resourceTags,
  scopeMetricsTags,
  scopeTags,
} from '../protobuf/tags.js';
import type { Host, HostMetricSeries, HostSeries, Scrape, Value } from './host-metrics.js';
import { type AttributePair, durationBounds } from './host-template.js';
import { bytesOf, hole, message, number, type Part, text } from './wire-template.js';

/** Tags that the reader has no use for. */
const tags = { unit: 0x1a, temporality: 0x10, monotonic: 0x18, packedBounds: 0x3a } as const;
const cumulative = 2;

/** What makes the bytes of each scrape of these hosts. */
export function requestTemplate(hosts: readonly Host[]): (scrape: Scrape) => Uint8Array {
  const template = bytesOf(hosts.map((host) => message(requestTags.resourceMetrics, resourceMetrics(host))));
  return ({ startTime, time, values }) => {
    const bytes = Buffer.from(template.bytes);
    let next = 0;
    const place = () => template.holes[next++] as number;
    for (const value of values) {
      bytes.writeBigUInt64LE(startTime, place());
      bytes.writeBigUInt64LE(time, place());
      writeValue(bytes, place, value, template.doubles);
    }
    return bytes;
  };
}

function writeValue(bytes: Buffer, place: () => number, value: Value, doubles: ReadonlySet<number>): void {
  if (typeof value === 'number') {
    const at = place();
    if (doubles.has(at)) bytes.writeDoubleLE(value, at);
    else writeInteger(bytes, at, value);
    return;
  }
  writeInteger(bytes, place(), value.count);
  bytes.writeDoubleLE(value.sum, place());
  for (const count of value.buckets) writeInteger(bytes, place(), count);
}

/** @param value not negative, and safe */
function writeInteger(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, at);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

function resourceMetrics({ resource, metrics }: Host): Part[] {
  return [
    message(resourceMetricsTags.resource, attributesOf(resourceTags.attributes, resource)),
    message(resourceMetricsTags.scopeMetrics, [
      message(scopeMetricsTags.scope, [text(scopeTags.name, 'kserve-env/volume')]),
      ...metrics.map((metric) => message(scopeMetricsTags.metrics, metricParts(metric))),
    ]),
  ];
}

function metricParts({ name, unit, course, series }: HostMetricSeries): Part[] {
  const points = series.map((one) => message(dataPoints, pointParts(one)));
  const head = [text(metricTags.name, name), text(tags.unit, unit)];
  if (course === 'share') return [...head, message(metricTags.gauge, points)];
  const temporality = number(tags.temporality, cumulative);
  if (course === 'durations') return [...head, message(metricTags.histogram, [...points, temporality])];
  const monotonic = course === 'counter' ? [number(tags.monotonic, 1)] : [];
  return [...head, message(metricTags.sum, [...points, temporality, ...monotonic])];
}

function pointParts({ attributes, course }: HostSeries): Part[] {
  const times = [hole(distributionTags.startTime), hole(distributionTags.time)];
  if (course !== 'durations') {
    const value = course === 'share' ? hole(numberPointTags.asDouble, 'double') : hole(numberPointTags.asInt);
    return [...times, value, ...attributesOf(numberPointTags.attributes, attributes)];
  }
  const buckets = [...durationBounds, Number.POSITIVE_INFINITY].map(() => hole(undefined));
  const bounds = Buffer.from(Float64Array.from(durationBounds).buffer);
  return [
    ...times,
    hole(distributionTags.count),
    hole(distributionTags.sum, 'double'),
    message(histogramPointTags.packedBucketCounts, buckets),
    message(tags.packedBounds, [bounds]),
    ...attributesOf(histogramPointTags.attributes, attributes),
  ];
}

function attributesOf(tag: number, pairs: readonly AttributePair[]): Part[] {
  return pairs.map(([key, value]) => {
    const any = typeof value === 'string' ? text(anyValueTags.string, value) : number(anyValueTags.int, value);
    return message(tag, [text(keyValueTags.key, key), message(keyValueTags.value, [any])]);
  });
}
