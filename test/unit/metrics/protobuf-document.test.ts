import { describe, expect, it } from 'vitest';
import { identityOf } from '../../../src/metrics/identity.js';
import { readDocument } from '../../../src/metrics/read-document.js';
import { runRules } from '../../../src/metrics/run-rules.js';
import {
  answering,
  attributes,
  doubled,
  gauge,
  type Json,
  oneHost,
  point,
  pointsOf,
  request,
  resource,
} from './otlp.js';
import { toJson, toProtobuf } from './otlp-schema.js';

/** All that is read of a document, without the places where it stands. */
function readAll(bytes: Uint8Array) {
  const document = readDocument(bytes);
  return document.metrics.map((metric) => ({
    name: metric.name,
    scope: metric.scope,
    points: document.points(metric).map(({ attributes: own, startTime, time, values }) => {
      return { identity: identityOf(own), startTime, time, values };
    }),
  }));
}

const common = {
  attributes: attributes({ a: '1', b: 'é' }),
  startTimeUnixNano: '5',
  timeUnixNano: '18446744073709551615',
};
const everyKind: Json[] = [
  gauge('doubles', { ...common, asDouble: 1.5 }, { asDouble: -0 }, { ...common, asDouble: 1, flags: 1 }, {}),
  {
    name: 'integers',
    sum: { dataPoints: [{ asInt: '-9223372036854775808' }, { asInt: '9007199254740993' }, { asInt: '-1' }] },
  },
  {
    name: 'histogram',
    histogram: {
      dataPoints: [
        { ...common, count: '6', sum: 7.5, bucketCounts: ['1', '2', '3'], explicitBounds: [1, 2] },
        { count: '1' },
      ],
    },
  },
  {
    name: 'exponential',
    exponentialHistogram: {
      dataPoints: [
        {
          ...common,
          count: '9',
          sum: 1.25,
          scale: -2,
          zeroCount: '1',
          positive: { offset: 3, bucketCounts: ['4', '300', '18446744073709551615'] },
          negative: { offset: -5, bucketCounts: ['2'] },
        },
        { count: '1', scale: 20, positive: { offset: -2147483648, bucketCounts: ['1', '2'] } },
      ],
    },
  },
  {
    name: 'summary',
    summary: { dataPoints: [{ ...common, count: '3', sum: 6, quantileValues: [{ quantile: 0.5, value: 2 }, {}] }] },
  },
];

describe('OTLP in protobuf, as protobufjs writes it', () => {
  it('is read as the same document in JSON is, every kind of metric', () => {
    const json = request(resource('a', ...everyKind), { scopeMetrics: [{ metrics: [gauge('x', point(1))] }] });
    const fromProtobuf = readAll(toProtobuf(json));
    expect(fromProtobuf).toEqual(readAll(json));
    expect(fromProtobuf.map(({ points }) => points.length)).toEqual([4, 3, 2, 2, 1, 1]);
  });

  it.each([
    { stringValue: 'x' },
    { boolValue: true },
    { intValue: '-5' },
    { intValue: '9223372036854775807' },
    { doubleValue: 0.1 },
    { bytesValue: 'AQI=' },
    { arrayValue: { values: [{ intValue: '1' }, {}] } },
    { kvlistValue: { values: [{ key: 'k', value: { stringValue: 'v' } }] } },
  ])('has the attribute %j in common with JSON', (value) => {
    const json = oneHost(gauge('m', { attributes: [{ key: 'k', value }], asDouble: 1 }));
    expect(readAll(toProtobuf(json))).toEqual(readAll(json));
  });

  it('gets new metrics that protobufjs reads', async () => {
    const json = oneHost(gauge('m', { ...common, asDouble: 1.5 }, point('4', 9, { c: 'd' })));
    const input = toProtobuf(json);
    const rules = [{ model: 'twice', metrics: ['m'], mode: { kind: 'all' as const } }];
    const { output, report } = await runRules({ bytes: input, rules, client: answering(doubled).client });
    expect(pointsOf(toJson(output), 'm.out')).toEqual([
      { a: '1', b: 'é', time: 2 ** 64, value: 3 },
      { c: 'd', time: 9, value: 8 },
    ]);
    const [first] = JSON.parse(toJson(output).toString()).resourceMetrics[0].scopeMetrics[0].metrics[1].gauge
      .dataPoints;
    expect(first).toMatchObject({ timeUnixNano: '18446744073709551615', startTimeUnixNano: '5' });
    expect(first.attributes.slice(-2)).toEqual(
      attributes({ 'otel.inference.model.name': 'twice', 'otel.inference.model.version': '7' }),
    );
    expect(report).toMatchObject({ format: 'protobuf', originals: { metrics: 1, unchanged: true } });
  });

  it('takes packed and unpacked counts, and a message in several parts', () => {
    const field = (tag: number, ...bytes: number[]) => [tag, bytes.length, ...bytes];
    const eight = (value: number) => [value, 0, 0, 0, 0, 0, 0, 0];
    const one = field(0x0a, 0x21, ...eight(3), 0x31, ...eight(1), ...field(0x32, ...eight(2)));
    const other = field(0x0a, 0x21, ...eight(9));
    const metric = field(0x12, ...field(0x0a, 0x6d), ...field(0x4a, ...one), ...field(0x4a, ...other));
    const bytes = Uint8Array.from(field(0x0a, ...field(0x12, ...metric)));
    expect(readAll(bytes)[0]?.points.map(({ values }) => values)).toEqual([
      [3, Number.NaN, 1, 2],
      [9, Number.NaN],
    ]);
  });
});
