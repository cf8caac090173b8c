import { describe, expect, it } from 'vitest';
import { stemOf } from '../../../src/metrics/naming.js';
import type { MetricsRule } from '../../../src/metrics/rules.js';
import { runRules } from '../../../src/metrics/run-rules.js';
import type { Tensor } from '../../../src/protocol/tensor.js';
import { answering, fp64, gauge, metricsOf, oneHost, point, pointsOf } from './otlp.js';

const index = 'otel.inference.output.index';
const bytes = oneHost(gauge('a.b', point(1, 10, { cpu: '0', host: 'x' }), point(2, 20, { cpu: '1', host: 'x' })));

async function run(outputs: Tensor[], rule: Partial<MetricsRule> = {}, version = '7', input: Uint8Array = bytes) {
  const rules = [{ model: 'm', metrics: ['a.b'], ...rule }];
  const { output, report } = await runRules({ bytes: input, rules, client: answering(() => outputs, version).client });
  return { output, report };
}

describe('elements of an output become data points', () => {
  it('one of each point, with its attributes and time', async () => {
    const { output } = await run([fp64('o', 5, 6)]);
    expect(pointsOf(output, 'a.b.o')).toEqual([
      { cpu: '0', host: 'x', time: 10, value: 5 },
      { cpu: '1', host: 'x', time: 20, value: 6 },
    ]);
  });

  it('a single one of several points: with the attributes that all share, at the newest time', async () => {
    const { output } = await run([fp64('o', 5)]);
    expect(pointsOf(output, 'a.b.o')).toEqual([{ host: 'x', time: 20, value: 5 }]);
  });

  it('several of each point, numbered', async () => {
    const { output } = await run([fp64('o', 5, 6, 7, 8)]);
    expect(pointsOf(output, 'a.b.o').map((one) => [one.cpu, one[index], one.value])).toEqual([
      ['0', 0, 5],
      ['0', 1, 6],
      ['1', 0, 7],
      ['1', 1, 8],
    ]);
  });

  it('any other number: numbered, with the attributes that all share', async () => {
    const { output } = await run([fp64('o', 5, 6, 7)]);
    expect(pointsOf(output, 'a.b.o')).toEqual(
      [5, 6, 7].map((value, at) => ({ host: 'x', [index]: at, time: 20, value })),
    );
  });

  it('none: no metric', async () => {
    const { report } = await run([fp64('o')]);
    expect(report.rules).toMatchObject([{ inferences: 1, newMetrics: 0, names: [], errors: [] }]);
  });

  it('as the elements of points of different lengths are', async () => {
    const histogram = (counts: number[], cpu: string) => ({
      ...point(0, 1, { cpu }),
      count: 1,
      sum: 2,
      bucketCounts: counts,
    });
    const input = oneHost({ name: 'a.b', histogram: { dataPoints: [histogram([1], '0'), histogram([1, 2], '1')] } });
    const { output } = await run([fp64('o', 1, 2, 3, 4, 5, 6, 7)], {}, '7', input);
    expect(pointsOf(output, 'a.b.o').map(({ cpu, ...one }) => [cpu, one[index]])).toEqual([
      ['0', 0],
      ['0', 1],
      ['0', 2],
      ['1', 0],
      ['1', 1],
      ['1', 2],
      ['1', 3],
    ]);
  });
});

describe('datatypes', () => {
  const tensor = (datatype: Tensor['datatype'], data: Tensor['data']): Tensor => ({
    name: 'o',
    datatype,
    shape: [2],
    data,
  });
  it.each([
    { output: tensor('FP64', Float64Array.of(0.1, Number.NaN)), values: [0.1, 'NaN'] },
    { output: tensor('FP64', Float64Array.of(-0, Number.NEGATIVE_INFINITY)), values: [-0, '-Infinity'] },
    { output: tensor('FP32', Float32Array.of(0.5, 1e10)), values: [0.5, 1e10] },
    { output: tensor('FP16', Uint16Array.of(0x3c00, 0xfc00)), values: [1, '-Infinity'] },
    { output: tensor('FP16', Uint16Array.of(0x0001, 0x7bff)), values: [2 ** -24, 65504] },
    { output: tensor('BF16', Uint16Array.of(0x3f80, 0xc000)), values: [1, -2] },
    {
      output: tensor('INT64', BigInt64Array.of(2n ** 63n - 1n, -1n)),
      values: [{ int: '9223372036854775807' }, { int: '-1' }],
    },
    { output: tensor('UINT8', Uint8Array.of(0, 255)), values: [{ int: '0' }, { int: '255' }] },
    { output: tensor('BOOL', Uint8Array.of(1, 0)), values: [{ int: '1' }, { int: '0' }] },
  ])('$output.datatype: $values', async ({ output: given, values }) => {
    const { output } = await run([given]);
    expect(pointsOf(output, 'a.b.o').map(({ value }) => value)).toEqual(values);
  });

  it.each([
    {
      output: tensor('BYTES', [Buffer.from('x'), Buffer.from('y')]),
      says: 'output o is BYTES, which is no value of a metric',
    },
    {
      output: tensor('UINT64', BigUint64Array.of(1n, 2n ** 63n)),
      says: 'output o has 9223372036854775808, which asInt cannot hold',
    },
  ])('$output.datatype that no metric holds is told, and other outputs become metrics', async ({ output, says }) => {
    const { report } = await run([output, fp64('p', 1, 2)]);
    expect(report.rules).toMatchObject([
      { names: ['a.b.p'], errors: [{ kind: 'unusable-output', message: says, count: 1 }] },
    ]);
  });

  it('an answer without outputs is told', async () => {
    expect((await run([])).report.rules).toMatchObject([{ errors: [{ message: 'the answer has no outputs' }] }]);
  });
});

describe('model and version', () => {
  const own = async (version: string, rule: Partial<MetricsRule> = {}) => {
    const { output } = await run([fp64('o', 1, 2)], rule, version);
    const found = metricsOf(output)
      .find(({ name }) => name === 'a.b.o')
      .gauge.dataPoints[0].attributes.slice(2);
    return Object.fromEntries(
      found.map(({ key, value }: { key: string; value: { stringValue: string } }) => [key, value.stringValue]),
    );
  };
  it.each([
    { version: '3', rule: {}, attributes: { 'otel.inference.model.name': 'm', 'otel.inference.model.version': '3' } },
    {
      version: '',
      rule: { modelVersion: '2' },
      attributes: { 'otel.inference.model.name': 'm', 'otel.inference.model.version': '2' },
    },
    { version: '', rule: {}, attributes: { 'otel.inference.model.name': 'm' } },
  ])('an answer of version "$version" gives $attributes', async ({ version, rule, attributes }) => {
    expect(await own(version, rule)).toEqual(attributes);
  });

  it('of a result of a result are those of the last model', async () => {
    const { output } = await run([fp64('o', 1, 2)], {}, '1');
    const again = await run([fp64('p', 1, 2)], { model: 'n', metrics: ['a.b.o'] }, '2', output);
    const [first] = metricsOf(again.output).find(({ name }) => name === 'a.b.o.p').gauge.dataPoints;
    expect(first.attributes.map(({ key }: { key: string }) => key)).toEqual([
      'cpu',
      'host',
      'otel.inference.model.name',
      'otel.inference.model.version',
    ]);
  });
});

describe('names', () => {
  it.each([
    { metrics: ['system.cpu.utilization'], stem: 'system.cpu.utilization' },
    { metrics: ['system.cpu.time', 'system.cpu.utilization'], stem: 'system.cpu' },
    { metrics: ['system.cpu', 'system.cpu.utilization'], stem: 'system.cpu' },
    { metrics: ['system.cpu', 'system.cpus'], stem: 'system' },
    { metrics: ['gen', 'system.cpu'], stem: 'gen_system.cpu' },
  ])('the stem of $metrics is $stem', ({ metrics, stem }) => {
    expect(stemOf(metrics)).toBe(stem);
  });

  it('are as the pattern says', async () => {
    const outputPattern = 'ml.{model}.{version}.{metric}.{output}';
    const { report } = await run([fp64('o', 1), fp64('', 1)], { outputPattern });
    expect(report.rules[0]?.names).toEqual(['ml.m.7.a.b.o', 'ml.m.7.a.b.output_1']);
  });

  it('that are there already are a warning', async () => {
    const { report } = await run([fp64('o', 1)], { outputPattern: 'a.b' });
    expect(report.warnings).toEqual([
      'There is a metric a.b besides that of model m; --output-pattern gives another name',
    ]);
  });

  it('in any script and with quotes are written as JSON has them', async () => {
    const { output } = await run([fp64('größe"\\\n', 1)]);
    expect(metricsOf(output)[1]).toMatchObject({ name: 'a.b.größe"\\\n' });
  });
});
