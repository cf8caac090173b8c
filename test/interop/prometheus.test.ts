/** The parser of Prometheus' own Python client, which KServe brings along, reads the metrics of a running environment. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Environment, pythonReport, startEnvironment } from './clients.js';

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment?.down());

it('prometheus_client reads every family, and sees inferences counted by the names of Triton and MLServer', async () => {
  expect(await pythonReport('prometheus_metrics.py', environment)).toEqual({
    triton: 3,
    mlserver: 3,
    ready: 1,
    residentBytes: expect.any(Number),
  });
});
