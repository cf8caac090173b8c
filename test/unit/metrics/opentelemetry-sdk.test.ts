/** What OpenTelemetry's own SDK measures and serializes is read, in both formats. */
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { beforeAll, describe, expect, it } from 'vitest';
import { readDocument } from '../../../src/metrics/read-document.js';
import { runRules } from '../../../src/metrics/run-rules.js';
import { answering, doubled } from './otlp.js';

let collected: ResourceMetrics;
beforeAll(async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({
    readers: [reader],
    views: [
      {
        instrumentName: 'sdk.exponential',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
      },
    ],
  });
  const meter = provider.getMeter('sdk', '1.0');
  meter.createCounter('sdk.counter').add(3, { route: '/a', ok: true, code: 200, list: ['x', 'y'] });
  meter.createCounter('sdk.double').add(0.25);
  meter.createUpDownCounter('sdk.updown').add(-5);
  meter.createGauge('sdk.gauge').record(1.5, { cpu: 0 });
  meter.createObservableGauge('sdk.observed').addCallback((result) => {
    result.observe(7, { cpu: 0 });
    result.observe(8, { cpu: 1 });
  });
  const histogram = meter.createHistogram('sdk.histogram', { advice: { explicitBucketBoundaries: [1, 10] } });
  for (const value of [0.5, 5, 50]) histogram.record(value);
  const exponential = meter.createHistogram('sdk.exponential');
  for (const value of [0, 1, 2, 4]) exponential.record(value);
  await provider.forceFlush();
  collected = exporter.getMetrics()[0] as ResourceMetrics;
  await provider.shutdown();
});

describe.each([
  { format: 'json', serialize: () => JsonMetricsSerializer.serializeRequest(collected) },
  { format: 'protobuf', serialize: () => ProtobufMetricsSerializer.serializeRequest(collected) },
])('the SDK in $format', ({ format, serialize }) => {
  it('is read, every kind of instrument', () => {
    const document = readDocument(serialize() as Uint8Array);
    const values = Object.fromEntries(
      document.metrics.map((metric) => [metric.name, document.points(metric).map((point) => point.values)]),
    );
    expect(document.format).toBe(format);
    expect(values).toMatchObject({
      'sdk.counter': [[3]],
      'sdk.double': [[0.25]],
      'sdk.updown': [[-5]],
      'sdk.gauge': [[1.5]],
      'sdk.observed': [[7], [8]],
      'sdk.histogram': [[3, 55.5, 1, 1, 1]],
    });
    const [count, sum, scale, zeroCount, , ...rest] = (values['sdk.exponential']?.[0] ?? []) as number[];
    expect({ count, sum, zeroCount }).toEqual({ count: 4, sum: 7, zeroCount: 1 });
    expect(scale).toBeGreaterThan(0);
    expect(rest.reduce((total, value) => total + value, 0)).toBe(3);
  });

  it('goes through a rule with all that it had', async () => {
    const bytes = serialize() as Uint8Array;
    const rules = [{ model: 'm', metrics: ['sdk.observed'] }];
    const { output, report } = await runRules({ bytes, rules, client: answering(doubled).client });
    expect(report).toMatchObject({ rules: [{ newPoints: 2 }], originals: { metrics: 7, unchanged: true } });
    const document = readDocument(output);
    const added = document.metrics.filter(({ name }) => name === 'sdk.observed.out');
    expect(added.flatMap((metric) => document.points(metric).map(({ values }) => values))).toEqual([[14], [16]]);
  });
});
