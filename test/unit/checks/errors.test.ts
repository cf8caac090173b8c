/** The suite `errors`: what it asks of a right server, of servers that are unlike ours, and what it says of wrong ones. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseResult } from '../../../src/checks/case.js';
import type { ServerProfile } from '../../../src/checks/profile.js';
import { errorsCases } from '../../../src/checks/suites/errors/cases.js';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { limitsSchema } from '../../../src/models/limits.js';
import { OipError, oipError } from '../../../src/protocol/status.js';
import type { InferResponse } from '../../../src/protocol/tensor.js';
import type { Behaviour, MutantControl } from '../../fakes/mutant-behaviour.js';
import { startMutant } from '../../fakes/mutant-server.js';
import { allModels, type CheckOptions, check, type Served, scaler, serve, withVerdict } from './served.js';

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(() => right[Symbol.asyncDispose]());

const suites = ['errors'] as const;
const transports = ['grpc', 'rest'] as const;
const words = (results: CaseResult[]): string[] =>
  results.map(({ id, status, message }) => `${status} ${id}: ${message}`);
const unlike = (results: CaseResult[]): string[] => words(results.filter(({ status }) => status !== 'passed'));

/** As if it were somebody else's, of whose models nothing is known but what they say. */
const foreign = (server: ServerProfile): ServerProfile => ({
  ...server,
  ours: false,
  models: server.models.map(({ mathematics: _, config: __, ...model }) => model),
});

describe('a right server', () => {
  let profile: ServerProfile | undefined;
  let results: CaseResult[];
  beforeAll(async () => {
    results = await check(right, { suites, configured: allModels, profile: (server) => (profile = server) });
  });

  it('passes every case: none fails, is noted or is skipped', () => {
    expect(unlike(results)).toEqual([]);
    expect(results.length).toBeGreaterThan(250);
  });

  it('is asked cases that have an id of their own, a title, a source and a reason', () => {
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
    for (const { id, title, spec, why } of results) {
      expect(id).toMatch(/^errors\/.+\/(grpc-typed|grpc-raw|rest-json|rest-binary)$/);
      for (const text of [title, spec, why]) expect(text).not.toBe('');
    }
  });

  it('is asked the same again from the same profile', () => {
    const ids = () => errorsCases(profile as ServerProfile).map(({ id }) => id);
    expect(ids()).toEqual(results.map(({ id }) => id));
    expect(ids()).toEqual(ids());
  });

  it.each([
    'unknown-model',
    'unknown-version',
    'datatype/number',
    'datatype/unknown-FP65',
    'count/fewer',
    'count/more',
    'count/none',
    'negative-dimension',
    'overflow/to-1',
    'missing-input',
    'extra-input/simple',
    'duplicate-input',
    'unknown-output',
    'result/integer',
  ])('is sent %s on every route', (row) => {
    const ids = results.map(({ id }) => id).filter((id) => id.slice(0, id.lastIndexOf('/')) === `errors/${row}`);
    const routes = ids.map((id) => id.split('/').at(-1));
    expect(routes).toEqual(['grpc-typed', 'grpc-raw', 'rest-json', 'rest-binary']);
  });

  it('is sent an input too many for each of its models', () => {
    for (const { name } of allModels) {
      expect(results.some(({ id }) => id === `errors/extra-input/${name}/grpc-typed`)).toBe(true);
    }
  });
});

describe('a server that is right in its own way', () => {
  it.each<[string, CheckOptions]>([
    ['one that is not ours', { profile: foreign }],
    ['one over gRPC alone', { only: 'grpc' }],
    ['one over REST alone', { only: 'rest' }],
    ['one without the binary form over REST', { profile: (server) => ({ ...server, extensions: [] }) }],
    ['one whose models are not known', { profile: (server) => ({ ...server, models: [] }) }],
    [
      'one whose models refuse every sample',
      { profile: (server) => ({ ...server, models: server.models.map(({ sample: _, ...model }) => model) }) },
    ],
  ])('passes: %s', async (_, options) => {
    const results = await check(right, { suites, ...options });
    expect(unlike(results)).toEqual([]);
    expect(results.length).toBeGreaterThan(20);
  });

  it('passes: one of declared shapes, datatypes, versions, parameters and states', async () => {
    const models = [
      { kind: 'scale', name: 'int8', datatype: 'INT8', shape: [2, -1] },
      { kind: 'scale', name: 'preset', parameters: { scale_factor: 5 } },
      { kind: 'sum', name: 'block', shape: [2, 2, 2], datatype: 'INT16' },
      { kind: 'product', name: 'scalar', shape: [] },
      { kind: 'linear', name: 'narrow', datatype: 'FP32', weights: [0.1, 2], bias: 0.7 },
      { kind: 'identity', name: 'strings', datatype: 'BYTES', shape: [3, 1] },
      { kind: 'identity', name: 'half', datatype: 'FP16' },
      { kind: 'identity', name: 'bools', datatype: 'BOOL' },
      { kind: 'add_sub', name: 'wide', datatype: 'INT64', shape: [-1] },
      { kind: 'sum', name: 'changing', versions: ['1', '2'] },
      { kind: 'product', name: 'changing', versions: ['3'] },
      { kind: 'sum', name: 'later', initial: 'unloaded' },
      { kind: 'sum', name: 'broken', initial: 'failed' },
      { kind: 'scale', name: 'strict', strictInputs: true, output: 'raw' },
    ].map((model) => modelConfigSchema.parse(model));
    await using server = await serve(models);
    const results = await check(server, { suites, configured: models });
    expect(unlike(results)).toEqual([]);
    const ids = results.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining([
        'errors/not-ready/later/grpc-typed',
        'errors/not-ready/later/rest-json',
        'errors/unknown-input/strict/rest-binary',
        'errors/extra-input/changing@3/grpc-raw',
        'errors/half-precision/FP16/grpc-typed',
        'errors/bytes-length/past-the-end/rest-binary',
        'errors/raw-bool/grpc-raw',
        'errors/integer-range/INT8/300/rest-json',
        'errors/result/integer/grpc-typed',
        'errors/shape/fixed-dimension/grpc-typed',
      ]),
    );
  });

  it('is asked nothing of limits that are too large to go beyond, and what is just beyond its own', async () => {
    const limits = limitsSchema.parse({ maxReceiveMessageBytes: 2 ** 30, maxTensors: 65_536, maxJsonDepth: 50 });
    const options: CheckOptions = {
      suites,
      cases: ['errors/oversize', 'errors/too-many-inputs', 'errors/json-depth/*'],
    };
    const large = await check(right, { ...options, profile: (server) => ({ ...server, limits }) });
    expect(large.some(({ id }) => /oversize|too-many/.test(id))).toBe(false);
    const beyond = large.find(({ id }) => id.startsWith('errors/json-depth/beyond'));
    expect(beyond).toMatchObject({ status: 'failed', message: expect.stringContaining('it was accepted') });
  });
});

/** What the real server answers to a good request of one number, for those who answer it to everything. */
const answered = (): InferResponse => ({
  modelName: 'simple_scaler',
  modelVersion: '1',
  id: '',
  parameters: {},
  outputs: [{ name: 'scaled_result', datatype: 'FP64', shape: [1], data: Float64Array.of(2) }],
  form: 'typed',
});

interface WrongServer {
  what: string;
  /** Patterns of the cases that are run. */
  cases: string[];
  behave: (control: MutantControl) => Behaviour;
  says: RegExp;
  /** What becomes of it where the server is not ours; failed unless said otherwise. */
  elsewhere?: 'noted' | 'failed';
  only?: 'grpc' | 'rest';
}

/** Refused by the real server; inferences after that one are as `then` makes them. */
function afterARefusal(then: (answer: InferResponse) => InferResponse | OipError): Behaviour {
  let refused = false;
  return {
    infer: ({ answer }) => {
      if (answer instanceof OipError) refused = true;
      else if (refused) return then(answer);
      return undefined;
    },
  };
}

/** Every refusal of an inference is this one. */
const refusedAs = (error: (refusal: OipError) => OipError | InferResponse) => (): Behaviour => ({
  infer: ({ answer }) => (answer instanceof OipError ? error(answer) : undefined),
});

const wrongServers: WrongServer[] = [
  {
    what: 'accepts what must be refused',
    cases: ['errors/count', 'errors/unknown-model', 'errors/overflow', 'errors/no-input'],
    behave: refusedAs(answered),
    says: /it was accepted/,
  },
  {
    what: 'accepts what others are known to accept',
    cases: [
      'errors/extra-input/simple_sum',
      'errors/negative-dimension',
      'errors/unknown-output',
      'errors/datatype/number',
    ],
    behave: refusedAs(answered),
    says: /it was accepted: scaled_result FP64 \[1\]/,
    elsewhere: 'noted',
  },
  {
    what: 'wraps results around',
    cases: ['errors/result/integer'],
    behave: refusedAs(answered),
    says: /it was accepted/,
  },
  {
    what: 'dies of a bad request',
    cases: ['errors/count/fewer'],
    behave: ({ die }) => ({
      infer: ({ answer }) => {
        if (answer instanceof OipError) setImmediate(die);
        return undefined;
      },
    }),
    says: /not answered afterwards: UNAVAILABLE|it was not answered/,
  },
  {
    what: 'answers otherwise after a bad request',
    cases: ['errors/count/fewer'],
    behave: () =>
      afterARefusal((answer) => {
        const [output] = answer.outputs;
        if (output?.data instanceof Float64Array) output.data[0] = -1;
        return answer;
      }),
    says: /a good request is answered otherwise afterwards: element 0 of scaled_result/,
  },
  {
    what: 'refuses good requests after a bad one',
    cases: ['errors/count/fewer'],
    behave: () => afterARefusal(() => oipError('INTERNAL', 'the worker is gone')),
    says: /a good request is not answered afterwards: INTERNAL: the worker is gone/,
  },
  {
    what: 'is not live after a bad request',
    cases: ['errors/count/fewer'],
    behave: () => {
      let refused = false;
      return {
        infer: ({ answer }) => {
          if (answer instanceof OipError) refused = true;
          return undefined;
        },
        fact: ({ method }) => (refused && method === 'ServerLive' ? { live: false } : undefined),
      };
    },
    says: /the server is not live afterwards/,
  },
  {
    what: 'answers INTERNAL to a mistake of the client',
    cases: ['errors/count/fewer', 'errors/unknown-model'],
    behave: refusedAs(({ message }) => oipError('INTERNAL', message)),
    says: /answered (INTERNAL|500), where most clients expect .*; a client that retries on it/,
    elsewhere: 'noted',
  },
  {
    what: 'answers with another code',
    cases: ['errors/unknown-model'],
    behave: refusedAs(({ message }) => oipError('INVALID_ARGUMENT', message)),
    says: /^answered (INVALID_ARGUMENT, where most clients expect NOT_FOUND|400, where most clients expect 404)/,
    elsewhere: 'noted',
  },
  {
    what: 'refuses without a word',
    cases: ['errors/count/fewer'],
    behave: refusedAs(({ status, httpStatus }) => new OipError(status, httpStatus, '')),
    says: /the error says nothing/,
    elsewhere: 'noted',
  },
  {
    what: 'words errors in its own way',
    cases: ['errors/count/fewer'],
    only: 'rest',
    behave: () => ({
      http: ({ answer }) =>
        answer.status < 400 ? undefined : { ...answer, headers: {}, body: Buffer.from('{"detail":"wrong"}') },
    }),
    says: /the body has no "error" that is text/,
    elsewhere: 'noted',
  },
  {
    what: 'names no method that a path takes',
    cases: ['errors/method/get-infer'],
    only: 'rest',
    behave: () => ({
      http: ({
        answer: {
          headers: { allow: _, ...headers },
          ...answer
        },
      }) => ({ ...answer, headers }),
    }),
    says: /allow is absent, where POST is expected/,
    elsewhere: 'noted',
  },
  {
    what: 'runs an inference for any method',
    cases: ['errors/method/put-infer'],
    only: 'rest',
    behave: () => ({ http: ({ answer }) => (answer.status === 405 ? { ...answer, status: 200 } : undefined) }),
    says: /it was accepted/,
  },
  {
    what: 'accepts JSON that is none',
    cases: ['errors/json/cut', 'errors/json/trailing', 'errors/json-depth/open', 'errors/json/array'],
    only: 'rest',
    behave: () => ({ http: ({ answer }) => (answer.status === 400 ? { ...answer, status: 200 } : undefined) }),
    says: /it was accepted/,
  },
  {
    what: 'has an answer to every path',
    cases: ['errors/unknown-route'],
    only: 'rest',
    behave: () => ({ http: ({ answer }) => (answer.status === 404 ? { ...answer, status: 200 } : undefined) }),
    says: /it was accepted/,
  },
  {
    what: 'refuses JSON whose type it does not know',
    cases: ['errors/content-type'],
    only: 'rest',
    behave: () => ({
      http: ({ request, answer }) =>
        request.method !== 'POST' || request.headers['content-type'] === 'application/json'
          ? undefined
          : { ...answer, status: 415, body: Buffer.from('{"error":"not JSON"}') },
    }),
    says: /it was refused with 415: not JSON/,
    elsewhere: 'noted',
  },
  {
    what: 'takes any bytes for a message',
    cases: ['errors/protobuf'],
    only: 'grpc',
    behave: () => ({
      grpc: ({ answer }) =>
        answer.trailers['grpc-status'] === '13'
          ? { ...answer, message: Buffer.alloc(0), trailers: { 'grpc-status': '0' } }
          : undefined,
    }),
    says: /it was accepted/,
  },
];

describe.each([...wrongServers])('a server that $what', ({ cases, behave, says, elsewhere = 'failed', only }) => {
  const checkIt = async (options: CheckOptions) => {
    const mutation = { name: 'wrong', what: 'wrong', suites, behave };
    await using mutant = await startMutant(right, mutation);
    return await check(mutant, { suites, cases, ...options });
  };

  it.each(transports.filter((transport) => only === undefined || transport === only))(
    'fails over %s',
    async (transport) => {
      const results = await checkIt({ only: transport });
      expect(results.length).toBeGreaterThan(0);
      expect(words(withVerdict(results, 'failed'))).toHaveLength(results.length);
      expect(results.some(({ message = '' }) => says.test(message))).toBe(true);
    },
  );

  it(`is ${elsewhere} where it is not ours`, async () => {
    const profile = (server: ServerProfile) => ({ ...server, ours: false });
    const results = await checkIt({ profile, ...(only && { only }) });
    expect(results.map(({ status }) => status)).toContain(elsewhere);
    expect(results.some(({ status, message = '' }) => status === elsewhere && says.test(message))).toBe(true);
    if (elsewhere === 'noted') expect(words(withVerdict(results, 'failed'))).toEqual([]);
  });
});

describe('what is told of a server', () => {
  it('has the answers that are known of others', async () => {
    const mutation = { name: 'lax', what: 'lax', suites, behave: refusedAs(answered) };
    await using mutant = await startMutant(right, mutation);
    const results = await check(mutant, { suites, cases: ['errors/extra-input/simple_sum'], profile: foreign });
    for (const { message } of results) expect(message).toContain('MLServer, KServe: accepted');
  });

  it('has the bad request as a person reads it, and the answer', async () => {
    const mutation = { name: 'lax', what: 'lax', suites, behave: refusedAs(answered) };
    await using mutant = await startMutant(right, mutation);
    const [result] = await check(mutant, { suites, cases: ['errors/count/fewer/grpc-typed'] });
    const asked = result?.exchanges?.flatMap(({ request }) => request) ?? [];
    expect(asked).toContainEqual('input_tensor FP64 [3] typed: [1,2]');
  });

  it('is a time-out, not a verdict, where a bad request is never answered', async () => {
    const mutation = {
      name: 'silent',
      what: 'silent',
      suites,
      behave: (): Behaviour => ({
        infer: ({ answer }) => (answer instanceof OipError ? new Promise<never>(() => {}) : undefined),
      }),
    };
    await using mutant = await startMutant(right, mutation);
    const results = await check(mutant, { suites, cases: ['errors/count/fewer'], only: 'grpc', timeoutMs: 300 });
    expect(results.length).toBeGreaterThan(0);
    for (const { status, message } of results) {
      expect([status, message]).toEqual(['failed', expect.stringContaining('no answer within 300 ms')]);
    }
  });

  it('is nothing where a larger message than ours takes is accepted by another', async () => {
    const options: CheckOptions = { suites, cases: ['errors/oversize'] };
    const limits = limitsSchema.parse({ maxReceiveMessageBytes: 2_000_000 });
    const sent = (ours: boolean) => check(right, { ...options, profile: (server) => ({ ...server, ours, limits }) });
    for (const { status, message } of await sent(false)) {
      expect([status, message]).toEqual(['skipped', expect.stringContaining('its limits are not known')]);
    }
    for (const { status } of await sent(true)) expect(status).toBe('failed');
  });

  it('is all of it where one model is served', async () => {
    await using server = await serve(scaler);
    expect(unlike(await check(server, { suites }))).toEqual([]);
  });
});
