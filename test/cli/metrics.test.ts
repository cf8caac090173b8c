/** `metrics` as a user runs it: standard output has the metrics and nothing else, whatever happens. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gauge, metricsOf, oneHost, point, pointsOf } from '../unit/metrics/otlp.js';
import { toJson, toProtobuf } from '../unit/metrics/otlp-schema.js';
import { answerOf } from './json-schemas.js';
import { type Sandbox, sandbox } from './run-cli.js';

const input = oneHost(gauge('a.b', point(1, 5, { cpu: '0' }), point(2, 5, { cpu: '1' })));
const rule = ['--model', 'simple_scaler', '--metric', 'a.b'];

describe('metrics', () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = sandbox();
    expect(await box.run(['up', '--engine', 'process'])).toMatchObject({ code: 0 });
    writeFileSync(join(box.directory, 'otlp.json'), input);
    writeFileSync(join(box.directory, 'otlp.pb'), toProtobuf(input));
  });
  afterAll(async () => {
    await box.run(['down']);
    box[Symbol.dispose]();
  });
  const run = (args: string[], stdin?: string) => box.run(['metrics', ...args], stdin === undefined ? {} : { stdin });

  it('prints the metrics with the new ones, and a line for each rule beside them', async () => {
    const { code, stdout, stderr } = await run(['--input', 'otlp.json', ...rule]);
    expect(code).toBe(0);
    expect(pointsOf(Buffer.from(stdout), 'a.b.scaled_result').map(({ value }) => value)).toEqual([2, 4]);
    expect(stderr).toContain('✔ a.b → simple_scaler: 1 inference, 2 new points in a.b.scaled_result\n');
    expect(stderr).toContain('1 metric of the input unchanged');
  });

  it('reads standard input, and takes a rule, a parameter and a pattern', async () => {
    const words = [
      '--input',
      '-',
      '--rule',
      'simple_scaler=a.b',
      '-p',
      'scale_factor=10',
      '--output-pattern',
      'x.{output}',
    ];
    const { code, stdout } = await run(words, input.toString());
    expect(code).toBe(0);
    expect(pointsOf(Buffer.from(stdout), 'x.scaled_result').map(({ value }) => value)).toEqual([10, 20]);
  });

  it('writes a file, and replaces one only where it is told to', async () => {
    const args = ['--input', 'otlp.pb', ...rule, '--output', 'out.pb'];
    expect(await run(args)).toMatchObject({ code: 0, stdout: '' });
    const written = readFileSync(join(box.directory, 'out.pb'));
    expect(pointsOf(toJson(written), 'a.b.scaled_result').map(({ value }) => value)).toEqual([2, 4]);
    const again = await run(args);
    expect(again).toMatchObject({ code: 2, stdout: '' });
    expect(again.stderr).toContain('out.pb exists already\n  → --force replaces it');
    expect(await run([...args, '--force'])).toMatchObject({ code: 0 });
  });

  it.each([
    { what: 'a model that is missing', args: ['--rule', 'nope=a.b'], code: 2, says: 'NOT_FOUND' },
    {
      what: 'a metric that is missing',
      args: ['--rule', 'simple_scaler=x'],
      code: 2,
      says: 'The input has no metric x; it has a.b',
    },
    { what: 'a server that is missing', args: [...rule, '--endpoint', '127.0.0.1:1'], code: 4, says: 'UNAVAILABLE' },
    {
      what: 'several reasons',
      args: ['--rule', 'nope=a.b', '--rule', 'linear_regression=a.b', '--rule', 'simple_scaler=x'],
      code: 2,
      says: '(and 2 more)',
    },
    {
      what: 'an environment that is missing',
      args: [...rule, '--name', 'other'],
      code: 3,
      says: 'No environment named other',
    },
  ])('with $what the metrics come out as they were', async ({ args, code, says }) => {
    const result = await run(['--input', 'otlp.json', ...args]);
    expect(result).toMatchObject({ code, stdout: input.toString() });
    expect(result.stderr).toContain(says);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  it('with one rule that fails the other has its result', async () => {
    const { code, stdout } = await run(['--input', 'otlp.json', ...rule, '--rule', 'nope=a.b']);
    expect(code).toBe(2);
    expect(metricsOf(Buffer.from(stdout)).map(({ name }) => name)).toEqual(['a.b', 'a.b.scaled_result']);
  });

  it('an input that cannot be read comes out as it was, with its place in the error', async () => {
    const broken = `${input}\n{"resourceMetrics":[{`;
    const { code, stdout, stderr } = await run(['--input', '-', ...rule], broken);
    expect({ code, stdout }).toEqual({ code: 2, stdout: broken });
    expect(stderr).toContain('error: standard input, line 2, column 22: expected a key in double quotes, got the end');
  });

  it.each([
    { args: [], says: 'There is no rule' },
    { args: rule, says: 'There is no input' },
    { args: [...rule, '--input', 'none.json'], says: '--input: none.json cannot be read (ENOENT)' },
    { args: [...rule, '--input', 'otlp.json', '--mode', 'some'], says: '--mode: expected latest, window:N or all' },
    { args: [...rule, '--input', 'otlp.json', '--series', '5'], says: '--input and --series exclude each other' },
    { args: ['--series', '5', '--rate', 'fast'], says: '--rate: expected scrapes or points a second, got "fast"' },
  ])('refuses $args: $says', async ({ args, says }) => {
    const result = await run(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(says);
  });

  it('answers --json with the rules and the metrics, numbers as they were spelt', async () => {
    const spelt = input.toString().replace('"asDouble":1}', '"asDouble":1.00}');
    const { code, stdout } = await box.run(['metrics', '--input', '-', ...rule, '--json'], { stdin: spelt });
    const answer = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(answerOf('metrics', 'ok').safeParse(answer).error).toBeUndefined();
    expect(answer.data).toMatchObject({
      format: 'json',
      rules: [{ model: 'simple_scaler', metrics: ['a.b'], groups: 1, inferences: 1, newMetrics: 1, errors: [] }],
      originals: { metrics: 1, unchanged: true },
    });
    expect(metricsOf(Buffer.from(JSON.stringify(answer.data.output))).map(({ name }) => name)).toEqual([
      'a.b',
      'a.b.scaled_result',
    ]);
    expect(stdout).toContain('"asDouble": 1.00');
  });

  it('answers --json of protobuf with base64, and with the errors of the rules', async () => {
    const { code, answer } = await box.json(['metrics', '--input', 'otlp.pb', ...rule, '--rule', 'nope=a.b']);
    expect(answerOf('metrics', 'error').safeParse(answer).error).toBeUndefined();
    expect({ code, error: answer.error?.code }).toEqual({ code: 2, error: 'INFERENCE_FAILED' });
    expect(pointsOf(toJson(Buffer.from(answer.data.output, 'base64')), 'a.b.scaled_result')).toHaveLength(2);
    expect(answer.data.rules[1].errors).toEqual([
      { kind: 'refused', status: 'NOT_FOUND', message: expect.stringContaining('nope'), count: 1 },
    ]);
  });

  it('makes up volumes, and says how fast they went', async () => {
    const words = ['--series', '560', '--duration', '300ms', '--seed', '3'];
    const { code, stdout } = await run(words);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('560 series on 10 hosts') });
    const { answer } = await box.json(['metrics', ...words, '--rate', '100000/s']);
    expect(answerOf('metrics --series', 'ok').safeParse(answer).error).toBeUndefined();
    expect(answer.data).toMatchObject({
      series: 560,
      hosts: 10,
      seed: 3,
      asked: { scrapesPerSecond: 100_000, reached: false },
    });
    expect(answer.warnings).toMatchObject([expect.stringContaining('Asked for 100000 scrapes/s')]);
  });
});
