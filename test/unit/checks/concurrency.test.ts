import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OipError, oipError } from '../../../src/protocol/status.js';
import type { InferResponse } from '../../../src/protocol/tensor.js';
import type { Behaviour, Inference } from '../../fakes/mutant-behaviour.js';
import { allModels, type CheckOptions, check, type Served, scaler, serve, withVerdict } from './served.js';
import { asStranger, type Behave, checkWrong, findings, stories, type Wrong } from './wrong-server.js';

const suites = ['concurrency'] as const;

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(() => right[Symbol.asyncDispose]());

/** What the cases find where the server is wrong in one way. */
const against = (behave: Behave, options: CheckOptions = {}) =>
  checkWrong(right, behave, { suites, concurrency: 24, timeoutMs: 5_000, ...options });

const foreign: CheckOptions = { profile: asStranger };

describe('against the real server', () => {
  it('every case passes with 200 requests at once: none fails, is noted or is skipped', async () => {
    const results = await check(right, { suites, configured: allModels });
    expect(results.length).toBeGreaterThan(20);
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
  });

  it.each(['grpc', 'rest'] as const)('every case passes where only %s is reached', async (only) => {
    const results = await check(right, { suites, only, concurrency: 24 });
    expect(results.length).toBeGreaterThan(5);
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  it('no case fails, is noted or is skipped where the server is a stranger and its mathematics unknown', async () => {
    const results = await check(right, { suites, concurrency: 24, ...foreign });
    expect(stories(results.filter(({ status }) => status !== 'passed'))).toEqual([]);
    expect(results.map(({ id }) => id)).toContain('concurrency/values/simple_scaler/grpc-raw');
  });

  it('one request at once is enough', async () => {
    const results = await check(right, { suites, concurrency: 1, configured: allModels });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  it('there is no case without models, or where every model refuses and nobody knows what it should do', async () => {
    expect(await check(right, { suites, profile: (server) => ({ ...server, models: [] }) })).toEqual([]);
    const refusing: CheckOptions['profile'] = (server) => ({
      ...server,
      models: server.models.map(({ sample, mathematics, ...model }) => ({ ...model, refused: 'INVALID_ARGUMENT: no' })),
    });
    expect(await check(right, { suites, profile: refusing })).toEqual([]);
  });

  it('a limit of ours that is reached is noted by its name', async () => {
    await using limited = await serve(
      scaler.map((model) => ({ ...model, latency: '20ms' })),
      { maxConcurrentRequests: 4 },
    );
    const [result] = await check(limited, { suites, cases: ['concurrency/values/*/grpc-typed'], concurrency: 50 });
    expect(result).toMatchObject({ status: 'noted', message: expect.stringContaining('maxConcurrentRequests') });
  });
});

describe('against a server of other habits', () => {
  const busy = (): Behaviour => {
    let running = 0;
    return {
      async infer({ answer }) {
        running += 1;
        const many = running > 10;
        await new Promise((resolve) => setTimeout(resolve, 50));
        running -= 1;
        return many && !(answer instanceof OipError) ? oipError('OVERLOADED', 'too many requests') : undefined;
      },
    };
  };
  const values = { cases: ['concurrency/values/simple_scaler/grpc-typed'] };

  it('requests that are refused since it is busy are noted, and fail where the server is ours', async () => {
    const stranger = (server: Parameters<NonNullable<CheckOptions['profile']>>[0]) => ({ ...server, ours: false });
    const [noted] = await against(busy, { ...values, profile: stranger });
    expect(noted).toMatchObject({ status: 'noted', message: expect.stringMatching(/\d+ of 24 .*too many requests/) });
    const [failed] = await against(busy, values);
    expect(failed).toMatchObject({ status: 'failed', message: expect.stringMatching(/\d+ of 24 .*too many requests/) });
  });

  it('the model is skipped that refuses all values but those of its sample', async () => {
    const picky = (): Behaviour => ({
      infer: ({ request }) =>
        request && firstOf(request) > 2 ? oipError('INVALID_ARGUMENT', 'no such word') : undefined,
    });
    const results = await against(picky, { ...foreign, ...values });
    expect(results[0]).toMatchObject({ status: 'skipped', message: expect.stringContaining('no such word') });
  });

  it('a model is skipped that answers one request in two ways', async () => {
    let count = 0;
    const moody = (): Behaviour => ({ infer: ({ answer }) => added(answer, ++count / 100) });
    const results = await against(moody, { ...foreign, ...values });
    expect(results[0]).toMatchObject({ status: 'skipped', message: expect.stringContaining('two ways') });
  });

  it('last bits that differ under load alone are noted, of a server whose mathematics nobody knows', async () => {
    let running = 0;
    const batching = (): Behaviour => ({
      ask() {
        running += 1;
        return undefined;
      },
      async infer({ answer }) {
        const alone = running === 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return alone ? undefined : added(answer, 1e-9);
      },
    });
    const cases = ['concurrency/determinism/simple_scaler/grpc-typed', 'concurrency/values/simple_scaler/grpc-typed'];
    const results = await against(batching, { ...foreign, cases });
    expect(results.map(({ status }) => status)).toEqual(['passed', 'noted']);
    expect(results[1]?.message).toMatch(/rounded in another way/);
    const ours = await against(batching, { cases });
    expect(ours.map(({ status }) => status)).toEqual(['failed', 'failed']);
  });
});

const firstOf = ({ inputs }: { inputs: { data: ArrayLike<unknown> }[] }): number => Number(inputs[0]?.data[0]);

/** The answer with something added to each element of its doubles. */
function added(answer: InferResponse | OipError, value: number): InferResponse | undefined {
  if (answer instanceof OipError) return undefined;
  const outputs = answer.outputs.map((output) => {
    return output.data instanceof Float64Array ? { ...output, data: output.data.map((x) => x + value) } : output;
  });
  return { ...answer, outputs };
}

/** Holds each answer until another one is there, and changes one by the other. */
function paired(
  mix: (mine: InferResponse, other: InferResponse) => InferResponse,
  key: (inference: Inference) => string = () => '',
): () => Behaviour {
  return () => {
    const waiting = new Map<string, { answer: InferResponse; resolve: (answer: InferResponse | undefined) => void }>();
    return {
      infer(inference) {
        const { answer } = inference;
        if (answer instanceof OipError) return undefined;
        const at = key(inference);
        const other = waiting.get(at);
        if (other) {
          waiting.delete(at);
          other.resolve(mix(other.answer, answer));
          return mix(answer, other.answer);
        }
        return new Promise((resolve) => {
          const mine = { answer, resolve };
          waiting.set(at, mine);
          setTimeout(() => {
            if (waiting.get(at) === mine) waiting.delete(at);
            resolve(undefined);
          }, 5);
        });
      },
    };
  };
}

/** After a call that its client gave up, every answer is wrong. */
const spoiltByCancellation = (): Behaviour => {
  const givenUp = new AbortController();
  const { signal } = givenUp;
  return {
    cancelled: () => givenUp.abort(),
    async infer({ request, answer }) {
      // Those that are to be cut off are large: they are answered when one has been, however busy the machine is.
      const isLarge = (request?.inputs[0]?.data.length ?? 0) > 1_000;
      if (isLarge) await pause(2_000, undefined, { signal, ref: false }).catch(() => {});
      return signal.aborted ? added(answer, 1) : undefined;
    },
  };
};

const wrongs: Wrong[] = [
  {
    what: 'two requests in flight get the values of each other',
    behave: paired((mine, { outputs }) => ({ ...mine, outputs })),
    found: [
      ['values/simple_scaler/grpc-typed', /it got what request \d+ asked for/],
      ['values/simple_scaler/grpc-raw', /it got what request/],
      ['values/simple_scaler/rest-json', /it got what request/],
      ['values/simple_scaler/rest-binary', /it got what request/],
      ['both-transports/simple_scaler', /it got what request/],
      ['sizes/simple_scaler/grpc-raw', /request \d+ of \d+/],
      ['same-id/simple_scaler/rest-json', /it got what request/],
      ['connections/grpc-typed', /it got what request/],
      ['cancel/simple_scaler/grpc', /request \d+ of \d+/],
    ],
  },
  {
    what: 'two requests in flight get the ids of each other',
    behave: paired((mine, { id }) => ({ ...mine, id })),
    found: [
      ['values/simple_scaler/grpc-typed', /id many-\d+ came back as many-\d+, that of request/],
      ['determinism/simple_scaler/rest-json', /id alike-\d+ came back as alike/],
    ],
  },
  {
    what: 'a request of one model gets the values of another in flight',
    behave: paired((mine, other) => ({
      ...mine,
      outputs: other.modelName === mine.modelName ? mine.outputs : other.outputs,
    })),
    found: [['models/grpc-typed', /request \d+ of \d+/]],
  },
  {
    what: 'answers are remembered by their id',
    behave: () => {
      const known = new Map<string, InferResponse>();
      return {
        infer({ answer }) {
          if (answer instanceof OipError) return undefined;
          const first = known.get(answer.id) ?? answer;
          known.set(answer.id, first);
          return first;
        },
      };
    },
    found: [['same-id/simple_scaler/grpc-typed', /it got what request/]],
  },
  {
    what: 'large tensors are cut',
    behave: () => ({
      infer({ answer }) {
        if (answer instanceof OipError) return undefined;
        const cut = answer.outputs.map((output) => {
          return output.data.length > 100_000
            ? { ...output, shape: [100_000], data: (output.data as Float64Array).slice(0, 100_000) }
            : output;
        });
        return { ...answer, outputs: cut };
      },
    }),
    found: [
      ['sizes/simple_scaler/grpc-typed', /expected 131072 elements, got 100000/],
      ['sizes/simple_scaler/rest-binary', /expected 131072 elements/],
    ],
  },
  {
    what: 'what comes after a call that was given up is wrong',
    behave: spoiltByCancellation,
    found: [
      ['cancel/simple_scaler/grpc', /expected/],
      ['cancel/simple_scaler/rest', /expected/],
      ['deadline/simple_scaler/grpc', /expected/],
      ['deadline/simple_scaler/rest', /expected/],
    ],
  },
  {
    what: 'a call whose time is over when it comes ends with INTERNAL',
    behave: () => ({
      grpc: ({ headers, answer }) =>
        headers['grpc-timeout'] === '1n'
          ? { ...answer, message: undefined, trailers: { 'grpc-status': '13', 'grpc-message': 'late' } }
          : undefined,
    }),
    found: [['deadline/simple_scaler/expired', /gRPC status 13/]],
  },
  {
    what: 'the server is gone after a while',
    behave: ({ die }) => {
      let count = 0;
      return {
        infer() {
          count += 1;
          if (count > 20) die();
          return undefined;
        },
      };
    },
    found: [
      ['connections/rest-json', /refused|UNAVAILABLE/],
      ['values/simple_scaler/rest-json', /refused|UNAVAILABLE/],
    ],
  },
  {
    what: 'one request of many is never answered',
    behave: () => {
      let count = 0;
      return { infer: () => (++count === 15 ? new Promise<undefined>(() => {}) : undefined) };
    },
    found: [['values/simple_scaler/grpc-typed', /23 of 24 requests at once were answered.*no answer within/]],
  },
];

describe('a wrong server is found', () => {
  it.each(findings(wrongs))('where $what, by $id', async ({ behave, id, says }) => {
    const timeoutMs = says.source.includes('no answer within') ? 500 : 5_000;
    // What is known of it is what the right one says.
    const models = allModels.filter(({ name }) => name === 'simple_scaler' || id.startsWith('models/'));
    const [result] = await against(behave, { cases: [`concurrency/${id}`], configured: models, timeoutMs });
    expect(result).toMatchObject({ id: `concurrency/${id}`, status: 'failed', message: expect.stringMatching(says) });
    expect(result?.exchanges?.length).toBeGreaterThan(0);
  });

  it('where nothing is answered, as one that is silent', async () => {
    const silent = (): Behaviour => {
      let count = 0;
      // Discovery is still answered.
      return { infer: () => (++count > 1 ? new Promise<undefined>(() => {}) : undefined) };
    };
    const cases = ['concurrency/values/simple_scaler/grpc-typed'];
    const configured = scaler;
    const results = await against(silent, { cases, configured, timeoutMs: 200 });
    expect(withVerdict(results, 'failed')[0]?.message).toMatch(/no answer within 200 ms/);
  });
});
