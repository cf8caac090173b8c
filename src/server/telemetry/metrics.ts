/**
 * The metrics of `/metrics`, made of the counts of all workers when somebody asks: nothing of them is on the way of a
 * request. Triton's and MLServer's names where they have one for the same figure. Sources:
 * https://github.com/triton-inference-server/server/blob/main/docs/user_guide/metrics.md and
 * https://mlserver.readthedocs.io/en/stable/user-guide/metrics.html
 */
import type { WorkerCounts } from '../control.js';
import { type ModelStatistics, sumModelStatistics } from './model-statistics.js';
import { type MetricFamily, type MetricSample, writePrometheus } from './prometheus.js';

export { prometheusContentType } from './prometheus.js';

export interface MetricsOptions {
  /** Of the server. */
  version: string;
}

/** One version of a model, over all workers. */
interface ModelTotals {
  labels: { model: string; version: string };
  ready: boolean;
  statistics: ModelStatistics;
}

/** The whole text for a scrape. */
export function metricsText(workers: readonly WorkerCounts[], { version }: MetricsOptions): string {
  const models = modelTotals(workers);
  return writePrometheus([
    ...tritonFamilies(models),
    ...mlserverFamilies(models),
    ...requestFamilies(workers),
    gauge(
      'kserve_env_model_ready',
      'Whether a version of a model is ready on every worker.',
      models.map(({ labels, ready }) => ({ labels, value: ready ? 1 : 0 })),
    ),
    gauge('kserve_env_build_info', 'Version of the server and of Node.js; the value says nothing.', [
      { labels: { version, node: process.versions.node }, value: 1 },
    ]),
    gauge('kserve_env_workers', 'Worker processes that answered this scrape.', [{ labels: {}, value: workers.length }]),
    ...processFamilies(workers),
  ]);
}

function modelTotals(workers: readonly WorkerCounts[]): ModelTotals[] {
  const byKey = new Map<string, { name: string; version: string; ready: boolean; statistics: ModelStatistics[] }>();
  for (const { models } of workers) {
    for (const { name, version, ready, statistics } of models) {
      const key = JSON.stringify([name, version]);
      const known = byKey.get(key) ?? { name, version, ready: true, statistics: [] };
      known.ready &&= ready;
      known.statistics.push(statistics);
      byKey.set(key, known);
    }
  }
  return [...byKey.values()].map(({ name, version, ready, statistics }) => ({
    labels: { model: name, version },
    ready,
    statistics: sumModelStatistics(statistics),
  }));
}

const micros = (ns: number): number => Math.round(ns / 1_000);

function tritonFamilies(models: readonly ModelTotals[]): MetricFamily[] {
  const family = (name: string, help: string, value: (statistics: ModelStatistics) => number): MetricFamily =>
    counter(
      name,
      help,
      models.map(({ labels, statistics }) => ({ labels, value: value(statistics) })),
    );
  return [
    family('nv_inference_request_success', 'Inferences that were answered.', ({ success }) => success.count),
    family('nv_inference_request_failure', 'Inferences that were refused or failed.', ({ fail }) => fail.count),
    family('nv_inference_count', 'Inferences that were made; nothing is batched.', ({ success }) => success.count),
    family('nv_inference_exec_count', 'Executions of the model.', ({ success }) => success.count),
    family('nv_inference_request_duration_us', 'Microseconds of answered inferences in all.', ({ success }) =>
      micros(success.ns),
    ),
    family('nv_inference_queue_duration_us', 'Microseconds that the declared latency made them wait.', ({ queue }) =>
      micros(queue.ns),
    ),
    family('nv_inference_compute_input_duration_us', 'Microseconds of checking inputs.', ({ computeInput }) =>
      micros(computeInput.ns),
    ),
    family('nv_inference_compute_infer_duration_us', "Microseconds of the model's own work.", ({ computeInfer }) =>
      micros(computeInfer.ns),
    ),
    family('nv_inference_compute_output_duration_us', 'Microseconds of choosing outputs.', ({ computeOutput }) =>
      micros(computeOutput.ns),
    ),
  ];
}

function mlserverFamilies(models: readonly ModelTotals[]): MetricFamily[] {
  const samples = (value: (statistics: ModelStatistics) => number): MetricSample[] =>
    models.map(({ labels, statistics }) => ({ labels, value: value(statistics) }));
  return [
    counter(
      'model_infer_request_success_total',
      'Inferences that were answered.',
      samples(({ success }) => success.count),
    ),
    counter(
      'model_infer_request_failure_total',
      'Inferences that were refused or failed.',
      samples(({ fail }) => fail.count),
    ),
    {
      name: 'model_infer_request_duration',
      type: 'summary',
      help: 'Seconds of answered inferences.',
      samples: models.flatMap(({ labels, statistics: { success } }) => [
        { suffix: '_count', labels, value: success.count },
        { suffix: '_sum', labels, value: success.ns / 1e9 },
      ]),
    },
  ];
}

function requestFamilies(workers: readonly WorkerCounts[]): MetricFamily[] {
  const totals = new Map<string, { labels: Record<string, string>; count: number; seconds: number }>();
  for (const { transport, method, status, count, seconds } of workers.flatMap(({ requests }) => requests)) {
    const key = JSON.stringify([transport, method, status]);
    const known = totals.get(key) ?? { labels: { transport, method, status }, count: 0, seconds: 0 };
    known.count += count;
    known.seconds += seconds;
    totals.set(key, known);
  }
  const all = [...totals.values()];
  return [
    counter(
      'kserve_env_requests_total',
      'Requests by transport, RPC or route, and gRPC status.',
      all.map(({ labels, count }) => ({ labels, value: count })),
    ),
    {
      name: 'kserve_env_request_duration_seconds',
      type: 'summary',
      help: 'Seconds from the whole request to its answer.',
      samples: all.flatMap(({ labels, count, seconds }) => [
        { suffix: '_count', labels, value: count },
        { suffix: '_sum', labels, value: seconds },
      ]),
    },
  ];
}

/** The names that every client library of Prometheus gives these, summed over workers. */
function processFamilies(workers: readonly WorkerCounts[]): MetricFamily[] {
  const processes = workers.map((worker) => worker.process);
  const sum = (values: number[]): MetricSample[] => [
    { labels: {}, value: values.reduce((total, value) => total + value, 0) },
  ];
  const started = Math.min(...processes.map(({ startedAt }) => startedAt));
  return [
    counter(
      'process_cpu_seconds_total',
      'Seconds of CPU, of all workers.',
      sum(processes.map(({ cpuSeconds }) => cpuSeconds)),
    ),
    gauge(
      'process_resident_memory_bytes',
      'Resident memory, of all workers.',
      sum(processes.map(({ residentBytes }) => residentBytes)),
    ),
    gauge(
      'process_start_time_seconds',
      'Start of the first worker, in seconds since 1970.',
      processes.length > 0 ? [{ labels: {}, value: started }] : [],
    ),
  ];
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'counter', help, samples };
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'gauge', help, samples };
}
