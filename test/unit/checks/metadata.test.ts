import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { OipError, oipError } from '../../../src/protocol/status.js';
import type { Behaviour, Fact } from '../../fakes/mutant-behaviour.js';
import { allModels, check, type Served, serve } from './served.js';
import { checkWrong, foreign, told } from './wrong-server.js';

const suites = ['metadata'] as const;
const known = { suites, configured: allModels };

/** Enough for what a wrong server does. */
const few = allModels.filter(({ name }) => ['simple_scaler', 'simple_sum', 'simple'].includes(name));
const knownFew = { suites, configured: few };

let right: Served;
let small: Served;
beforeAll(async () => {
  right = await serve(allModels);
  small = await serve(few);
});
afterAll(async () => {
  await right[Symbol.asyncDispose]();
  await small[Symbol.asyncDispose]();
});

interface TensorFields {
  name: string;
  datatype: string;
  shape: number[];
}

interface Described extends Record<string, unknown> {
  name: string;
  versions: string[];
  platform: string;
  inputs: TensorFields[];
  outputs: TensorFields[];
}

/** Changes the answer of one RPC in place, or returns an error instead. */
const fact = (method: string, change: (answer: Record<string, unknown>, fact: Fact) => unknown): Behaviour => ({
  fact(one) {
    if (one.method !== method || one.answer instanceof OipError) return undefined;
    const changed = change(one.answer, one);
    return changed instanceof OipError ? changed : one.answer;
  },
});

/** Changes what models say of themselves. */
const described = (change: (metadata: Described, fact: Fact) => unknown): Behaviour =>
  fact('ModelMetadata', (answer, one) => change(answer as Described, one));

describe('the suite metadata', () => {
  it.each([
    { how: 'over both transports', options: known },
    { how: 'over gRPC alone', options: { ...known, only: 'grpc' as const } },
    { how: 'over REST alone', options: { ...known, only: 'rest' as const } },
    { how: 'without knowing its configuration', options: { suites } },
  ])('passes whole against the real server, $how', async ({ options }) => {
    const results = await check(right, options);
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(results.length).toBeGreaterThan(25);
  });

  it('asks for versions by their names, and has no case for a model that is not there', async () => {
    const configured = [modelConfigSchema.parse({ kind: 'sum', name: 'many', versions: ['1', '2', '3', '4'] })];
    await using server = await serve(configured);
    const results = await check(server, { suites, configured });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    const versions = results.map(({ id }) => id).filter((id) => id.startsWith('metadata/version/'));
    expect(versions).toHaveLength(6);
    await using empty = await serve([]);
    const none = await check(empty, { suites, configured: [] });
    expect(none.filter(({ status, model }) => status !== 'passed' || model !== undefined)).toEqual([]);
  });

  it('notes of a server that is not ours what the protocol has no word for', async () => {
    const results = await check(right, { suites, ...foreign });
    expect(told(results, 'failed')).toEqual([]);
    expect(told(results, 'noted')).toContainEqual(expect.stringMatching(/identity\/grpc: .*has the datatype ANY/));
  });
});

describe('a wrong server fails', () => {
  it.each([
    {
      what: 'without a name',
      behaviour: fact('ServerMetadata', (answer) => Object.assign(answer, { name: '' })),
      says: /server\/\w+: the name is empty/,
    },
    {
      what: 'of ours that names no extension',
      behaviour: fact('ServerMetadata', (answer) => Object.assign(answer, { extensions: [] })),
      says: /server\/\w+: documented extensions that are not named: .*binary_tensor_data/,
    },
    {
      what: 'whose transports tell different versions',
      behaviour: fact('ServerMetadata', (answer, { transport }) => {
        if (transport === 'rest') answer.version = '9';
        return undefined;
      }),
      says: /metadata\/agree: version over REST as over gRPC/,
    },
    {
      what: 'whose model is another',
      behaviour: described((one) => Object.assign(one, { name: 'resnet50' })),
      says: /model\/simple_scaler\/grpc: it is about "resnet50"/,
    },
    {
      what: 'whose inputs have one name',
      behaviour: described(({ inputs }) => inputs.map((one) => Object.assign(one, { name: 'x' }))),
      says: /model\/simple_sum\/rest: names of two inputs: .*"x"/,
    },
    {
      what: 'with a nameless output',
      behaviour: described(({ outputs: [one] }) => one && Object.assign(one, { name: '' })),
      says: /output 0 has no name/,
    },
    {
      what: 'with a datatype of its own',
      behaviour: described(({ inputs: [one] }) => one && Object.assign(one, { datatype: 'float64' })),
      says: /input .* has the datatype "float64"/,
    },
    {
      what: 'with a dimension of −2',
      behaviour: described(({ outputs: [one] }) => one && Object.assign(one, { shape: [-2] })),
      says: /has the shape \[-2\]/,
    },
    {
      what: 'without inputs',
      behaviour: described((one) => Object.assign(one, { inputs: [] })),
      says: /it lists no input/,
    },
    {
      what: 'without outputs',
      behaviour: described((one) => Object.assign(one, { outputs: [] })),
      says: /it lists no output/,
    },
    {
      what: 'whose transports describe a model differently',
      behaviour: described(
        ({ inputs: [one] }, { transport }) => one && transport === 'rest' && Object.assign(one, { name: 'other' }),
      ),
      says: /agree\/simple_scaler: inputs over REST as over gRPC/,
    },
    {
      what: 'whose version is another model',
      behaviour: described((one, { request }) => request.version === '1' && Object.assign(one, { platform: 'other' })),
      says: /version\/simple_scaler\/1\/grpc: platform of the version/,
    },
    {
      what: 'that refuses the version that it lists',
      behaviour: described((_, { request }) =>
        request.version === '1' ? oipError('MODEL_NOT_FOUND', 'no') : undefined,
      ),
      says: /version\/simple_scaler\/1\/rest: refused with NOT_FOUND, though the version is listed/,
    },
    {
      what: 'whose answers are of another shape than it promised',
      behaviour: described(({ outputs }) => outputs.map((one) => Object.assign(one, { shape: [-1, 3] }))),
      says: /promise\/simple_scaler\/grpc-raw: shape of scaled_result: the metadata say \[-1, 3\], the answer \[2\]/,
    },
    {
      what: 'whose answers are of another datatype than it promised',
      behaviour: described(({ outputs }) => outputs.map((one) => Object.assign(one, { datatype: 'FP32' }))),
      says: /promise\/simple_scaler\/rest-json: datatype of scaled_result: expected "FP32", got "FP64"/,
    },
    {
      what: 'whose answers have other names than it promised',
      behaviour: described(({ outputs }) => outputs.map((one) => Object.assign(one, { name: `${one.name}_` }))),
      says: /promise\/simple\/grpc-raw: names of the outputs/,
    },
    {
      what: 'whose outputs come in another order',
      behaviour: described(({ outputs }) => outputs.reverse()),
      says: /promise\/simple\/grpc-raw: the outputs come as OUTPUT0, OUTPUT1; the metadata have OUTPUT1, OUTPUT0/,
    },
    {
      what: 'that describes what it does not have',
      behaviour: {
        instead: ({ method, request }) =>
          method === 'ModelMetadata' && request.name === 'kserve-env-no-such-model'
            ? { name: 'x', versions: [], platform: 'x', inputs: [], outputs: [] }
            : undefined,
      } as Behaviour,
      says: /unknown-model\/\w+: kserve-env-no-such-model is described/,
    },
    {
      what: 'that describes versions that it does not have',
      behaviour: {
        instead: ({ method, request }) =>
          method === 'ModelMetadata' && request.version === '987654321'
            ? { name: 'simple_scaler', versions: ['1'], platform: 'x', inputs: [], outputs: [] }
            : undefined,
      } as Behaviour,
      says: /unknown-version\/simple_scaler\/\w+: version 987654321 is described/,
    },
    {
      what: 'whose list lacks a model',
      behaviour: {
        http: ({ request, answer }) =>
          request.path === '/v2/models' ? { ...answer, body: Buffer.from('{"models":["simple"]}') } : undefined,
      } as Behaviour,
      says: /metadata\/list: models that answer and are not listed: .*simple_scaler/,
    },
    {
      what: 'whose configuration has another datatype',
      behaviour: fact('ModelConfig', (answer) => {
        const config = (answer.config ?? answer) as { input: { data_type: unknown }[] };
        for (const one of config.input) one.data_type = typeof one.data_type === 'string' ? 'TYPE_BOOL' : 1;
        return undefined;
      }),
      says: /configuration\/simple_scaler\/\w+: inputs: expected .*FP64.* got .*BOOL/,
    },
    {
      what: 'whose configuration has other dims',
      behaviour: fact('ModelConfig', (answer) => {
        const config = (answer.config ?? answer) as { output: { dims: unknown }[] };
        for (const one of config.output) one.dims = [7];
        return undefined;
      }),
      says: /configuration\/simple_scaler\/\w+: dims of the outputs: expected \[\[-1\]\], got \[\[7\]\]/,
    },
  ])('$what', async ({ behaviour, says }) => {
    expect(told(await checkWrong(small, behaviour, knownFew), 'failed')).toContainEqual(expect.stringMatching(says));
  });
});

describe('of a server that is not ours', () => {
  it.each([
    {
      what: 'no version',
      behaviour: described((one) => Object.assign(one, { versions: [] })),
      says: /it lists no version \(KServe: none\)/,
    },
    {
      what: 'no platform',
      behaviour: described((one) => Object.assign(one, { platform: '' })),
      says: /the platform is empty \(KServe: empty\)/,
    },
    {
      what: 'a redirect of /v2/',
      behaviour: {
        http: ({ request, answer }) =>
          request.path === '/v2/' ? { ...answer, status: 307, body: Buffer.alloc(0) } : undefined,
      } as Behaviour,
      says: /server-slash: GET \/v2\/ is answered with 307 \(MLServer, KServe: 307\)/,
    },
  ])('$what is a note', async ({ behaviour, says }) => {
    const results = await checkWrong(small, behaviour, { suites, ...foreign });
    expect(told(results, 'failed')).toEqual([]);
    expect(told(results, 'noted')).toContainEqual(expect.stringMatching(says));
  });

  it('a configuration and a list that are not there are skipped', async () => {
    const behaviour: Behaviour = {
      fact: ({ method }) => (method === 'ModelConfig' ? oipError('UNIMPLEMENTED', 'not here') : undefined),
      http: ({ request, answer }) => (request.path === '/v2/models' ? { ...answer, status: 404 } : undefined),
    };
    const results = await checkWrong(small, behaviour, { suites, ...foreign });
    expect(told(results, 'failed')).toEqual([]);
    expect(told(results, 'skipped')).toEqual(
      expect.arrayContaining([
        'metadata/list: GET /v2/models is not served: 404',
        'metadata/configuration/simple_scaler/grpc: the server tells no configuration',
        'metadata/configuration/simple_scaler/rest: the server tells no configuration',
      ]),
    );
  });
});
