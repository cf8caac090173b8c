import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { oipError } from '../../../src/protocol/status.js';
import type { Behaviour, Fact } from '../../fakes/mutant-behaviour.js';
import { allModels, check, type Served, scaler, serve } from './served.js';
import { checkWrong, foreign, told } from './wrong-server.js';

const suites = ['health'] as const;
const known = { suites, configured: allModels };

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(async () => {
  await right[Symbol.asyncDispose]();
});

/** Changes the answer of one RPC, where `change` says so. */
const fact = (method: string, change: (fact: Fact) => Record<string, unknown> | Error | undefined): Behaviour => ({
  fact: (one) => (one.method === method ? (change(one) as ReturnType<NonNullable<Behaviour['fact']>>) : undefined),
});

/** Changes the body of one path of REST. */
const body = (path: string, text: string, type = 'application/json'): Behaviour => ({
  http: ({ request, answer }) =>
    request.path === path
      ? { ...answer, headers: { ...answer.headers, 'content-type': type }, body: Buffer.from(text) }
      : undefined,
});

describe('the suite health', () => {
  it.each([
    { how: 'over both transports', options: known },
    { how: 'over gRPC alone', options: { ...known, only: 'grpc' as const } },
    { how: 'over REST alone', options: { ...known, only: 'rest' as const } },
    { how: 'as a server of somebody else', options: { suites, ...foreign } },
  ])('passes whole against the real server, $how', async ({ options }) => {
    const results = await check(right, options);
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(results.length).toBeGreaterThan(10);
  });

  it('passes with models that are not loaded, and with one that failed', async () => {
    const configured = [
      ...scaler,
      modelConfigSchema.parse({ kind: 'sum', name: 'later', initial: 'unloaded' }),
      modelConfigSchema.parse({ kind: 'sum', name: 'broken', initial: 'failed' }),
    ];
    await using server = await serve(configured);
    const results = await check(server, { suites, configured });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(results.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['health/unloaded/later/grpc', 'health/unloaded/later/rest']),
    );
  });

  it('has cases for a server without models', async () => {
    await using server = await serve([]);
    const results = await check(server, { suites, configured: [] });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(results.map(({ id }) => id)).toContain('health/unknown-model/grpc');
  });
});

describe('a wrong server fails', () => {
  it.each([
    {
      what: 'that is not live',
      behaviour: fact('ServerLive', () => ({ live: false })),
      says: /live\/\w+: ServerLive says false/,
    },
    {
      what: 'that is not ready',
      behaviour: fact('ServerReady', () => ({ ready: false })),
      says: /ready\/\w+: .* expected true/,
    },
    {
      what: 'whose model is not ready',
      behaviour: fact('ModelReady', () => ({ ready: false })),
      says: /model\/simple_sum\/\w+: ModelReady says false/,
    },
    {
      what: 'that has every model',
      behaviour: fact('ModelReady', () => ({ ready: true })),
      says: /unknown-model\/\w+: ModelReady of kserve-env-no-such-model says true/,
    },
    {
      what: 'that has every version',
      behaviour: fact('ModelReady', ({ request }) => (request.version === '' ? undefined : { ready: true })),
      says: /unknown-version\/simple_scaler\/\w+: ModelReady .*version 987654321.* says true/,
    },
    {
      what: 'whose transports disagree on a model',
      behaviour: fact('ModelReady', ({ transport }) => (transport === 'rest' ? { ready: false } : undefined)),
      says: /agree\/simple_scaler: ModelReady over REST as over gRPC: expected true, got false/,
    },
    {
      what: 'whose body contradicts its status',
      behaviour: body('/v2/health/live', '{"live":false}'),
      says: /body\/live: the status says yes, the body \{"live":false\}/,
    },
    {
      what: 'of ours whose body is text',
      behaviour: body('/v2/health/ready', 'ok'),
      says: /body\/ready: a body that is no JSON object: ok/,
    },
    {
      what: 'whose gRPC health says other than its own',
      behaviour: fact('HealthCheck', () => ({ status: 2 })),
      says: /grpc-health\/server: SERVING where ServerReady is true/,
    },
    {
      what: 'whose gRPC health serves what nobody has',
      behaviour: fact('HealthCheck', () => ({ status: 1 })),
      says: /grpc-health\/unknown: it is SERVING/,
    },
  ])('$what', async ({ behaviour, says }) => {
    expect(told(await checkWrong(right, behaviour, known), 'failed')).toContainEqual(expect.stringMatching(says));
  });

  it('whose unloaded models are ready', async () => {
    const configured = [...scaler, modelConfigSchema.parse({ kind: 'sum', name: 'later', initial: 'unloaded' })];
    await using server = await serve(configured);
    const behaviour = fact('ModelReady', () => ({ ready: true }));
    const failed = told(await checkWrong(server, behaviour, { suites, configured }), 'failed');
    expect(failed).toContainEqual('health/unloaded/later/grpc: ModelReady of later says true');
    expect(failed).toContainEqual('health/unloaded/later/rest: ModelReady of later says true');
  });
});

describe('of a server that is not ours', () => {
  it('another status for an unknown model is a note with what known servers answer', async () => {
    const unknown = fact('ModelReady', ({ request }) =>
      request.name === 'kserve-env-no-such-model' ? oipError('INTERNAL', 'no such model') : undefined,
    );
    const results = await checkWrong(right, unknown, { suites, ...foreign });
    expect(told(results, 'failed')).toEqual([]);
    expect(told(results, 'noted')).toContainEqual(
      expect.stringMatching(/^health\/unknown-model\/grpc: answered INTERNAL; .*\(Triton: false; MLServer: UNKNOWN/),
    );
  });

  it('health without a body is as good as with one, and text is a note', async () => {
    const empty = await checkWrong(right, body('/v2/health/live', ''), { suites, ...foreign });
    expect(empty.find(({ id }) => id === 'health/body/live')).toMatchObject({ status: 'passed' });
    const text = await checkWrong(right, body('/v2/health/live', 'ok', 'text/plain'), { suites, ...foreign });
    expect(told(text, 'noted')).toContainEqual(
      'health/body/live: a body that is no JSON object: ok (Triton, MLServer, OVMS: no body; KServe: JSON)',
    );
  });

  it('gRPC health that is not there is skipped', async () => {
    const results = await checkWrong(
      right,
      fact('HealthCheck', () => oipError('UNIMPLEMENTED', 'no health')),
      {
        suites,
        ...foreign,
      },
    );
    expect(told(results, 'failed')).toEqual([]);
    expect(told(results, 'skipped')).toContain('health/grpc-health/server: the server has no grpc.health.v1.Health');
  });

  it('a server that is not ready is noted where nobody knows better', async () => {
    const results = await checkWrong(
      right,
      fact('ServerReady', () => ({ ready: false })),
      { suites, ...foreign },
    );
    expect(told(results, 'noted')).toContainEqual(expect.stringContaining('health/ready/grpc: ServerReady says false'));
  });
});
