import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { casesFor } from '../../../src/checks/suites/all-cases.js';
import { type ModelConfig, modelConfigSchema } from '../../../src/models/kinds.js';
import { allModels, type CheckOptions, check, type Served, serve } from './served.js';
import { few, foreign, told } from './wrong-server.js';

const suites = ['infer'] as const;

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(async () => {
  await right[Symbol.asyncDispose]();
});

const models = (list: unknown[]): ModelConfig[] => modelConfigSchema.array().parse(list);

/** The results of the models that a server is made with, as of an environment of ours. */
async function checked(configured: ModelConfig[], options: CheckOptions = {}) {
  await using server = await serve(configured);
  return await check(server, { suites, configured, ...options });
}

describe('against the real server', () => {
  it.each([
    { how: 'over both transports', options: { configured: allModels } },
    { how: 'as a server of somebody else', options: foreign },
  ])('every case passes, $how', async ({ options }) => {
    const results = await check(right, { suites, ...options });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(results.length).toBeGreaterThan(400);
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
  });

  it.each([
    { how: 'over gRPC alone', options: { configured: few, only: 'grpc' as const } },
    { how: 'over REST alone', options: { configured: few, only: 'rest' as const } },
    { how: 'without knowing its configuration', options: { models: few.map(({ name }) => name) } },
  ])('the cases of some models pass, $how', async ({ options }) => {
    const results = await check(right, { suites, ...options });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(results.length).toBeGreaterThan(300);
  });

  it('every datatype goes through every route, in each shape and at its edges', async () => {
    const ids = new Set(
      (await check(right, { suites, configured: allModels, cases: ['infer/values/identity'] })).map(({ id }) => id),
    );
    for (const shape of ['vector', 'row', 'matrix', 'scalar', 'empty', 'empty-matrix']) {
      for (const route of ['grpc-typed', 'grpc-raw', 'rest-json', 'rest-binary']) {
        for (const datatype of [
          'BOOL',
          'INT8',
          'INT16',
          'INT32',
          'INT64',
          'UINT8',
          'UINT16',
          'UINT32',
          'UINT64',
          'FP32',
          'FP64',
          'BYTES',
        ]) {
          expect(ids).toContain(`infer/values/identity/${datatype}/${shape}/${route}`);
        }
      }
      for (const half of ['FP16', 'BF16']) {
        expect(ids).toContain(`infer/values/identity/${half}/${shape}/grpc-raw`);
        expect(ids).not.toContain(`infer/values/identity/${half}/${shape}/rest-json`);
      }
    }
    for (const edge of [
      'BYTES/binary/rest-json',
      'BYTES/megabyte/grpc-typed',
      'FP64/nan-bits/grpc-raw',
      'INT64/beyond-2-53/rest-json',
    ]) {
      expect(ids).toContain(`infer/values/identity/${edge}`);
    }
    expect(ids).not.toContain('infer/values/identity/FP64/infinities/rest-json');
  });
});

describe('models of all sorts pass', () => {
  it('of every factor that a config may have, in every datatype', async () => {
    const factors = [0, -0, 1, -1, 0.1, -2.5, 2 ** 53, -1e300, 1.7e308, 5e-324];
    const list = factors.map((factor, index) => ({
      kind: 'scale',
      name: `scaler_${index}`,
      datatype: index === 0 ? 'FP64' : 'any',
      factor,
    }));
    const results = await checked(models(list), { cases: ['infer/values', 'infer/head'] });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(results.length).toBeGreaterThan(500);
  });

  it('of declared shapes, datatypes, versions, parameters and forms', async () => {
    const list = models([
      { kind: 'scale', name: 'matrix', shape: [2, -1], datatype: 'any' },
      { kind: 'scale', name: 'preset', parameters: { scale_factor: 5 } },
      { kind: 'scale', name: 'textual', parameters: { scale_factor: '5' } },
      { kind: 'sum', name: 'block', shape: [2, 2, 2], datatype: 'INT16' },
      { kind: 'product', name: 'scalar', shape: [] },
      { kind: 'linear', name: 'narrow', datatype: 'FP32', weights: [0.1, 2], bias: 0.7 },
      { kind: 'identity', name: 'strings', datatype: 'BYTES', shape: [3, 1] },
      { kind: 'identity', name: 'half', datatype: 'FP16' },
      { kind: 'sum', name: 'brain', datatype: 'BF16', shape: [-1, 2] },
      { kind: 'add_sub', name: 'wide', datatype: 'any', shape: [-1] },
      { kind: 'sum', name: 'changing', versions: ['1', '2'] },
      { kind: 'product', name: 'changing', versions: ['3'] },
      { kind: 'sum', name: 'later', initial: 'unloaded' },
      { kind: 'scale', name: 'strict', strictInputs: true, output: 'raw' },
      { kind: 'scale', name: 'typed', strictInputs: true, output: 'typed' },
    ]);
    const results = await checked(list);
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    const ids = results.map(({ id }) => id);
    expect(ids).toContain('infer/values/changing@3/FP64/values/grpc-raw');
    expect(ids).toContain('infer/values/half/FP16/specials/rest-binary');
    expect(ids.filter((id) => id.includes('/later/'))).toEqual([]);
    // Its author says what a factor in words is, and no more is asked of it than of anybody's model.
    expect(ids.filter((id) => id.startsWith('infer/values/textual/'))).toEqual([]);
  });

  it('a model that takes its time is asked a few times only', async () => {
    const results = await checked(models([{ kind: 'scale', name: 'slow', latency: '1ms' }]));
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(results.length).toBeLessThan(30);
  });

  it('a server without models has no case', async () => {
    expect(await checked([])).toEqual([]);
  });
});

describe('what is expected of a model', () => {
  const metricsModel = models([{ kind: 'scale', name: 'doubler' }]);

  it('is asked of a server that is not ours', async () => {
    const expectations = [{ mathematics: { kind: 'scale' as const, factor: 2 } }];
    const results = await checked(metricsModel, { configured: undefined as never, expectations, ...foreign });
    expect(told(results, 'failed')).toEqual([]);
    expect(results.map(({ id }) => id)).toContain('infer/values/doubler/FP64/vector/grpc-typed');
  });

  it('fails where the model computes something else', async () => {
    const expectations = [{ mathematics: { kind: 'scale' as const, factor: 3 } }];
    const failed = told(
      await checked(metricsModel, { configured: undefined as never, expectations, ...foreign }),
      'failed',
    );
    expect(failed).toContain(
      'infer/values/doubler/FP64/values/grpc-typed: element 1 of scaled_result: expected 3, got 2',
    );
  });

  it('is skipped with a reason where it does not go with the model', async () => {
    const expectations = [{ mathematics: { kind: 'sum' as const } }];
    const skipped = told(
      await checked(metricsModel, { configured: undefined as never, expectations, ...foreign }),
      'skipped',
    );
    expect(skipped).toContain('infer/values/doubler: sum takes 2 inputs, the model has 1');
  });
});

describe('the plan', () => {
  it('needs no server, nor any model that answers', () => {
    const metadata = { name: 'm', versions: [], platform: '', inputs: [], outputs: [] };
    const refused = 'INVALID_ARGUMENT: no';
    const cases = casesFor(
      {
        name: 'other',
        version: '',
        extensions: [],
        ours: false,
        transports: ['grpc'],
        ready: undefined,
        models: [{ name: 'm', version: '', title: 'm', metadata, refused }],
        unloaded: [],
        mayUnload: false,
      } as never,
      { suites },
    );
    expect(cases.map(({ id }) => id)).toEqual(['infer/sample/m']);
  });
});
