/** OpenTelemetry's own messages for Python go through `metrics`, and read what comes out, in protobuf and in JSON. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Environment, pythonReport, startEnvironment } from './clients.js';

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment?.down());

it('opentelemetry-proto reads the originals as they were, and the new metrics, in both formats', async () => {
  const expected = {
    unchanged: true,
    values: {
      't.gauge.scaled_result': [1, 3],
      't.sum.scaled_result': [-(2 ** 54)],
      't.histogram.scaled_result': [6, 9, 2, 4],
      't.exponential.scaled_result': [8, 14, -2, 2, 4, 2, 4, -6],
      't.summary.scaled_result': [4, 6, 1, 3],
    },
    attributes: { cpu: '1', 'otel.inference.model.name': 'simple_scaler', 'otel.inference.model.version': '1' },
    time: 7,
    start: 3,
  };
  expect(await pythonReport('otlp_metrics.py', environment)).toEqual({
    protobuf: expected,
    json: expected,
    unknownKept: true,
  });
});
