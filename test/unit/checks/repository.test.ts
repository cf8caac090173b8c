import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { createGrpcClient } from '../../../src/protocol/grpc-client.js';
import { OipError, oipError } from '../../../src/protocol/status.js';
import type { Behaviour, Fact } from '../../fakes/mutant-behaviour.js';
import { allModels, type CheckOptions, check, type Served, serve, withVerdict } from './served.js';
import { asStranger, type Behave, checkWrong, findings, stories, type Wrong } from './wrong-server.js';

const suites = ['repository'] as const;

/** The usual models, and one that is not loaded. */
const idle = modelConfigSchema.parse({ name: 'idle', kind: 'sum', initial: 'unloaded' });
const models = [...allModels, idle];

let right: Served;
beforeAll(async () => {
  right = await serve(models);
});
afterAll(() => right[Symbol.asyncDispose]());

/** What the cases find where the server is wrong in one way. */
const against = (behave: Behave, options: CheckOptions = {}) =>
  checkWrong(right, behave, { suites, configured: models, timeoutMs: 5_000, ...options });

/** Models that are ready on the real server. */
async function readyModels(): Promise<string[]> {
  await using client = createGrpcClient({ endpoint: right.grpc });
  return (await client.repositoryIndex({ ready: true })).map(({ name }) => name);
}

const stranger = (mayUnload: boolean): CheckOptions => ({
  profile: (server) => ({ ...asStranger(server), mayUnload }),
});

describe('against the real server', () => {
  it('every case passes, and every model is ready afterwards', async () => {
    const results = await check(right, { suites, configured: models });
    expect(results.length).toBeGreaterThan(25);
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
    expect(await readyModels()).toEqual(allModels.map(({ name }) => name));
  });

  it.each(['grpc', 'rest'] as const)('every case passes where only %s is reached', async (only) => {
    const results = await check(right, { suites, only });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(await readyModels()).toEqual(allModels.map(({ name }) => name));
  });

  it('the model that is unloaded is the last one, which is nobody’s first choice', async () => {
    const unloading = (await check(right, { suites })).filter(({ id }) => id.startsWith('repository/unload/refuses'));
    expect(new Set(unloading.map(({ model }) => model))).toEqual(new Set(['typed_scaler']));
  });

  it('a model of several versions, or one that takes its time to load, is left alone', async () => {
    const several = modelConfigSchema.array().parse([
      { name: 'steady', kind: 'scale' },
      { name: 'versioned', kind: 'scale', versions: ['1'] },
      { name: 'versioned', kind: 'scale', versions: ['2'], initial: 'failed' },
      { name: 'slow', kind: 'scale', loadDelay: '1ms' },
      { name: 'twice', kind: 'scale', versions: ['1'] },
      { name: 'twice', kind: 'scale', versions: ['2'] },
    ]);
    await using server = await serve(several);
    const results = await check(server, { suites, configured: several });
    const touched = results.filter(({ id }) => /\/(unload|load)\//.test(id)).map(({ model }) => model);
    expect(new Set(touched)).toEqual(new Set([undefined, 'steady']));
    expect(stories(withVerdict(results, 'failed'))).toEqual([]);
    // Nobody says how it was made: a version that is not loaded would be after a load.
    const asked = await check(server, { suites, models: ['versioned'], cases: ['repository/unload'] });
    expect(withVerdict(asked, 'skipped').map(({ message }) => message)).toContain(
      'version 2 of versioned is not loaded, and would be afterwards',
    );
    expect(stories(withVerdict(asked, 'failed'))).toEqual([]);
  });

  it('the index alone is looked at without models', async () => {
    const results = await check(right, { suites, profile: (server) => ({ ...server, models: [] }) });
    expect(results.some(({ id }) => id.startsWith('repository/unload/refuses'))).toBe(false);
    expect(stories(withVerdict(results, 'failed'))).toEqual([]);
  });

  it('a run that is interrupted while a model is unloaded leaves it loaded', async () => {
    const interrupt = new AbortController();
    const run = against(
      () => ({
        fact({ method }) {
          if (method === 'RepositoryModelUnload') interrupt.abort(new Error('Ctrl-C'));
          return undefined;
        },
      }),
      { signal: interrupt.signal, cases: ['repository/unload/others/*/grpc'] },
    );
    await expect(run).rejects.toThrow('Ctrl-C');
    expect(await readyModels()).toContain('typed_scaler');
  });
});

describe('against a server that is not ours', () => {
  const counting =
    (changes: string[], more: Behaviour = {}) =>
    (): Behaviour => ({
      ...more,
      instead(fact) {
        if (/Unload/.test(fact.method) && named(fact) !== 'kserve-env-no-such-model') changes.push(fact.method);
        return more.instead?.(fact);
      },
    });

  it('nothing is unloaded unless somebody allowed it: cases say with which flag', async () => {
    const changes: string[] = [];
    const results = await against(counting(changes), stranger(false));
    expect(changes).toEqual([]);
    expect(stories(withVerdict(results, 'failed'))).toEqual([]);
    const skipped = withVerdict(results, 'skipped');
    expect(skipped.length).toBeGreaterThan(10);
    expect(skipped.every(({ message }) => message?.includes('--unload'))).toBe(true);
  });

  it('the same is checked where somebody allowed it', async () => {
    const changes: string[] = [];
    const results = await against(counting(changes), stranger(true));
    expect(changes.length).toBeGreaterThan(10);
    expect(stories(results.filter(({ status }) => status !== 'passed'))).toEqual([]);
    expect(await readyModels()).toContain('typed_scaler');
  });

  it('nothing is unloaded that would not be loaded again, or where no index could tell', async () => {
    for (const missing of ['RepositoryModelLoad', 'RepositoryIndex']) {
      const changes: string[] = [];
      const without = counting(changes, {
        instead: ({ method }) => (method === missing ? oipError('UNIMPLEMENTED', 'not allowed here') : undefined),
      });
      const results = await against(without, {
        ...stranger(true),
        cases: ['repository/unload', 'repository/name-field'],
      });
      expect(changes).toEqual([]);
      const skipped = withVerdict(results, 'skipped').map(({ message }) => message);
      expect(skipped).toContainEqual(expect.stringMatching(/not allowed here/));
    }
  });

  it('other habits are noted with what servers are known to do', async () => {
    // As MLServer: what is unloaded is forgotten, and states are written in a way of their own.
    const forgetful = (): Behaviour => ({
      infer: ({ answer }) =>
        answer instanceof OipError && answer.status === 'UNAVAILABLE'
          ? new OipError('NOT_FOUND', 404, answer.message)
          : undefined,
      fact({ method, answer, transport }) {
        if (answer instanceof OipError || method !== 'RepositoryIndex' || transport === 'rest') return undefined;
        const entries = answer.models as { state: string }[];
        return { models: entries.map((entry) => ({ ...entry, state: `State.${entry.state}` })) };
      },
    });
    const results = await against(forgetful, stranger(true));
    expect(stories(withVerdict(results, 'failed'))).toEqual([]);
    expect(stories(withVerdict(results, 'noted'))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^repository\/index\/lists\/grpc: a state is written State.READY.*MLServer/),
        expect.stringMatching(
          /^repository\/unload\/refuses\/.*grpc: refused with NOT_FOUND.*MLServer, KServe: NOT_FOUND/,
        ),
      ]),
    );
  });
});

const named = ({ request }: Pick<Fact, 'request'>): unknown => request.model_name || request.repository_name;

/** Changes the entries of the index. */
const index =
  (change: (entries: Record<string, unknown>[], fact: Fact) => Record<string, unknown>[]) => (): Behaviour => ({
    fact(fact) {
      const { method, answer } = fact;
      if (method !== 'RepositoryIndex' || answer instanceof OipError) return undefined;
      return { models: change(answer.models as Record<string, unknown>[], fact) };
    },
  });

/** Answers a change as if it were made. */
const pretend =
  (method: string, when: (fact: Omit<Fact, 'answer'>) => boolean = () => true) =>
  (): Behaviour => ({
    instead(fact) {
      if (fact.method !== method || !when(fact)) return undefined;
      const { transport, request } = fact;
      const done = method === 'RepositoryModelLoad' ? { isLoaded: true } : { isUnloaded: true };
      return transport === 'rest' ? { name: request.model_name } : done;
    },
  });

const wrongs: Wrong[] = [
  {
    what: 'a model is missing in the index',
    behave: index((entries) => entries.filter(({ name }) => name !== 'identity')),
    found: [
      ['index/lists/grpc', /does not list identity/],
      ['index/lists/rest', /does not list identity/],
    ],
  },
  {
    what: 'a model is listed twice',
    behave: index((entries) => [...entries, ...entries.slice(0, 1)]),
    found: [['index/lists/rest', /lists simple_scaler 1 twice/]],
  },
  {
    what: 'a model that answers is said to be loading',
    behave: index((entries) => entries.map((entry) => ({ ...entry, state: 'LOADING' }))),
    found: [
      ['index/lists/grpc', /is LOADING, and it answers/],
      ['index/true/grpc', /ModelReady says true/],
    ],
  },
  {
    what: 'a model that is not loaded is said to be ready',
    behave: index((entries) => entries.map((entry) => ({ ...entry, state: 'READY', reason: '' }))),
    found: [
      ['index/true/rest', /says READY of idle, and ModelReady says false/],
      ['unload/not-ready/typed_scaler/grpc', /is READY after unload/],
    ],
  },
  {
    what: 'what is ready is missing where that is asked for',
    behave: index((entries, { request }) => (request.ready ? entries.slice(1) : entries)),
    found: [['index/ready-only/grpc', /missing where ready is asked for/]],
  },
  {
    what: 'both transports have an index of their own',
    behave: index((entries, { transport }) => (transport === 'rest' ? entries.slice(1) : entries)),
    found: [['index/agrees', /index over REST/]],
  },
  {
    what: 'unload does nothing',
    behave: pretend('RepositoryModelUnload'),
    found: [
      ['unload/refuses/typed_scaler/grpc', /answers over gRPC after unload/],
      ['unload/refuses/typed_scaler/rest', /answers over gRPC after unload/],
      ['unload/not-ready/typed_scaler/rest', /says true after unload/],
      ['name-field/2/typed_scaler', /says true after unload/],
      ['unload/dependents/typed_scaler/grpc', /ready after unload/],
    ],
  },
  {
    what: 'load does nothing, and the model is lost',
    behave: pretend('RepositoryModelLoad'),
    found: [
      ['load/again/typed_scaler/grpc', /could not be loaded again, and is lost/],
      ['unload/twice/typed_scaler/rest', /is lost/],
    ],
  },
  {
    what: 'a model that does not exist can be loaded',
    behave: pretend('RepositoryModelLoad', (fact) => named(fact) === 'kserve-env-no-such-model'),
    found: [
      ['load/unknown/grpc', /was accepted/],
      ['load/unknown/rest', /was accepted/],
    ],
  },
  {
    what: 'a model that does not exist can be unloaded',
    behave: pretend('RepositoryModelUnload', (fact) => named(fact) === 'kserve-env-no-such-model'),
    found: [['unload/unknown/rest', /was accepted/]],
  },
  {
    what: 'unknown models are refused with another status than the documented one',
    behave: () => ({
      fact: ({ method, answer }) =>
        method === 'RepositoryModelLoad' && answer instanceof OipError ? oipError('INTERNAL', 'oh') : undefined,
    }),
    found: [['load/unknown/grpc', /refused with INTERNAL: oh; most clients expect NOT_FOUND/]],
  },
  {
    what: 'parameters of a load are dropped',
    behave: pretend('RepositoryModelLoad', ({ request }) => Object.keys(Object(request.parameters)).length > 0),
    found: [['load/unknown-parameter/typed_scaler/grpc', /was accepted/]],
  },
  {
    what: 'with one model, all others are gone',
    behave: () => {
      let unloaded = false;
      return {
        fact({ method, answer }) {
          if (answer instanceof OipError) return undefined;
          if (/Unload$/.test(method)) unloaded = true;
          else if (/Load$/.test(method)) unloaded = false;
          return unloaded && method === 'ModelReady' ? { ready: false } : undefined;
        },
      };
    },
    found: [['unload/others/typed_scaler/grpc', /is not ready, either/]],
  },
  {
    what: 'a model that was loaded again is another one',
    behave: () => {
      let unloaded = false;
      return {
        fact({ method }) {
          unloaded ||= method === 'RepositoryModelUnload';
          return undefined;
        },
        infer({ answer }) {
          if (!unloaded || answer instanceof OipError) return undefined;
          for (const { data } of answer.outputs) if (data instanceof Float64Array) data[0] = -1;
          return answer;
        },
      };
    },
    found: [
      ['load/again/typed_scaler/grpc', /answers wrong/],
      ['load/twice/typed_scaler/rest', /answers wrong/],
      ['unload/in-flight/typed_scaler/grpc', /wrong/],
    ],
  },
  {
    what: 'a model cannot be unloaded twice',
    behave: () => {
      let unloaded = false;
      return {
        instead({ method }) {
          if (/Load$/.test(method)) unloaded = false;
          if (!/Unload$/.test(method)) return undefined;
          if (unloaded) return oipError('INTERNAL', 'it is gone');
          unloaded = true;
          return undefined;
        },
      };
    },
    found: [['unload/twice/typed_scaler/grpc', /second unload is refused with INTERNAL: it is gone/]],
  },
  {
    what: "KServe's clients are not understood",
    behave: () => ({
      instead: ({ method, request }) =>
        /Load$|Unload$/.test(method) && !request.model_name ? oipError('MODEL_NOT_FOUND', 'no name') : undefined,
    }),
    found: [['name-field/1/typed_scaler', /refused with NOT_FOUND: no name/]],
  },
  {
    what: 'there is no repository, though it is ours',
    behave: () => ({
      instead: ({ method }) => (/^Repository/.test(method) ? oipError('UNIMPLEMENTED', 'no') : undefined),
    }),
    found: [['index/lists/grpc', /has no RepositoryIndex/]],
  },
];

describe('a wrong server is found', () => {
  it.each(findings(wrongs))('where $what, by $id', async ({ behave, id, says }) => {
    try {
      const [result] = await against(behave, { cases: [`repository/${id}`] });
      expect(result).toMatchObject({ id: `repository/${id}`, status: 'failed', message: expect.stringMatching(says) });
      expect(result?.exchanges?.length).toBeGreaterThan(0);
    } finally {
      // What a wrong server lost is found again, by the right one.
      await fetch(`${right.http}/v2/repository/models/typed_scaler/load`, { method: 'POST' });
    }
  });
});
