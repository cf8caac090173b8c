import { describe, expect, it } from 'vitest';
import type { MetricsRule } from '../../../src/metrics/rules.js';
import { runRules } from '../../../src/metrics/run-rules.js';
import {
  answering,
  doubled,
  fp64,
  gauge,
  type Json,
  metricsOf,
  oneHost,
  point,
  pointsOf,
  request,
  resource,
} from './otlp.js';

/** What one rule asks and adds. */
async function run(bytes: Uint8Array, rule: Partial<MetricsRule>, answer = doubled) {
  const { client, calls, tensors } = answering(answer);
  const rules = [{ model: 'm', metrics: ['a'], ...rule }];
  const { output, report } = await runRules({ bytes, rules, client });
  const [only] = report.rules;
  if (only === undefined) throw new Error('one rule has one report');
  return { output, report, rule: only, calls, asked: tensors() };
}

const cpu = (value: number, time: number, which: string) => point(value, time, { cpu: which });
/** Two series, not in the order of time. */
const twoSeries = oneHost(
  gauge('a', cpu(1, 20, '0'), cpu(2, 10, '0'), cpu(3, 10, '1'), cpu(4, 30, '1'), cpu(5, 30, '0')),
);

describe('the points of a mode, and what one inference is made of', () => {
  it.each<{ rule: Partial<MetricsRule>; asked: number[][] }>([
    { rule: {}, asked: [[4, 5]] },
    { rule: { mode: { kind: 'latest' }, per: 'series' }, asked: [[5], [4]] },
    { rule: { mode: { kind: 'all' } }, asked: [[1, 2, 3, 4, 5]] },
    {
      rule: { mode: { kind: 'all' }, per: 'series' },
      asked: [
        [1, 2, 5],
        [3, 4],
      ],
    },
    {
      rule: { mode: { kind: 'window', size: 2 } },
      asked: [
        [1, 5],
        [3, 4],
      ],
    },
    { rule: { mode: { kind: 'window', size: 3 } }, asked: [[2, 1, 5]] },
    { rule: { mode: { kind: 'window', size: 1 } }, asked: [[5], [4]] },
  ])('$rule: $asked', async ({ rule, asked }) => {
    const result = await run(twoSeries, rule);
    expect(result.asked).toEqual(asked.map((values) => [['a', ...values]]));
    expect(result.rule).toMatchObject({ groups: asked.length, inferences: asked.length, errors: [] });
  });

  it('one inference takes a rule over all resources, unless it is asked for one per resource', async () => {
    const bytes = request(resource('x', gauge('a', point(1))), resource('y', gauge('a', point(2))));
    expect((await run(bytes, {})).asked).toEqual([[['a', 1, 2]]]);
    expect((await run(bytes, { per: 'resource' })).asked).toEqual([[['a', 1]], [['a', 2]]]);
    const { output } = await run(bytes, {});
    expect(metricsOf(output).map(({ host, name }) => [host, name])).toEqual([
      ['x', 'a'],
      ['x', 'a.out'],
      ['y', 'a'],
      ['y', 'a.out'],
    ]);
  });

  it('a series goes on from one request to the next', async () => {
    const later = Buffer.concat([
      oneHost(gauge('a', point(1, 1))),
      Buffer.from('\n'),
      oneHost(gauge('a', point(2, 2))),
    ]);
    expect((await run(later, { mode: { kind: 'window', size: 2 } })).asked).toEqual([[['a', 1, 2]]]);
    expect((await run(later, {})).asked).toEqual([[['a', 2]]]);
  });

  it('a series without enough points for a window is told, and is no error', async () => {
    const { rule } = await run(twoSeries, { mode: { kind: 'window', size: 3 } });
    expect(rule.leftOut).toEqual([
      { reason: 'short-window', count: 1, example: 'a{cpu=1} has 2 of the 3 points of a window' },
    ]);
  });

  it('a point without a value is left out, and a series that ends with one has no latest value', async () => {
    const none = { ...cpu(9, 40, '0'), flags: 1 };
    const bytes = oneHost(gauge('a', cpu(1, 10, '0'), none, cpu(3, 10, '1')));
    expect(await run(bytes, { mode: { kind: 'all' } })).toMatchObject({
      asked: [[['a', 1, 3]]],
      rule: { leftOut: [{ reason: 'no-value', count: 1 }] },
    });
    expect(await run(bytes, {})).toMatchObject({
      asked: [[['a', 3]]],
      rule: { leftOut: [{ reason: 'no-value', count: 1 }] },
    });
  });

  it('the tensor of a distribution has all its elements, point after point', async () => {
    const histogram = { name: 'a', histogram: { dataPoints: [{ count: 3, sum: 5, bucketCounts: [1, 2] }] } };
    const { asked, output } = await run(oneHost(histogram), {});
    expect(asked).toEqual([[['a', 3, 5, 1, 2]]]);
    expect(pointsOf(output, 'a.out')).toEqual(
      [6, 10, 2, 4].map((value, index) => ({ 'otel.inference.output.index': index, value })),
    );
  });
});

describe('several inputs', () => {
  const b = (...points: Json[]) => gauge('b', ...points);
  const both = { metrics: ['a', 'b'] };

  it('go together by attributes, in whatever order they are', async () => {
    const bytes = oneHost(gauge('a', cpu(1, 5, '0'), cpu(2, 5, '1')), b(cpu(20, 5, '1'), cpu(10, 5, '0')));
    expect((await run(bytes, both)).asked).toEqual([
      [
        ['a', 1, 2],
        ['b', 10, 20],
      ],
    ]);
  });

  it('go together by time: the newest that all have', async () => {
    const bytes = oneHost(
      gauge('a', cpu(1, 5, '0'), cpu(2, 6, '0'), cpu(3, 6, '1')),
      b(cpu(10, 5, '0'), cpu(30, 6, '1'), cpu(40, 7, '1')),
    );
    expect((await run(bytes, both)).asked).toEqual([
      [
        ['a', 1, 3],
        ['b', 10, 30],
      ],
    ]);
    const all = await run(bytes, { ...both, mode: { kind: 'all' } });
    expect(all.asked).toEqual([
      [
        ['a', 1, 3],
        ['b', 10, 30],
      ],
    ]);
    expect(all.rule.leftOut).toEqual([
      { reason: 'not-aligned', count: 1, example: 'a{cpu=0} has a point that no other one goes with' },
    ]);
  });

  it('what has no partner is told, of either input', async () => {
    const bytes = oneHost(gauge('a', cpu(1, 5, '0'), cpu(2, 5, '1')), b(cpu(10, 5, '0'), cpu(30, 5, '2')));
    expect(await run(bytes, both)).toMatchObject({
      asked: [
        [
          ['a', 1],
          ['b', 10],
        ],
      ],
      rule: {
        leftOut: [{ reason: 'not-aligned', count: 2, example: 'b has no series with the attributes of a{cpu=1}' }],
      },
    });
  });

  it('a single series is broadcast over the others, whichever input it is, with its value as of their times', async () => {
    const wide = [cpu(1, 10, '0'), cpu(2, 20, '1'), cpu(3, 30, '1')];
    const single = [point(100, 5), point(200, 25, {}), point(300, 99)];
    const all = { mode: { kind: 'all' as const } };
    const second = await run(oneHost(gauge('a', ...wide), b(...single)), { ...both, ...all });
    expect(second.asked).toEqual([
      [
        ['a', 1, 2, 3],
        ['b', 100, 100, 200],
      ],
    ]);
    const first = await run(oneHost(gauge('a', ...single), b(...wide)), { ...both, ...all });
    expect(first.asked).toEqual([
      [
        ['a', 100, 100, 200],
        ['b', 1, 2, 3],
      ],
    ]);
    expect(pointsOf(first.output, 'a_b.out').map(({ cpu: which }) => which)).toEqual(['0', '1', '1']);
    const series = await run(oneHost(gauge('a', ...wide), b(...single)), { ...both, per: 'series' });
    expect(series.asked).toEqual([
      [
        ['a', 1],
        ['b', 100],
      ],
      [
        ['a', 3],
        ['b', 200],
      ],
    ]);
  });

  it('of one series each go together whatever their attributes and times', async () => {
    const bytes = oneHost(gauge('a', cpu(1, 10, '0')), b(point(2, 11, { state: 'x' })));
    const { asked, output } = await run(bytes, both);
    expect(asked).toEqual([
      [
        ['a', 1],
        ['b', 2],
      ],
    ]);
    expect(pointsOf(output, 'a_b.out')).toEqual([{ cpu: '0', time: 10, value: 2 }]);
  });

  it('go together within their resource, and a metric of one series in all with every resource', async () => {
    const host = (name: string, ...values: number[]) =>
      resource(
        name,
        gauge('a', ...values.map((value, index) => cpu(value, 1, String(index)))),
        b(point(values.length * 10, 1)),
      );
    expect((await run(request(host('x', 1, 2), host('y', 3)), both)).asked).toEqual([
      [
        ['a', 1, 2, 3],
        ['b', 20, 20, 10],
      ],
    ]);
    const global = request(resource('x', gauge('a', cpu(1, 1, '0'), cpu(2, 1, '1'))), resource('z', b(point(9, 1))));
    expect(await run(global, both)).toMatchObject({
      asked: [
        [
          ['a', 1, 2],
          ['b', 9, 9],
        ],
      ],
      rule: { leftOut: [] },
    });
  });

  it('a resource that lacks one of them is told', async () => {
    const pair = (name: string) => resource(name, gauge('a', point(1)), b(point(2)));
    const bytes = request(pair('x'), resource('y', gauge('a', point(1))), pair('z'));
    expect(await run(bytes, both)).toMatchObject({
      asked: [
        [
          ['a', 1, 1],
          ['b', 2, 2],
        ],
      ],
      rule: { leftOut: [{ reason: 'not-aligned', count: 1, example: 'b has no series in the resource of a{}' }] },
    });
  });

  it('of the same attributes in two scopes the one in the scope of the source is meant', async () => {
    const scoped = (name: string, value: number) => ({
      scope: { name },
      metrics: [
        gauge('a', cpu(value, 1, '0'), cpu(value + 1, 1, '1')),
        b(cpu(value * 10, 1, '0'), cpu(value * 10 + 1, 1, '1')),
      ],
    });
    const bytes = request({ scopeMetrics: [scoped('one', 1), scoped('two', 5)] });
    expect((await run(bytes, both)).asked).toEqual([
      [
        ['a', 1, 2, 5, 6],
        ['b', 10, 11, 50, 51],
      ],
    ]);
  });
});

describe('rules that have nothing to infer from', () => {
  it.each<{ rule: Partial<MetricsRule>; bytes: Uint8Array; kind: string; message: string }>([
    { rule: { metrics: ['x'] }, bytes: twoSeries, kind: 'no-metric', message: 'The input has no metric x; it has a' },
    { rule: {}, bytes: oneHost(gauge('a')), kind: 'no-metric', message: 'a has no data points' },
    {
      rule: { mode: { kind: 'window', size: 9 } },
      bytes: oneHost(gauge('a', point(1))),
      kind: 'nothing-to-infer',
      message: 'There is nothing to infer from: a{} has 1 of the 9 points of a window',
    },
    {
      rule: {},
      bytes: oneHost({ name: 'a', sum: { dataPoints: [point('9007199254740993', 1, { cpu: '0' })] } }),
      kind: 'inexact-value',
      message: 'a{cpu=0} has asInt 9007199254740993, which no double holds exactly',
    },
  ])('$message', async ({ rule, bytes, kind, message }) => {
    const result = await run(bytes, rule);
    expect(result.rule.errors).toEqual([{ kind, status: null, message, count: 1 }]);
    expect(result.asked).toEqual([]);
    expect(Buffer.from(result.output)).toEqual(Buffer.from(bytes));
  });

  it('an inexact value stops its own group only', async () => {
    const bytes = oneHost({
      name: 'a',
      sum: { dataPoints: [point('9007199254740993', 1, { cpu: '0' }), cpu(2, 1, '1')] },
    });
    const { rule, asked } = await run(bytes, { per: 'series' });
    expect(asked).toEqual([[['a', 2]]]);
    expect(rule).toMatchObject({ groups: 2, inferences: 1, errors: [{ kind: 'inexact-value', count: 1 }] });
  });

  it.each<{ rule: Partial<MetricsRule>; says: string }>([
    { rule: { metrics: [] }, says: 'The rule of model m has no metrics' },
    { rule: { metrics: ['a', 'a'] }, says: 'The rule of model m has a twice' },
    { rule: { mode: { kind: 'window', size: 2 }, per: 'rule' }, says: 'A window is of one series' },
    { rule: { outputPattern: '{stem}.{nope}' }, says: '{nope} stands for nothing' },
  ])('a rule that makes no sense is refused: $says', async ({ rule, says }) => {
    await expect(run(twoSeries, rule)).rejects.toThrow(says);
  });
});

it('asks with the version and the parameters of the rule, in typed form', async () => {
  const { calls } = await run(twoSeries, { modelVersion: '2', parameters: { scale_factor: 3n } }, () => [fp64('o', 1)]);
  expect(calls).toMatchObject([{ modelName: 'm', modelVersion: '2', parameters: { scale_factor: 3n }, form: 'typed' }]);
  expect(calls[0]?.inputs[0]).toMatchObject({ datatype: 'FP64', shape: [2] });
});
