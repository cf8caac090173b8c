/** Metrics of many hosts, scrape after scrape: the same bytes for the same seed. */
import type { OtlpFormat } from '../otlp-document.js';
import { type AttributePair, type Course, durationBounds, type HostMetric, hostTemplate } from './host-template.js';
import { randomNumbers } from './random.js';
import { requestText } from './request-text.js';
import { requestTemplate } from './request-wire.js';

/** A series of a host. */
export interface HostSeries {
  attributes: AttributePair[];
  course: Course;
}

/** A metric of a host, with as many of its series as there are. */
export interface HostMetricSeries extends Omit<HostMetric, 'series'> {
  series: HostSeries[];
}

/** A host and its metrics. */
export interface Host {
  resource: AttributePair[];
  metrics: HostMetricSeries[];
}

/** The state of one series: a number; of durations the count and the sum, and the count of each bucket. */
export type Value = number | { count: number; sum: number; buckets: number[] };

/** Values of all series, in the order of the hosts. */
export interface Scrape {
  startTime: bigint;
  time: bigint;
  values: readonly Value[];
}

/** What makes requests. */
export interface HostMetrics {
  hosts: number;
  /** Data points of each request. */
  series: number;
  /** Names of the metrics. */
  names: string[];
  /** The next scrape as an ExportMetricsServiceRequest. */
  next(): Uint8Array;
}

/** The first scrape is of this time, and each comes so many nanoseconds later: the clock would make no two runs alike. */
const firstTime = 1_735_689_600_000_000_000n;
const interval = 10_000_000_000n;

/** @param series in all; the last host has fewer where they do not come out even */
export function createHostMetrics(series: number, seed: number, format: OtlpFormat): HostMetrics {
  const hosts = hostsOf(series);
  const random = randomNumbers(seed);
  const all = hosts.flatMap(({ metrics }) => metrics.flatMap((metric) => metric.series));
  const values = all.map(({ course }) => firstValue(course, random));
  const encode = format === 'protobuf' ? requestTemplate(hosts) : (scrape: Scrape) => requestText(hosts, scrape);
  let count = 0n;
  return {
    hosts: hosts.length,
    series: all.length,
    names: [...new Set(hosts.flatMap(({ metrics }) => metrics.map(({ name }) => name)))],
    next() {
      const scrape = { startTime: firstTime, time: firstTime + count++ * interval, values };
      const bytes = encode(scrape);
      for (const [index, { course }] of all.entries())
        values[index] = nextValue(course, values[index] as Value, random);
      return bytes;
    },
  };
}

function hostsOf(series: number): Host[] {
  const hosts: Host[] = [];
  let left = series;
  while (left > 0) {
    const name = `host-${String(hosts.length).padStart(4, '0')}`;
    const host: Host = {
      resource: [
        ['host.name', name],
        ['os.type', 'linux'],
      ],
      metrics: [],
    };
    for (const metric of hostTemplate) {
      const some = metric.series.slice(0, left);
      if (some.length === 0) break;
      left -= some.length;
      const { course } = metric;
      host.metrics.push({ ...metric, series: some.map((attributes) => ({ attributes, course })) });
    }
    hosts.push(host);
  }
  return hosts;
}

function firstValue(course: Course, random: () => number): Value {
  if (course === 'share') return round(random());
  if (course === 'level') return Math.floor(random() * 2 ** 34);
  if (course === 'counter') return Math.floor(random() * 2 ** 40);
  return { count: 0, sum: 0, buckets: Array(durationBounds.length + 1).fill(0) };
}

function nextValue(course: Course, before: Value, random: () => number): Value {
  if (typeof before !== 'number') return withRequest(before, random() ** 3 * 12);
  if (course === 'share') return round(Math.min(1, Math.max(0, before + (random() - 0.5) / 10)));
  if (course === 'level') return Math.max(0, before + Math.floor((random() - 0.5) * 2 ** 24));
  return before + Math.floor(random() * 2 ** 20);
}

function withRequest({ count, sum, buckets }: Exclude<Value, number>, seconds: number): Value {
  const found = durationBounds.findIndex((bound) => seconds <= bound);
  const place = found === -1 ? durationBounds.length : found;
  return { count: count + 1, sum: sum + seconds, buckets: buckets.map((n, index) => (index === place ? n + 1 : n)) };
}

/** As a collector tells shares: a few digits. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
