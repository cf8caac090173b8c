/** The suites as a whole, against our own server in each shape that a configuration may give it, and the command over them. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CaseResult, suiteNames } from '../../../src/checks/case.js';
import { openConnections } from '../../../src/checks/connections.js';
import { discoverServer } from '../../../src/checks/discover.js';
import type { ServerProfile } from '../../../src/checks/profile.js';
import { type RunOptions, runCases, summarise } from '../../../src/checks/runner.js';
import { type CaseSelection, casesFor } from '../../../src/checks/suites/all-cases.js';
import { commandContext } from '../../../src/commands/context.js';
import { smoke, smokeFailure } from '../../../src/commands/smoke.js';
import { InterruptedError } from '../../../src/errors.js';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import type { InferenceClient } from '../../../src/protocol/client.js';
import { startMutant } from '../../fakes/mutant-server.js';
import { allModels, check, type Served, scaler, serve, withVerdict } from './served.js';

/** Milliseconds for many cases on a machine that has other things to do, too. */
const patience = 60_000;

let right: Served;
let profile: ServerProfile;
beforeAll(async () => {
  right = await serve(allModels);
  await using connections = openConnections({ grpc: { endpoint: right.grpc }, rest: { baseUrl: right.http } });
  const { signal } = new AbortController();
  profile = await discoverServer({ connections, signal, timeoutMs: 5_000, configured: allModels });
});
afterAll(() => right[Symbol.asyncDispose]());

const messages = (results: CaseResult[]) => results.map(({ id, message }) => `${id}: ${message}`);
const ids = (selection: CaseSelection = {}) => casesFor(profile, selection).map(({ id }) => id);

describe('the cases', () => {
  it.each(suiteNames)(
    'of %s all pass against our own server: none fails, is noted or is skipped',
    async (suite) => {
      const results = await check(right, { configured: allModels, suites: [suite] });
      expect(messages(results.filter(({ status }) => status !== 'passed'))).toEqual([]);
      expect(results.length).toBeGreaterThan(0);
    },
    patience,
  );

  it('have ids of their own that begin with their suite, and say what holds, by what, and why', () => {
    const cases = casesFor(profile, { suites: suiteNames });
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    for (const { id, suite, title, spec, why, transports } of cases) {
      expect(id.startsWith(`${suite}/`) && /^[^\s*]+$/.test(id), id).toBe(true);
      for (const text of [title, spec, why]) expect(text.trim(), id).not.toBe('');
      expect(transports.length, id).toBeGreaterThan(0);
    }
  });

  it('run in the order of their suites', () => {
    const order = casesFor(profile).map(({ suite }) => suiteNames.indexOf(suite));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('look at every model over every transport in every form', () => {
    const all = ids({ suites: ['infer'] });
    for (const { name } of allModels) {
      for (const route of ['grpc-typed', 'grpc-raw', 'rest-json', 'rest-binary']) {
        expect(
          all.filter((id) => id.includes(`/${name}/`) && id.endsWith(route)),
          `${name} ${route}`,
        ).not.toEqual([]);
      }
    }
  });

  it.each(['grpc', 'rest'] as const)('need nothing but %s where nothing else is there', (only) => {
    const cases = casesFor({ ...profile, transports: [only] });
    const runnable = cases.filter(({ transports }) => transports.every((one) => one === only));
    expect(runnable.length).toBeGreaterThan(cases.length / 2);
  });

  it.each([
    [{ suites: ['health'] as const }, /^health\//],
    [{ cases: ['infer/values/simple_scaler'] }, /^infer\/values\/simple_scaler\//],
    [{ cases: ['*/grpc-raw'] }, /\/grpc-raw$/],
    [{ cases: ['errors/unknown-model/grpc-typed'] }, /^errors\/unknown-model\/grpc-typed$/],
    [{ suites: ['infer', 'errors'] as const, cases: ['*typed'] }, /^(infer|errors)\/.*typed$/],
  ])('may be chosen: %j', (selection, pattern) => {
    const all = ids();
    expect(ids(selection)).toEqual(
      all.filter((id) => pattern.test(id) || all.some((one) => pattern.test(one) && id.startsWith(`${one}/`))),
    );
    expect(ids(selection)).not.toEqual([]);
  });

  it.each(['infer/value', 'INFER', 'values', '.*', '', 'infer/values/simple_scaler/'])(
    'are none where %j is asked for',
    (pattern) => {
      expect(ids({ cases: [pattern] })).toEqual([]);
    },
  );

  it('are there for a server without any model, and none of them is about one', async () => {
    await using empty = await serve([]);
    const results = await check(empty, { configured: [] });
    expect(messages(withVerdict(results, 'failed'))).toEqual([]);
    expect(results.filter(({ model }) => model !== undefined)).toEqual([]);
  });
});

describe('models as a configuration may have them', () => {
  const suites = [
    'health',
    'metadata',
    'infer',
    'errors',
    'streaming',
    'metrics',
    'concurrency',
    'repository',
  ] as const;
  const checked = async (models: object[], selection: CaseSelection = { suites }) => {
    const configured = models.map((model) => modelConfigSchema.parse(model));
    await using server = await serve(configured);
    return await check(server, { configured, concurrency: 20, ...selection });
  };

  it(
    'pass with every factor, in every datatype',
    async () => {
      const factors = [0, -0, 1, -1, 3, 0.1, -2.5, 255, 2 ** 31, 2 ** 53, 1e20, -1e300, 1.7e308, 5e-324];
      const models = factors.map((factor, index) => ({
        kind: 'scale',
        name: `scaler_${index}`,
        datatype: index === 0 ? 'FP64' : 'any',
        factor,
      }));
      const results = await checked(models, { suites: ['infer', 'metadata'] });
      expect(messages(withVerdict(results, 'failed'))).toEqual([]);
    },
    patience,
  );

  it(
    'pass with declared shapes, datatypes, versions, parameters and states',
    async () => {
      const results = await checked([
        { kind: 'scale', name: 'matrix', shape: [2, -1], datatype: 'any' },
        { kind: 'scale', name: 'preset', parameters: { scale_factor: 5 } },
        { kind: 'sum', name: 'block', shape: [2, 2, 2], datatype: 'INT16' },
        { kind: 'product', name: 'scalar', shape: [] },
        { kind: 'linear', name: 'narrow', datatype: 'FP32', weights: [0.1, 2], bias: 0.7 },
        { kind: 'identity', name: 'strings', datatype: 'BYTES', shape: [3, 1] },
        { kind: 'add_sub', name: 'wide', datatype: 'INT64', shape: [-1] },
        { kind: 'sum', name: 'changing', versions: ['1', '2'] },
        { kind: 'product', name: 'changing', versions: ['3'] },
        { kind: 'sum', name: 'later', initial: 'unloaded' },
        { kind: 'sum', name: 'broken', initial: 'failed' },
      ]);
      expect(messages(withVerdict(results, 'failed'))).toEqual([]);
      expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
      for (const title of ['changing@2', 'changing@3']) {
        const values = results.filter(({ id }) => id.startsWith(`infer/values/${title}/FP64/`));
        expect(
          values.some(({ id, status }) => id.endsWith('grpc-raw') && status === 'passed'),
          title,
        ).toBe(true);
      }
    },
    patience,
  );

  it(
    'pass where they are strict, and answer in one form alone',
    async () => {
      const models = ['raw', 'typed'].map((output) => ({
        kind: 'scale',
        name: `only_${output}`,
        strictInputs: true,
        output,
      }));
      expect(messages(withVerdict(await checked(models), 'failed'))).toEqual([]);
    },
    patience,
  );
});

describe('a client that changes its input', () => {
  it('is caught, over either transport', async () => {
    const settings = { grpc: { endpoint: right.grpc }, rest: { baseUrl: right.http } };
    await using real = openConnections(settings);
    const careless = (client: InferenceClient): InferenceClient => ({
      ...client,
      async infer(call, options) {
        const answer = await client.infer(call, options);
        for (const { data } of call.inputs) if (data instanceof Float64Array) data.fill(7);
        return answer;
      },
    });
    const connections: RunOptions['connections'] = {
      ...(real.grpc && { grpc: { ...real.grpc, client: careless(real.grpc.client) } }),
      ...(real.rest && { rest: { ...real.rest, client: careless(real.rest.client) } }),
      async [Symbol.asyncDispose]() {},
    };
    const { signal } = new AbortController();
    const cases = casesFor(profile, { suites: ['infer'] }).filter(({ model }) => model === 'simple_scaler');
    const connect = () => openConnections(settings);
    const options = { server: profile, connections, connect, signal, timeoutMs: 5_000, concurrency: 1 };
    const failed = withVerdict(await runCases(cases, options), 'failed');
    for (const transport of ['grpc', 'rest'] as const) {
      const said = failed.filter(({ transports }) => transports.includes(transport)).map(({ message }) => message);
      expect(said).toContainEqual(expect.stringMatching(/element 0 of .*: expected .*, got 7/));
    }
  });
});

describe('the command', () => {
  const told = (onDetail: (text: string) => void) => ({ ...commandContext().progress, phaseDetail: onDetail });
  const address = () => ({ endpoint: right.grpc, restUrl: right.http });
  const few = { suites: ['health'] as const };

  it('reports on any server by its addresses, with no failure where all is well', async () => {
    const details: string[] = [];
    const progress = told((text) => details.push(text));
    const { data, failure } = await smoke({ ...address(), ...few }, commandContext({ progress }));
    expect(failure).toBeUndefined();
    expect(data).toMatchObject({ endpoints: { grpc: right.grpc, http: right.http }, summary: { failed: 0 } });
    expect(data.summary).toEqual(summarise(data.cases));
    expect(details.at(-1)).toMatch(new RegExp(`\\b${data.cases.length} of ${data.cases.length}$`));
  });

  it('fails with the ids of what failed', async () => {
    const mutation = { name: 'dead', what: '', suites: [], behave: () => ({ fact: () => ({ live: false }) }) };
    await using mutant = await startMutant(right, mutation);
    const options = { endpoint: mutant.grpc, cases: ['health/live'], suites: ['health'] as const };
    const { failure } = await smoke(options, commandContext());
    expect(failure).toMatchObject({ code: 'SMOKE_FAILED', exitCode: 9, details: { failed: ['health/live/grpc'] } });
  });

  it('ends with the reason of an interruption', async () => {
    const controller = new AbortController();
    const reason = new InterruptedError('SIGINT');
    const progress = told(() => controller.abort(reason));
    const running = smoke({ endpoint: right.grpc }, commandContext({ progress, signal: controller.signal }));
    await expect(running).rejects.toBe(reason);
  });

  it('fails where no case was chosen, or all were skipped', async () => {
    const { data, failure } = await smoke({ ...address(), cases: ['nothing/like/this'] }, commandContext());
    expect(data.cases).toEqual([]);
    expect(failure).toMatchObject({ code: 'SMOKE_EMPTY', exitCode: 9 });
    const summary = { passed: 0, failed: 0, noted: 0, skipped: 9 };
    expect(smokeFailure({ ...data, summary })).toMatchObject({ code: 'SMOKE_EMPTY', exitCode: 9 });
    expect(smokeFailure({ ...data, summary: { ...summary, passed: 1 } })).toBeUndefined();
    expect(smokeFailure({ ...data, summary: { ...summary, noted: 1 } })).toBeUndefined();
  });
});

describe('a server that never answers', () => {
  it('fails every case, and is given up after a few time-outs', async () => {
    let calls = 0;
    const silent = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', () => {
        calls += 1;
      });
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const connect = () =>
      openConnections({ grpc: { endpoint: `127.0.0.1:${port}` }, rest: { baseUrl: `http://127.0.0.1:${port}` } });
    try {
      await using connections = connect();
      const { signal } = new AbortController();
      const options = { server: profile, connections, connect, signal, timeoutMs: 40, concurrency: 1 };
      const results = await runCases(casesFor(profile), options);
      expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['failed']));
      expect(results.at(0)?.message).toContain('no answer within 40 ms');
      expect(results.at(-1)?.message).toContain('not asked');
      expect(results.filter(({ message }) => !message?.startsWith('not asked')).length).toBeLessThan(10);
      expect(calls).toBeLessThan(30);
    } finally {
      silent.close();
    }
  });
});

describe('a model that is not there', () => {
  it('is told of in every case about it, and does not end the run', async () => {
    await using server = await serve(scaler);
    const results = await check(server, { models: ['identity'], suites: ['health', 'metadata', 'infer', 'errors'] });
    const failed = withVerdict(results, 'failed');
    expect(failed.length + withVerdict(results, 'skipped').length).toBeGreaterThan(0);
    for (const { message } of failed) expect(message).not.toContain('could not be judged');
  });
});
