/** Against real servers, which are whole, slow, not ready, or gone: the metrics come out whatever happens. */
import { describe, expect, it } from 'vitest';
import { type RunRulesOptions, runRules } from '../../../src/metrics/run-rules.js';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { gauge, oneHost, point, pointsOf, request, resource } from './otlp.js';
import { type Served, serve } from './serve.js';

const models = modelConfigSchema.array().parse([
  { name: 'simple_scaler', kind: 'scale', factor: 2 },
  { name: 'simple_sum', kind: 'sum' },
  { name: 'whole', kind: 'scale', datatype: 'INT64', factor: 2 },
  { name: 'absent', kind: 'identity', initial: 'unloaded' },
  { name: 'slow', kind: 'identity', latency: '30s' },
]);

const bytes = oneHost(gauge('a.x', point(1, 5, { cpu: '0' }), point(2, 5, { cpu: '1' })), gauge('a.y', point(10, 5)));
const run = async (served: Served, options: Partial<RunRulesOptions> & Pick<RunRulesOptions, 'rules'>) =>
  await runRules({ bytes, client: served.grpc, ...options });

describe('runRules', () => {
  it('adds what the models answer, of several rules, beside their sources', async () => {
    await using served = await serve(models);
    const rules = [
      { model: 'simple_scaler', metrics: ['a.x'] },
      { model: 'simple_sum', metrics: ['a.x', 'a.y'] },
    ];
    const { output, report } = await run(served, { rules });
    expect(pointsOf(output, 'a.x.scaled_result').map(({ value }) => value)).toEqual([2, 4]);
    expect(pointsOf(output, 'a.sum_result')).toEqual([
      { cpu: '0', time: 5, value: 11 },
      { cpu: '1', time: 5, value: 12 },
    ]);
    expect(report.rules).toMatchObject([
      { model: 'simple_scaler', modelVersion: '1', groups: 1, inferences: 1, newMetrics: 1, newPoints: 2, errors: [] },
      { model: 'simple_sum', groups: 1, inferences: 1, newMetrics: 1, newPoints: 2, errors: [] },
    ]);
  });

  it('tells of a model that is missing, that is not ready, that is slow, or that refuses, and goes on with the others', async () => {
    await using served = await serve(models);
    const rules = ['nope', 'absent', 'slow', 'whole', 'simple_scaler'].map((model) => ({ model, metrics: ['a.x'] }));
    const told: string[] = [];
    const { output, report } = await run(served, {
      rules,
      call: { timeoutMs: 1000 },
      onRule: ({ model }) => told.push(model),
    });
    expect(report.rules.map(({ errors }) => errors[0]?.status)).toEqual([
      'NOT_FOUND',
      'UNAVAILABLE',
      'DEADLINE_EXCEEDED',
      'INVALID_ARGUMENT',
      undefined,
    ]);
    expect(report.rules.map(({ inferences }) => inferences)).toEqual([0, 0, 0, 0, 1]);
    expect(pointsOf(output, 'a.x.scaled_result')).toHaveLength(2);
    expect(report.originals).toEqual({ metrics: 2, unchanged: true });
    expect(told).toEqual(rules.map(({ model }) => model));
  });

  it('gives the input back where nobody listens', async () => {
    const served = await serve(models);
    await served.end();
    const { output, report } = await run(served, { rules: [{ model: 'simple_scaler', metrics: ['a.x'] }] });
    await served.grpc[Symbol.asyncDispose]();
    expect(Buffer.from(output)).toEqual(bytes);
    expect(report.rules[0]?.errors).toMatchObject([{ kind: 'refused', status: 'UNAVAILABLE', count: 1 }]);
  });

  it('keeps what was answered before the server was gone', async () => {
    await using served = await serve(models);
    let answered = 0;
    const { output, report } = await run(served, {
      bytes: request(...['x', 'y', 'z'].map((host) => resource(host, gauge('a.x', point(1))))),
      rules: [{ model: 'simple_scaler', metrics: ['a.x'], per: 'resource' }],
      concurrency: 1,
      client: {
        ...served.grpc,
        async infer(...call) {
          if (answered++ === 1) await served.end();
          return await served.grpc.infer(...call);
        },
      },
    });
    expect(report.rules).toMatchObject([
      { groups: 3, inferences: 1, newPoints: 1, errors: [{ status: 'UNAVAILABLE', count: 2 }] },
    ]);
    expect(pointsOf(output, 'a.x.scaled_result')).toHaveLength(1);
    expect(pointsOf(output, 'a.x')).toHaveLength(3);
  });

  it('stops where it is told to, with the reason', async () => {
    await using served = await serve(models);
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = run(served, {
      rules: [{ model: 'slow', metrics: ['a.x'] }],
      call: { signal: controller.signal, timeoutMs: 30_000 },
    });
    await served.grpc.serverLive();
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  it('asks no server for an input that cannot be read', async () => {
    const unreadable = Buffer.from(
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"asInt":"?"}]}}]}]}]}',
    );
    const client = {} as RunRulesOptions['client'];
    await expect(runRules({ bytes: unreadable, client, rules: [{ model: 'm', metrics: ['a'] }] })).rejects.toThrow(
      'line 1',
    );
  });

  it('sends the series of a rule side by side, and puts the answers in order', async () => {
    await using served = await serve(models);
    const points = Array.from({ length: 500 }, (_, index) => point(index, 1, { series: String(index) }));
    const rules = [{ model: 'simple_scaler', metrics: ['a.x'], per: 'series' as const }];
    const durations: number[] = [];
    const onInference = (ms: number) => durations.push(ms);
    const { output, report } = await run(served, { bytes: oneHost(gauge('a.x', ...points)), rules, onInference });
    expect(pointsOf(output, 'a.x.scaled_result').map(({ value }) => value)).toEqual(
      points.map((_, index) => index * 2),
    );
    expect(report.rules).toMatchObject([{ groups: 500, inferences: 500, newMetrics: 1, newPoints: 500 }]);
    expect(durations).toHaveLength(500);
  });
});
