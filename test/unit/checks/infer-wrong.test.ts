import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OipError } from '../../../src/protocol/status.js';
import type { Behaviour } from '../../fakes/mutant-behaviour.js';
import { type CheckOptions, type Served, serve } from './served.js';
import { answers, asks, checkWrong, few, invalid, told } from './wrong-server.js';

const suites = ['infer'] as const;
const ours: CheckOptions = { suites, configured: few };

let right: Served;
beforeAll(async () => {
  right = await serve(few);
});
afterAll(async () => {
  await right[Symbol.asyncDispose]();
});

describe('a wrong server fails', () => {
  it.each([
    {
      what: 'that loses the last element of long tensors',
      cases: 'infer/values/identity/FP64/megabyte',
      behaviour: answers(({ outputs }) =>
        outputs.map(({ data }) => data.length > 1000 && !Array.isArray(data) && data.fill(0 as never, -1)),
      ),
      says: /megabyte\/\w+-\w+: element 131071 of output_tensor: expected \d+, got 0/,
    },
    {
      what: 'that flattens shapes',
      cases: 'infer/values/simple_scaler',
      behaviour: answers(({ outputs }) => outputs.map((one) => Object.assign(one, { shape: [one.data.length] }))),
      says: /FP64\/matrix\/\w+-\w+: shape of scaled_result: expected \[2,3\], got \[6\]/,
    },
    {
      what: 'that refuses empty tensors',
      cases: 'infer/values/identity/INT32',
      behaviour: answers((_, request) =>
        request?.inputs.some(({ data }) => data.length === 0) ? invalid() : undefined,
      ),
      says: /empty\/\w+-\w+: empty tensors are refused/,
    },
    {
      what: 'that makes an id of its own',
      cases: 'infer/id',
      behaviour: answers((answer) => Object.assign(answer, { id: answer.id.slice(0, 64) })),
      says: /infer\/id\/simple\/\w+-\w+: id: expected/,
    },
    {
      what: 'that names another version',
      cases: 'infer/head',
      behaviour: answers((answer) => Object.assign(answer, { modelVersion: '7' })),
      says: /infer\/head\/simple\/\w+-\w+: model_version is 7; the metadata have 1/,
    },
    {
      what: 'that answers another version than the one asked for',
      cases: 'infer/version',
      behaviour: answers((answer) => Object.assign(answer, { modelVersion: '7' })),
      says: /infer\/version\/1\/simple\/\w+-\w+: model_version: expected "1", got "7"/,
    },
    {
      what: 'that adds noise',
      cases: 'infer/again',
      behaviour: answers(({ outputs }) =>
        outputs.map(({ data }) => data instanceof Float64Array && data.fill(Math.random(), 0, 1)),
      ),
      says: /infer\/again\/simple_scaler\/\w+-\w+: the second time: element 0/,
    },
    {
      what: 'whose REST rounds to FP32',
      cases: 'infer/agree',
      behaviour: {
        infer: ({ transport, answer }) => {
          if (transport === 'grpc' || answer instanceof OipError) return undefined;
          for (const { data } of answer.outputs)
            if (data instanceof Float64Array) data[0] = Math.fround((data[0] ?? 0) + 0.1);
          return answer;
        },
      } satisfies Behaviour,
      says: /infer\/agree\/simple_scaler\/rest-json: over rest-json as over grpc-typed: element 0/,
      both: true,
    },
    {
      what: 'that takes inputs by their position',
      cases: 'infer/input-order',
      behaviour: asks(
        ({ inputs, modelName }) =>
          modelName === 'simple' && inputs.map((one, index) => Object.assign(one, { name: `INPUT${index}` })),
      ),
      says: /infer\/input-order\/simple\/\w+-\w+: with the inputs in another order: element/,
    },
    {
      what: 'that wants its own names',
      cases: 'infer/input-name',
      behaviour: answers((_, request) => (request?.inputs[0]?.name.startsWith('my.') ? invalid() : undefined)),
      says: /infer\/input-name\/simple_scaler\/\w+-\w+: an input of another name is refused with INVALID_ARGUMENT/,
    },
    {
      what: 'that answers all outputs',
      cases: 'infer/output/one',
      behaviour: asks((request) => Object.assign(request, { outputs: [] })),
      says: /infer\/output\/one\/simple\/grpc-typed: the outputs OUTPUT0, OUTPUT1 came where OUTPUT1 alone was requested/,
      grpc: true,
    },
    {
      what: 'that keeps the order of the model',
      cases: 'infer/output/reversed',
      behaviour: answers(({ outputs }) => outputs.sort((a, b) => a.name.localeCompare(b.name))),
      says: /infer\/output\/reversed\/simple\/\w+-\w+: the outputs OUTPUT0, OUTPUT1 came where OUTPUT1, OUTPUT0 were/,
    },
    {
      what: 'that gives one output for another',
      cases: 'infer/output/one',
      behaviour: asks((request) =>
        request.outputs.map((one) => Object.assign(one, { name: one.name.replace('1', '0') })),
      ),
      says: /infer\/output\/one\/simple\/\w+-\w+: requested outputs that did not come: .*OUTPUT1/,
    },
    {
      what: 'that refuses what it does not know of an output',
      cases: 'infer/output/parameters',
      behaviour: answers((_, request) => (request?.outputs[0]?.parameters?.kserve_env_unknown ? invalid() : undefined)),
      says: /infer\/output\/parameters\/simple\/\w+-\w+: refused with INVALID_ARGUMENT/,
    },
    {
      what: 'that refuses what it does not know of a request',
      cases: 'infer/parameter/unknown',
      behaviour: answers((_, request) => (request?.parameters.kserve_env_text ? invalid() : undefined)),
      says: /infer\/parameter\/unknown\/simple\/\w+-\w+: refused with INVALID_ARGUMENT/,
    },
    {
      what: 'of ours that forgets the factor of a request',
      cases: 'infer/parameter',
      behaviour: asks((request) => Object.assign(request, { parameters: {} })),
      says: /scale-factor-string\/simple_scaler\/\w+-\w+: scaled by -4: element/,
    },
  ])('$what, over each transport', async ({ cases, behaviour, says, both = false, grpc = false }) => {
    const reached = both
      ? [{}]
      : grpc
        ? [{ only: 'grpc' as const }]
        : [{ only: 'grpc' as const }, { only: 'rest' as const }];
    for (const only of reached) {
      const results = await checkWrong(right, behaviour, { ...ours, ...only, cases: [cases] });
      expect(told(results, 'failed')).toContainEqual(expect.stringMatching(says));
    }
  });

  it.each([
    {
      what: 'raw answers to typed requests',
      form: 'raw' as const,
      says: /form\/simple\/grpc-typed: outputs come raw for a request that is typed/,
    },
    {
      what: 'typed answers to raw requests',
      form: 'typed' as const,
      says: /form\/simple\/rest-binary: outputs come JSON for a request that is binary/,
    },
  ])('with $what', async ({ form, says }) => {
    const behaviour = answers((answer) => Object.assign(answer, { form }));
    const failed = told(await checkWrong(right, behaviour, { ...ours, cases: ['infer/form'] }), 'failed');
    expect(failed).toContainEqual(expect.stringMatching(says));
  });
});
