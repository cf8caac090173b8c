import { describe, expect, it } from 'vitest';
import { OtlpInputError } from '../../../src/metrics/input-error.js';
import { readDocument } from '../../../src/metrics/read-document.js';
import { gauge, type Json, oneHost, point } from './otlp.js';

/** Values of all points of the metric `m`. */
function valuesOf(metric: Json) {
  const document = readDocument(oneHost({ name: 'm', ...metric }));
  const [read] = document.metrics;
  return read && document.points(read).map(({ values }) => values);
}

describe('values of a data point', () => {
  it.each([
    {
      what: 'a Gauge of doubles',
      metric: { gauge: { dataPoints: [{ asDouble: 1.5 }, { asDouble: -0 }] } },
      values: [[1.5], [0]],
    },
    {
      what: 'a Sum of integers',
      metric: { sum: { dataPoints: [{ asInt: '-3' }, { asInt: 4 }] } },
      values: [[-3], [4]],
    },
    {
      what: 'doubles that JSON has no number for',
      metric: {
        gauge: {
          dataPoints: [{ asDouble: 'NaN' }, { asDouble: '-Infinity' }, { asDouble: 'Infinity' }, { asDouble: '2.5' }],
        },
      },
      values: [[Number.NaN], [Number.NEGATIVE_INFINITY], [Number.POSITIVE_INFINITY], [2.5]],
    },
    {
      what: 'a Histogram: count, sum, bucket counts',
      metric: {
        histogram: { dataPoints: [{ count: '6', sum: 7.5, bucketCounts: ['1', 2, '3'], explicitBounds: [1, 2] }] },
      },
      values: [[6, 7.5, 1, 2, 3]],
    },
    {
      what: 'a Histogram without a sum: NaN in its place',
      metric: { histogram: { dataPoints: [{ count: 2, bucketCounts: [2] }] } },
      values: [[2, Number.NaN, 2]],
    },
    {
      what: 'an ExponentialHistogram: count, sum, scale, zero count, offsets and counts of both signs',
      metric: {
        exponentialHistogram: {
          dataPoints: [
            {
              count: '9',
              sum: 1.25,
              scale: -2,
              zeroCount: '1',
              positive: { offset: 3, bucketCounts: ['4', '2'] },
              negative: { offset: -5, bucketCounts: [2] },
            },
          ],
        },
      },
      values: [[9, 1.25, -2, 1, 3, 4, 2, -5, 2]],
    },
    {
      what: 'an ExponentialHistogram with nothing but a count',
      metric: { exponentialHistogram: { dataPoints: [{ count: 0 }] } },
      values: [[0, Number.NaN, 0, 0, 0, 0]],
    },
    {
      what: 'a Summary: count, sum, quantiles with their values',
      metric: {
        summary: {
          dataPoints: [
            {
              count: 3,
              sum: 6,
              quantileValues: [
                { quantile: 0.5, value: 2 },
                { quantile: 1, value: 3 },
              ],
            },
          ],
        },
      },
      values: [[3, 6, 0.5, 2, 1, 3]],
    },
    {
      what: 'no value, by the flag or because none is set',
      metric: { gauge: { dataPoints: [{ asDouble: 1, flags: 1 }, {}, { asDouble: null }] } },
      values: [undefined, undefined, undefined],
    },
  ])('$what', ({ metric, values }) => {
    expect(valuesOf(metric)).toEqual(values);
  });

  it.each([
    { asInt: '9007199254740992', exact: [9007199254740992] },
    { asInt: '9007199254740994', exact: [9007199254740994] },
    { asInt: '-9223372036854775808', exact: [-(2 ** 63)] },
    { asInt: '9007199254740993', exact: { field: 'asInt', value: '9007199254740993' } },
    { asInt: '9223372036854775807', exact: { field: 'asInt', value: '9223372036854775807' } },
  ])('the integer $asInt is exact or told', ({ asInt, exact }) => {
    expect(valuesOf({ gauge: { dataPoints: [{ asInt }] } })).toEqual([exact]);
  });

  it('a count that no double holds is told with its field', () => {
    const metric = { histogram: { dataPoints: [{ count: 1, bucketCounts: ['18446744073709551615'] }] } };
    expect(valuesOf(metric)).toEqual([{ field: 'bucketCounts', value: '18446744073709551615' }]);
  });

  it('an integer is read as it is written, not by way of a double', () => {
    const text = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":9007199254740993}]}}]}]}]}`;
    const document = readDocument(Buffer.from(text));
    const [metric] = document.metrics;
    expect(metric && document.points(metric)[0]?.values).toEqual({ field: 'asInt', value: '9007199254740993' });
  });
});

describe('attributes', () => {
  const identity = (value: Json) => {
    const document = readDocument(oneHost(gauge('m', { ...point(1), attributes: [{ key: 'k', value }] })));
    const [metric] = document.metrics;
    return metric && document.points(metric)[0]?.attributes[0]?.value;
  };

  it.each([
    [{ stringValue: '1' }, { intValue: '1' }],
    [{ intValue: '1' }, { doubleValue: 1 }],
    [{ boolValue: true }, { stringValue: 'true' }],
    [
      { arrayValue: { values: [{ stringValue: 'a,b' }] } },
      { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } },
    ],
    [{}, { stringValue: '' }],
    [{ bytesValue: 'AQI=' }, { stringValue: 'AQI=' }],
  ])('%j and %j are different', (one, other) => {
    expect(identity(one)).not.toBe(identity(other));
  });

  it.each([
    [{ intValue: 5 }, { intValue: '5' }],
    [{ stringValue: 'é' }, JSON.parse('{"stringValue":"\\u00e9"}')],
    [
      { kvlistValue: { values: [{ key: 'a', value: { intValue: 1 } }, { key: 'b' }] } },
      { kvlistValue: { values: [{ key: 'b' }, { key: 'a', value: { intValue: '1' } }] } },
    ],
  ])('%j and %j are the same', (one, other) => {
    expect(identity(one)).toBe(identity(other));
  });
});

describe('an input that cannot be read is told with its place and what was expected', () => {
  const within = (text: string) => `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[\n${text}\n]}]}]}`;
  it.each([
    { text: '{"resourceMetrics":[{', says: 'line 1, column 22: expected a key in double quotes, got the end' },
    { text: '{"resourceMetrics":7}', says: 'line 1, column 20: expected an array (resourceMetrics), got "7"' },
    { text: within('{"name":5}'), says: 'line 2, column 9: expected a string (name), got "5"' },
    { text: within('{"name":"m"},'), says: 'line 3, column 1: expected an object (a metric), got "]"' },
    { text: `${within('')} x`, says: 'line 3, column 8: expected an object with resourceMetrics, got "x"' },
    { text: '{"resourceSpans":[]}', says: 'expected resourceMetrics, and not traces (resourceSpans)' },
    { text: '{"a":"\\q"}', says: 'line 1, column 7: expected an escape that JSON knows' },
    { text: '{"a":"x\ty"}', says: 'line 1, column 8: expected no control character in a string' },
    { text: `{"a":${'['.repeat(500)}`, says: 'expected at most 200 levels of nesting' },
    { text: '{"a":NaN}', says: 'line 1, column 6: expected a value, got "NaN"' },
  ])('$says', ({ text, says }) => {
    expect(() => readDocument(Buffer.from(text))).toThrow(says);
    expect(() => readDocument(Buffer.from(text))).toThrow(OtlpInputError);
  });

  it.each([
    { field: '"asInt":"x"', says: 'line 2, column 45: expected an integer (asInt), got "x"' },
    { field: '"asInt":1.5', says: 'expected an integer (asInt), got "1.5"' },
    { field: '"asInt":"9223372036854775808"', says: 'expected an integer of 64 bits (asInt)' },
    { field: '"timeUnixNano":-1', says: 'expected an integer of 64 bits (timeUnixNano)' },
    {
      field: '"asDouble":"inf"',
      says: 'expected a number, or one of "NaN", "Infinity" and "-Infinity" (asDouble), got "inf"',
    },
    { field: '"attributes":{}', says: 'expected an array (attributes), got "{"' },
  ])('$field', ({ field, says }) => {
    const document = readDocument(Buffer.from(within(`{"name":"m","gauge":{"dataPoints":[{${field}}]}}`)));
    const [metric] = document.metrics;
    expect(() => metric && document.points(metric)).toThrow(says);
  });

  it('of what no rule asks for nothing but the JSON is looked at', () => {
    const document = readDocument(Buffer.from(within('{"name":"m","gauge":{"dataPoints":[{"asInt":"x"}]}}')));
    expect(document.metrics).toHaveLength(1);
  });
});

describe('several requests', () => {
  it.each(['\n', '\r\n', ' ', ''])('one after another with %j between are one document', (between) => {
    const one = oneHost(gauge('a', point(1))).toString();
    const document = readDocument(Buffer.from(`\ufeff${one}${between}${one}${between}`));
    expect(document.metrics.map(({ name }) => name)).toEqual(['a', 'a']);
  });
});

describe('the format', () => {
  it.each([
    { bytes: Buffer.from(' \n{}'), format: 'json' },
    { bytes: Buffer.from('\ufeff{}'), format: 'json' },
    { bytes: Buffer.from([0x0a, 0x00]), format: 'protobuf' },
    // A line feed and a brace: the tag and the length of 123 bytes.
    { bytes: Buffer.concat([Buffer.from([0x0a, 0x7b, 0x1a, 0x79]), Buffer.alloc(121, 0x20)]), format: 'protobuf' },
  ])('of $bytes is told from the content: $format', ({ bytes, format }) => {
    expect(readDocument(bytes).format).toBe(format);
  });

  it.each([
    { bytes: Buffer.alloc(0), says: 'got nothing at all' },
    { bytes: Buffer.from([0x1f, 0x8b, 8]), says: 'compressed with gzip' },
    { bytes: Buffer.from('hello'), says: 'byte 3: expected an ExportMetricsServiceRequest in protobuf' },
    {
      bytes: Buffer.from([0x0a, 0x05, 0x12]),
      says: 'byte 2: expected an ExportMetricsServiceRequest in protobuf, got malformed',
    },
  ])('nothing that is none: $says', ({ bytes, says }) => {
    expect(() => readDocument(bytes)).toThrow(says);
  });
});
