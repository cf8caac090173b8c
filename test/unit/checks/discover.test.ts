/** What is found out of servers that list their models in different ways, or not at all. */
import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConnections } from '../../../src/checks/connections.js';
import { type DiscoverOptions, discoverServer, guessedNames } from '../../../src/checks/discover.js';
import type { ServerProfile } from '../../../src/checks/profile.js';
import { defaultModels } from '../../../src/config/default-models.js';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { OipError, oipError } from '../../../src/protocol/status.js';
import type { Behaviour } from '../../fakes/mutant-behaviour.js';
import { never } from '../../fakes/mutant-make.js';
import { startMutant } from '../../fakes/mutant-server.js';
import { allModels, type Served, serve } from './served.js';

const names = allModels.map(({ name }) => name);

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(() => right[Symbol.asyncDispose]());

interface Asked extends Partial<Omit<DiscoverOptions, 'connections'>> {
  only?: 'grpc' | 'rest';
}

async function discover({ grpc, http }: { grpc: string; http: string }, { only, ...options }: Asked = {}) {
  await using connections = openConnections({
    ...(only !== 'rest' && { grpc: { endpoint: grpc } }),
    ...(only !== 'grpc' && { rest: { baseUrl: http } }),
  });
  return await discoverServer({ connections, signal: new AbortController().signal, timeoutMs: 5_000, ...options });
}

/** What is found out of a server that behaves in another way than ours. */
async function discoverOther(behaviour: Behaviour, options: Asked = {}): Promise<ServerProfile> {
  const mutation = { name: 'other', what: 'it is another server', suites: [], behave: () => behaviour };
  await using other = await startMutant(right, mutation);
  return await discover(other, options);
}

const found = ({ models }: ServerProfile) => models.map(({ name }) => name);

describe('our own server', () => {
  it('is known by its name, and by what it was made with', async () => {
    const server = await discover(right, { configured: allModels });
    expect(server).toMatchObject({
      name: 'kserve-env',
      version: '1.2.3',
      ours: true,
      mayUnload: true,
      ready: true,
      transports: ['grpc', 'rest'],
      unloaded: [],
    });
    expect(server.extensions).toContain('model_repository');
    expect(found(server)).toEqual(names);
    for (const { sample, mathematics, config } of server.models) {
      expect([sample, mathematics, config]).not.toContain(undefined);
    }
  });

  it('has the same models and mathematics where nobody says what it was made with', async () => {
    const [known, asked] = [await discover(right, { configured: allModels }), await discover(right)];
    expect(new Set(found(asked))).toEqual(new Set(names));
    expect(asked.ready).toBeUndefined();
    for (const { name, mathematics } of known.models.filter(({ mathematics: one }) => one?.kind !== 'linear')) {
      expect([name, asked.models.find((one) => one.name === name)?.mathematics]).toEqual([name, mathematics]);
    }
  });

  it.each(['grpc', 'rest'] as const)('is the same over %s alone', async (only) => {
    const server = await discover(right, { only });
    expect(server.transports).toEqual([only]);
    expect(new Set(found(server))).toEqual(new Set(names));
  });

  it('has models that are not loaded, versions that are named, and is not ready with one that failed', async () => {
    const models = [
      { kind: 'sum', name: 'changing', versions: ['1', '2'] },
      { kind: 'product', name: 'changing', versions: ['3'] },
      { kind: 'sum', name: 'later', initial: 'unloaded' },
      { kind: 'sum', name: 'broken', initial: 'failed' },
    ].map((model) => modelConfigSchema.parse(model));
    await using server = await serve(models);
    const profile = await discover(server, { configured: models });
    expect(profile).toMatchObject({ ready: false, unloaded: ['later'] });
    expect(profile.models.map(({ title, version }) => [title, version])).toEqual([
      ['changing@2', '2'],
      ['changing@3', '3'],
    ]);
    const listed = await discover(server);
    expect(found(listed)).toEqual(['changing']);
    expect(new Set(listed.unloaded)).toEqual(new Set(['later', 'broken']));
  });
});

describe('models that are named', () => {
  it('are the only ones, in the order of the server', async () => {
    const server = await discover(right, { configured: allModels, models: ['simple', 'simple_sum'] });
    expect(found(server)).toEqual(['simple_sum', 'simple']);
  });

  it('are asked for though nobody lists them, and say why they gave no sample', async () => {
    for (const configured of [undefined, allModels]) {
      const server = await discover(right, { models: ['nope'], ...(configured && { configured }) });
      expect(server.models).toEqual([
        {
          name: 'nope',
          version: '',
          title: 'nope',
          metadata: { name: 'nope', versions: [], platform: '', inputs: [], outputs: [] },
          refused: expect.stringMatching(/^NOT_FOUND: .*nope/),
        },
      ]);
    }
  });

  it('may be known by an alias', async () => {
    const server = await discover(right, { models: ['simple-sum'] });
    expect(server.models[0]).toMatchObject({ name: 'simple-sum', mathematics: { kind: 'sum' } });
  });
});

describe('what somebody says of models', () => {
  const expectations = [
    { mathematics: { kind: 'identity' } as const },
    { model: 'simple_scaler', mathematics: { kind: 'scale', factor: 3 } as const },
    { model: 'simple_scaler', mathematics: { kind: 'scale', factor: 4 } as const },
  ];

  it('goes before what is known, the named before the rest, the last before the first', async () => {
    const { models } = await discover(right, { configured: allModels, expectations });
    const of = (name: string) => models.find((one) => one.name === name)?.mathematics;
    expect(of('simple_scaler')).toEqual({ kind: 'scale', factor: 4 });
    expect(of('simple_sum')).toEqual({ kind: 'identity' });
  });
});

describe('a server that is not ours', () => {
  const triton: Behaviour = {
    fact: ({ method, answer }) =>
      method === 'ServerMetadata' && !(answer instanceof OipError) ? { ...answer, name: 'triton' } : undefined,
  };

  it('is trusted in nothing that it does not say', async () => {
    const server = await discoverOther(triton);
    expect(server).toMatchObject({ name: 'triton', ours: false, mayUnload: false, ready: undefined });
    expect(server.models.every(({ mathematics }) => mathematics === undefined)).toBe(true);
    expect((await discoverOther(triton, { mayUnload: true })).mayUnload).toBe(true);
  });

  it.each([
    ['', names],
    ['READY', names],
    ['State.READY', names],
    ['UNAVAILABLE', []],
    ['NOT_READY', []],
  ])('that calls the state of a model %j', async (state, expected) => {
    const { models, unloaded } = await discoverOther({
      fact: ({ method, answer }) =>
        method === 'RepositoryIndex' && !(answer instanceof OipError)
          ? { models: (answer.models as object[]).map((model) => ({ ...model, state })) }
          : undefined,
    });
    expect(new Set(models.map(({ name }) => name))).toEqual(new Set(expected));
    expect(unloaded).toHaveLength(names.length - expected.length);
  });

  const withoutIndex: Behaviour = {
    instead: ({ method }) => (method === 'RepositoryIndex' ? oipError('UNIMPLEMENTED', 'no such method') : undefined),
  };
  /** Without KServe's list, too. */
  const withoutList: Behaviour = {
    ...withoutIndex,
    http: ({ request, answer }) => (request.path === '/v2/models' ? { ...answer, status: 404 } : undefined),
  };

  it('without an index may have KServe’s list', async () => {
    expect(new Set(found(await discoverOther(withoutIndex)))).toEqual(new Set(names));
  });

  it.each(['{"models": "simple"}', '{"models": [{"name": "simple"}]}', '[]', 'null', 'no JSON', ''])(
    'may have a list that is none: %j',
    async (text) => {
      const http: Behaviour['http'] = ({ request, answer }) =>
        request.path === '/v2/models' ? { ...answer, body: Buffer.from(text) } : undefined;
      const server = await discoverOther({ ...withoutIndex, http }, { guesses: ['identity'] });
      expect(found(server).filter((name) => name !== 'identity')).toEqual([]);
    },
  );

  it('without any list is asked for names that are usual', async () => {
    const guesses = ['nope', ...guessedNames(defaultModels)];
    expect(found(await discoverOther(withoutList, { guesses }))).toEqual(names);
    expect(found(await discoverOther(withoutList, { guesses, only: 'grpc' }))).toEqual(names);
    expect(found(await discoverOther(withoutList))).toEqual([]);
  });

  it('with an empty index is asked for its models in other ways', async () => {
    const empty: Behaviour['fact'] = ({ method }) => (method === 'RepositoryIndex' ? { models: [] } : undefined);
    expect(new Set(found(await discoverOther({ fact: empty })))).toEqual(new Set(names));
  });

  it('may describe nothing, and be asked all the same', async () => {
    const server = await discoverOther({
      instead: ({ method }) => (method === 'ModelMetadata' ? oipError('UNIMPLEMENTED', 'no metadata') : undefined),
    });
    expect(server.models.find(({ name }) => name === 'identity')).toMatchObject({
      metadata: { inputs: [], outputs: [] },
      sample: { inputs: [{ datatype: 'FP64' }] },
    });
  });

  it('may refuse whatever it is asked', async () => {
    const server = await discoverOther({ infer: () => oipError('INVALID_ARGUMENT', 'not like this') });
    for (const { sample, refused } of server.models) {
      expect([sample, refused]).toEqual([undefined, 'INVALID_ARGUMENT: not like this']);
    }
  });

  it('may have metadata of datatypes that nobody knows', async () => {
    const server = await discoverOther({
      fact({ method, answer }) {
        if (method !== 'ModelMetadata' || answer instanceof OipError) return undefined;
        return { ...answer, inputs: [{ name: 'x', datatype: 'float64', shape: [-1] }] };
      },
    });
    expect(server.models[0]).toMatchObject({ refused: 'its metadata names no datatype that is known' });
  });
});

describe('a server that leaves calls without an answer', () => {
  /** Answers nothing, and counts who came. */
  async function silentServer() {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    return {
      grpc: `127.0.0.1:${port}`,
      http: `http://127.0.0.1:${port}`,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  it('has an empty profile, and is given up after a few calls', async () => {
    await using silent = await silentServer();
    const guesses = Array.from({ length: 1_000 }, (_, index) => `model_${index}`);
    const server = await discover(silent, { guesses, timeoutMs: 40 });
    expect(server).toMatchObject({ name: '', ours: false, models: [], unloaded: [], transports: ['grpc', 'rest'] });
  });

  it('has models without samples where inferences alone hang, and not each of them is tried', async () => {
    let asked = 0;
    const server = await discoverOther(
      {
        infer() {
          asked += 1;
          return never();
        },
      },
      { timeoutMs: 200, only: 'grpc', configured: allModels },
    );
    expect(found(server)).toEqual(names);
    expect(server.models[0]?.refused).toMatch(/^DEADLINE_EXCEEDED/);
    expect(server.models.at(-1)?.refused).toBe('not asked: 3 models in a row left an inference without an answer');
    expect(asked).toBe(3);
  });

  it('is asked no more once the run is aborted', async () => {
    await using silent = await silentServer();
    const controller = new AbortController();
    const reason = new Error('enough');
    const asking = discover(silent, { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(asking).rejects.toBe(reason);
  });
});
