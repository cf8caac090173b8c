/** A scrape as OTLP/JSON. */
import type { Host, Scrape, Value } from './host-metrics.js';
import { type AttributePair, durationBounds, type HostMetric } from './host-template.js';

/** @param scrape one value for each series of the hosts, in their order */
export function requestText(hosts: readonly Host[], { startTime, time, values }: Scrape): Uint8Array {
  let next = 0;
  const times = { startTimeUnixNano: String(startTime), timeUnixNano: String(time) };
  const resourceMetrics = hosts.map(({ resource, metrics }) => ({
    resource: { attributes: attributesOf(resource) },
    scopeMetrics: [
      {
        scope: { name: 'kserve-env/volume' },
        metrics: metrics.map(({ name, unit, course, series }) => {
          const dataPoints = series.map(({ attributes }) => {
            return { attributes: attributesOf(attributes), ...times, ...valueFields(course, values[next++] as Value) };
          });
          return { name, unit, ...dataOf(course, dataPoints) };
        }),
      },
    ],
  }));
  return Buffer.from(JSON.stringify({ resourceMetrics }));
}

function attributesOf(pairs: readonly AttributePair[]) {
  return pairs.map(([key, value]) => {
    return { key, value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) } };
  });
}

function valueFields(course: HostMetric['course'], value: Value) {
  if (typeof value === 'number') return course === 'share' ? { asDouble: value } : { asInt: String(value) };
  const { count, sum, buckets } = value;
  return { count: String(count), sum, bucketCounts: buckets.map(String), explicitBounds: durationBounds };
}

function dataOf(course: HostMetric['course'], dataPoints: unknown[]) {
  if (course === 'share') return { gauge: { dataPoints } };
  if (course === 'durations') return { histogram: { dataPoints, aggregationTemporality: 2 } };
  const monotonic = course === 'counter' ? { isMonotonic: true } : {};
  return { sum: { dataPoints, aggregationTemporality: 2, ...monotonic } };
}
