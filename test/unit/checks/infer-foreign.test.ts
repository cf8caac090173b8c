import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oipError } from '../../../src/protocol/status.js';
import { type CheckOptions, type Served, serve } from './served.js';
import { answers, asks, checkWrong, few, foreign, invalid, told } from './wrong-server.js';

const suites = ['infer'] as const;

let right: Served;
beforeAll(async () => {
  right = await serve(few);
});
afterAll(async () => {
  await right[Symbol.asyncDispose]();
});

describe('of a server that is not ours, legal and unusual are', () => {
  it.each([
    {
      what: 'raw answers',
      cases: 'infer/form',
      behaviour: { ...answers((answer) => Object.assign(answer, { form: 'raw' })) },
      only: 'grpc' as const,
      says: /outputs come raw .*\(Triton, OVMS: always raw/,
    },
    {
      what: 'an id that is made up',
      cases: 'infer/no-id',
      behaviour: answers((answer) => Object.assign(answer, { id: answer.id || 'x' })),
      says: /an id is made up \(Triton, MLServer: none; KServe: an id\)/,
    },
    {
      what: 'all outputs',
      cases: 'infer/output/one',
      behaviour: asks((request) => Object.assign(request, { outputs: [] })),
      only: 'grpc' as const,
      says: /the outputs OUTPUT0, OUTPUT1 came .*\(Triton: /,
    },
    {
      what: 'strict names',
      cases: 'infer/input-name',
      behaviour: answers((_, request) => (request?.inputs[0]?.name.startsWith('my.') ? invalid() : undefined)),
      says: /refused with INVALID_ARGUMENT: no \(Triton, OVMS: refused/,
    },
    {
      what: 'empty tensors refused',
      cases: 'infer/values/identity/INT32/empty',
      behaviour: answers((_, request) =>
        request?.inputs.some(({ data }) => data.length === 0) ? invalid() : undefined,
      ),
      says: /empty tensors are refused/,
    },
    {
      what: 'large tensors refused',
      cases: 'infer/values',
      behaviour: answers((_, request) =>
        request?.inputs.some(({ data }) => data.length > 1000) ? oipError('TOO_LARGE', 'too large') : undefined,
      ),
      says: /a tensor of a MiB is refused/,
    },
    {
      what: 'a version that is refused',
      cases: 'infer/version',
      behaviour: answers((_, request) =>
        request?.modelVersion === '1' ? oipError('UNIMPLEMENTED', 'no versions') : undefined,
      ),
      says: /refused with UNIMPLEMENTED, though/,
    },
  ])('noted: $what', async ({ cases, behaviour, says, only }) => {
    const results = await checkWrong(right, behaviour, { suites, ...foreign, cases: [cases], ...(only && { only }) });
    expect(told(results, 'failed')).toEqual([]);
    expect(told(results, 'noted')).toContainEqual(expect.stringMatching(says));
  });

  it('failed once for its shape, and noted where the values are right', async () => {
    const behaviour = answers(({ outputs }) => outputs.map((one) => Object.assign(one, { shape: [...one.shape, 1] })));
    const results = await checkWrong(right, behaviour, {
      suites,
      ...foreign,
      cases: ['infer/values/simple_scaler'],
      only: 'grpc',
    });
    expect(told(results, 'noted')).toContain(
      'infer/values/simple_scaler/FP64/values/grpc-raw: right values, in the shape [6, 1] for [6]',
    );
    expect(told(results, 'failed')).toContain(
      'infer/values/simple_scaler/FP64/vector/grpc-raw: shape of scaled_result: expected [5], got [5,1]',
    );
  });

  it('skipped: shapes that a model of vectors refuses', async () => {
    const behaviour = answers((_, request) =>
      request?.inputs.some(({ shape }) => shape.length !== 1) ? invalid() : undefined,
    );
    const results = await checkWrong(right, behaviour, {
      suites,
      ...foreign,
      cases: ['infer/values/simple_scaler', 'infer/json/nested/simple_scaler'],
    });
    expect(told(results, 'failed')).toEqual([]);
    expect(told(results, 'skipped')).toEqual(
      expect.arrayContaining([
        'infer/values/simple_scaler/FP64/matrix/rest-json: the model takes vectors alone (INVALID_ARGUMENT: no)',
        'infer/json/nested/simple_scaler: the model takes vectors alone, and these are flat',
      ]),
    );
  });

  it('skipped or noted: a model whose answers are random, where nobody says what it computes', async () => {
    const noise = answers(({ outputs }) =>
      outputs.map(({ data }) => data instanceof Float64Array && data.fill(Math.random(), 0, 1)),
    );
    const unknown: CheckOptions = {
      profile: (server) => ({
        ...server,
        ours: false,
        models: server.models.map(({ mathematics: _, ...model }) => model),
      }),
    };
    const results = await checkWrong(right, noise, { suites, ...unknown, cases: ['infer/again', 'infer/agree'] });
    expect(told(results, 'failed')).toEqual([]);
    expect(told(results, 'noted')).toContainEqual(
      expect.stringMatching(/infer\/again\/simple_scaler\/grpc-typed: the second time/),
    );
    expect(told(results, 'skipped')).toContainEqual(
      expect.stringMatching(/infer\/agree\/simple_scaler\/rest-json: the model answers differently/),
    );
  });

  it('skipped: a model that refuses everything', async () => {
    const results = await checkWrong(right, answers(invalid), { suites, ...foreign, only: 'rest' });
    expect(told(results, 'skipped')).toContainEqual(
      expect.stringMatching(/infer\/sample\/simple_scaler: it refused what was made from its metadata/),
    );
  });
});
