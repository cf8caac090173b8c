import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import type { WorkerCounts } from '../../../src/server/control.js';
import { metricsText } from '../../../src/server/telemetry/metrics.js';
import { createModelStatistics, recordFailure, recordSuccess } from '../../../src/server/telemetry/model-statistics.js';
import { writePrometheus } from '../../../src/server/telemetry/prometheus.js';
import { parsePrometheus } from './prometheus-text.js';
import { post, serve, type TestServer } from './serve.js';

const value = (text: string, family: string, line: string): number | undefined =>
  parsePrometheus(text).get(family)?.samples.get(line);

describe('the text of metrics', () => {
  it('escapes what would end a label or a line, and writes every number', () => {
    const text = writePrometheus([
      {
        name: 'a',
        type: 'gauge',
        help: 'Back\\slash and\nnew line.',
        samples: [
          { labels: { l: 'quo"te, back\\slash,\nnew line}' }, value: Number.NaN },
          { labels: {}, value: Number.POSITIVE_INFINITY },
          { labels: { l: '' }, value: 1e21 },
        ],
      },
      { name: 'none', type: 'counter', help: 'Without samples.', samples: [] },
    ]);
    expect(text).toBe(
      '# HELP a Back\\\\slash and\\nnew line.\n# TYPE a gauge\n' +
        'a{l="quo\\"te, back\\\\slash,\\nnew line}"} NaN\na +Inf\na{l=""} 1e+21\n',
    );
    expect([...(parsePrometheus(text).get('a')?.samples.values() ?? [])]).toEqual([Number.NaN, Infinity, 1e21]);
  });

  it('sums the counts of all workers, and has a model ready where it is on each', () => {
    const worker = (ready: boolean, successes: number, startedAt: number): WorkerCounts => {
      const statistics = createModelStatistics();
      for (let count = 0; count < successes; count++) {
        recordSuccess(statistics, 0, 1, 3, 6, 10);
      }
      recordFailure(statistics, 5);
      return {
        models: [{ name: 'm', version: '1', ready, statistics }],
        requests: [{ transport: 'grpc', method: 'ModelInfer', status: 'OK', count: successes, seconds: 0.5 }],
        process: { cpuSeconds: 1.5, residentBytes: 1000, startedAt },
      };
    };
    const text = metricsText([worker(true, 2, 50), worker(false, 3, 40)], { version: '1.2.3' });
    const model = '{model="m",version="1"}';
    const infer = '{method="ModelInfer",status="OK",transport="grpc"}';
    for (const [family, line, expected] of [
      ['nv_inference_request_success', `nv_inference_request_success${model}`, 5],
      ['nv_inference_request_failure', `nv_inference_request_failure${model}`, 2],
      ['nv_inference_count', `nv_inference_count${model}`, 5],
      ['nv_inference_exec_count', `nv_inference_exec_count${model}`, 5],
      ['nv_inference_request_duration_us', `nv_inference_request_duration_us${model}`, 50_000],
      ['nv_inference_compute_input_duration_us', `nv_inference_compute_input_duration_us${model}`, 5_000],
      ['nv_inference_queue_duration_us', `nv_inference_queue_duration_us${model}`, 10_000],
      ['nv_inference_compute_infer_duration_us', `nv_inference_compute_infer_duration_us${model}`, 15_000],
      ['nv_inference_compute_output_duration_us', `nv_inference_compute_output_duration_us${model}`, 20_000],
      ['model_infer_request_success_total', `model_infer_request_success_total${model}`, 5],
      ['model_infer_request_failure_total', `model_infer_request_failure_total${model}`, 2],
      ['model_infer_request_duration', `model_infer_request_duration_count${model}`, 5],
      ['model_infer_request_duration', `model_infer_request_duration_sum${model}`, 0.05],
      ['kserve_env_requests_total', `kserve_env_requests_total${infer}`, 5],
      ['kserve_env_request_duration_seconds', `kserve_env_request_duration_seconds_count${infer}`, 5],
      ['kserve_env_request_duration_seconds', `kserve_env_request_duration_seconds_sum${infer}`, 1],
      ['kserve_env_model_ready', `kserve_env_model_ready${model}`, 0],
      ['kserve_env_workers', 'kserve_env_workers{}', 2],
      ['process_cpu_seconds_total', 'process_cpu_seconds_total{}', 3],
      ['process_resident_memory_bytes', 'process_resident_memory_bytes{}', 2000],
      ['process_start_time_seconds', 'process_start_time_seconds{}', 40],
    ] as const) {
      expect(value(text, family, line), line).toBe(expected);
    }
    expect(text).toContain(`kserve_env_build_info{version="1.2.3",node="${process.versions.node}"} 1\n`);
  });

  it('is readable without workers that answer', () => {
    expect(value(metricsText([], { version: '1' }), 'kserve_env_workers', 'kserve_env_workers{}')).toBe(0);
  });
});

describe('/metrics', () => {
  const models = [
    { kind: 'scale', name: 'scaler' },
    { kind: 'identity', name: 'lazy', initial: 'unloaded' },
  ].map((model) => modelConfigSchema.parse(model));
  let running: TestServer;
  beforeAll(async () => {
    running = await serve({}, { models });
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
  });
  const scrape = async () => {
    const response = await fetch(`${running.baseUrl}/metrics`);
    return { type: response.headers.get('content-type'), text: await response.text() };
  };

  it('counts what came over REST, by route and status, and nothing by its path', async () => {
    const inputs = [{ name: 'x', datatype: 'FP64', shape: [1], data: [1] }];
    await post(`${running.baseUrl}/v2/models/scaler/infer`, JSON.stringify({ inputs }));
    await post(`${running.baseUrl}/v2/models/scaler/infer`, '{');
    await post(`${running.baseUrl}/v2/models/nope/infer`, JSON.stringify({ inputs }));
    for (const path of ['/secret-path', '/another']) await fetch(`${running.baseUrl}${path}`);
    await fetch(`${running.baseUrl}/v2/models/scaler`, { method: 'DELETE' });
    const { type, text } = await scrape();
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    const requests = parsePrometheus(text).get('kserve_env_requests_total')?.samples;
    const line = (method: string, status: string) =>
      `kserve_env_requests_total{method="${method}",status="${status}",transport="rest"}`;
    expect(Object.fromEntries(requests ?? [])).toMatchObject({
      [line('ModelInfer', 'OK')]: 1,
      [line('ModelInfer', 'INVALID_ARGUMENT')]: 1,
      [line('ModelInfer', 'NOT_FOUND')]: 1,
      [line('ModelMetadata', 'UNIMPLEMENTED')]: 1,
      [line('unknown', 'UNIMPLEMENTED')]: 2,
    });
    expect(text).not.toContain('secret');
  });

  it('has every model, ready or not', async () => {
    const { text } = await scrape();
    const ready = parsePrometheus(text).get('kserve_env_model_ready')?.samples;
    expect(Object.fromEntries(ready ?? [])).toEqual({
      'kserve_env_model_ready{model="scaler",version="1"}': 1,
      'kserve_env_model_ready{model="lazy",version="1"}': 0,
    });
  });

  it('has no name that the documentation lacks, nor the other way round', async () => {
    const page = readFileSync(fileURLToPath(new URL('../../../docs/observability.md', import.meta.url)), 'utf8');
    const table = page.split('\n').filter((line) => line.startsWith('| `'));
    const documented = table.flatMap((line) => [...line.matchAll(/`(\w+_\w+)`/g)].map(([, name]) => name));
    const { text } = await scrape();
    expect([...parsePrometheus(text).keys()].sort()).toEqual(documented.sort());
  });

  it('says what the processes use', async () => {
    const { text } = await scrape();
    const now = Date.now() / 1000;
    expect(value(text, 'process_resident_memory_bytes', 'process_resident_memory_bytes{}')).toBeGreaterThan(1e6);
    const started = value(text, 'process_start_time_seconds', 'process_start_time_seconds{}') ?? 0;
    expect(started).toBeGreaterThan(now - 3600);
    expect(started).toBeLessThanOrEqual(now);
  });
});
