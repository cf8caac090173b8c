/** OpenTelemetry metrics of every kind, as OTLP has them in JSON, and what each of them puts into a tensor. */
import os from 'node:os';

/** `KeyValue` of OTLP. */
export interface KeyValue {
  key: string;
  value: { stringValue: string } | { intValue: string };
}

/** A metric of one kind, with two series. */
export interface SampleMetric {
  /** Part of ids: `exponential-histogram`. */
  kind: string;
  /** For titles: `an ExponentialHistogram`. */
  title: string;
  name: string;
  /** `Metric` of OTLP, as JSON. */
  metric: object;
  /** Elements that each data point puts into a tensor, in order. */
  elements: number[][];
}

/** Nanoseconds since 1970, of no special moment. */
const start = '1700000000000000000';
const time = '1700000060000000000';

/** Attributes of a series; those of new metrics must be the same. */
export const seriesAttributes: KeyValue[][] = ['user', 'system'].map((mode, index) => [
  { key: 'cpu.mode', value: { stringValue: mode } },
  { key: 'cpu.logical_number', value: { intValue: String(index) } },
]);

/** Times that new metrics must have, too. */
export const times = { startTimeUnixNano: start, timeUnixNano: time };

const points = (fields: object[]) =>
  fields.map((own, index) => ({ attributes: seriesAttributes[index], ...times, ...own }));
const cumulative = { aggregationTemporality: 2 };

/** A metric of every kind. Values are such that a small factor keeps them exact. */
export const sampleMetrics: SampleMetric[] = [
  {
    kind: 'gauge',
    title: 'a Gauge of doubles',
    name: 'system.cpu.utilization',
    metric: { unit: '1', gauge: { dataPoints: points([{ asDouble: 0.1 }, { asDouble: -2.5 }]) } },
    elements: [[0.1], [-2.5]],
  },
  {
    kind: 'gauge-int',
    title: 'a Gauge of integers',
    name: 'system.cpu.logical.count',
    metric: { unit: '{cpu}', gauge: { dataPoints: points([{ asInt: '8' }, { asInt: '9007199254740991' }]) } },
    elements: [[8], [9_007_199_254_740_991]],
  },
  {
    kind: 'sum',
    title: 'a Sum of doubles',
    name: 'system.cpu.time',
    metric: {
      unit: 's',
      sum: { ...cumulative, isMonotonic: true, dataPoints: points([{ asDouble: 1234.5 }, { asDouble: 0 }]) },
    },
    elements: [[1234.5], [0]],
  },
  {
    kind: 'sum-int',
    title: 'a Sum of integers',
    name: 'system.network.io',
    metric: {
      unit: 'By',
      sum: { ...cumulative, isMonotonic: true, dataPoints: points([{ asInt: '4096' }, { asInt: 7 }]) },
    },
    elements: [[4096], [7]],
  },
  {
    kind: 'histogram',
    title: 'a Histogram',
    name: 'http.server.request.duration',
    metric: {
      unit: 's',
      histogram: {
        ...cumulative,
        dataPoints: points([
          { count: '6', sum: 1.5, bucketCounts: ['1', '2', '3'], explicitBounds: [0.1, 0.5], min: 0.01, max: 0.9 },
          { count: '1', sum: 0.25, bucketCounts: ['0', '1', '0'], explicitBounds: [0.1, 0.5] },
        ]),
      },
    },
    elements: [
      [6, 1.5, 1, 2, 3],
      [1, 0.25, 0, 1, 0],
    ],
  },
  {
    kind: 'exponential-histogram',
    title: 'an ExponentialHistogram',
    name: 'rpc.server.duration',
    metric: {
      unit: 'ms',
      exponentialHistogram: {
        ...cumulative,
        dataPoints: points([
          {
            ...{ count: '10', sum: 20.5, scale: 3, zeroCount: '1' },
            ...{ positive: { offset: 2, bucketCounts: ['4', '3'] }, negative: { offset: -1, bucketCounts: ['2'] } },
          },
          {
            ...{ count: '2', sum: -3, scale: -1, zeroCount: '0' },
            ...{ positive: { offset: 0, bucketCounts: ['1'] }, negative: { offset: 5, bucketCounts: ['0', '1'] } },
          },
        ]),
      },
    },
    elements: [
      [10, 20.5, 3, 1, 2, 4, 3, -1, 2],
      [2, -3, -1, 0, 0, 1, 5, 0, 1],
    ],
  },
  {
    kind: 'summary',
    title: 'a Summary',
    name: 'go.gc.duration',
    metric: {
      unit: 's',
      summary: {
        dataPoints: points([
          {
            count: '5',
            sum: 0.75,
            quantileValues: [
              { quantile: 0.5, value: 0.125 },
              { quantile: 1, value: 0.25 },
            ],
          },
          {
            count: '1',
            sum: 2,
            quantileValues: [
              { quantile: 0.5, value: 2 },
              { quantile: 1, value: 2 },
            ],
          },
        ]),
      },
    },
    elements: [
      [5, 0.75, 0.5, 0.125, 1, 0.25],
      [1, 2, 0.5, 2, 1, 2],
    ],
  },
];

/** A request of OTLP with these metrics, and one that no rule is about. */
export function requestOf(metrics: readonly { name: string; metric: object }[]): object {
  const all = [
    { name: 'kserve_env.untouched', metric: { gauge: { dataPoints: [{ timeUnixNano: time, asDouble: 1 }] } } },
    ...metrics,
  ];
  return {
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'kserve-env' } }] },
        scopeMetrics: [
          { scope: { name: 'kserve-env' }, metrics: all.map(({ name, metric }) => ({ name, ...metric })) },
        ],
      },
    ],
  };
}

/** This machine at this moment; names are those of the semantic conventions for system metrics. */
export function liveMetrics(): SampleMetric[] {
  const cpus = os.cpus();
  const figures: [string, number[]][] = [
    ['system.linux.cpu.load', os.loadavg()],
    ['system.memory.usage', [os.totalmem() - os.freemem(), os.freemem()]],
    ['system.uptime', [os.uptime()]],
    ['system.cpu.time', cpus.flatMap(({ times: spent }) => Object.values(spent).map((ms) => ms / 1000))],
  ];
  return figures
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => ({
      kind: 'live',
      title: `this machine's ${name}`,
      name,
      metric: {
        gauge: {
          dataPoints: values.map((asDouble, index) => {
            const attributes = [{ key: 'index', value: { intValue: String(index) } }];
            return { attributes, timeUnixNano: time, asDouble };
          }),
        },
      },
      elements: values.map((value) => [value]),
    }));
}
