import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleMetrics } from '../../../src/checks/suites/metrics/sample-metrics.js';
import { OipError } from '../../../src/protocol/status.js';
import type { Behaviour } from '../../fakes/mutant-behaviour.js';
import { startMutant } from '../../fakes/mutant-server.js';
import { allModels, type CheckOptions, check, type Served, serve, withVerdict } from './served.js';

const suites = ['metrics'] as const;

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(() => right[Symbol.asyncDispose]());

describe('against the real server', () => {
  it('every case passes: none fails, is noted or is skipped', async () => {
    const results = await check(right, { suites });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
  });

  it('every kind of metric goes in both encodings over both transports', async () => {
    const ids = (await check(right, { suites })).map(({ id }) => id);
    for (const { kind } of sampleMetrics) {
      for (const route of ['json/grpc', 'json/rest', 'protobuf/grpc', 'protobuf/rest']) {
        expect(ids).toContain(`metrics/${kind}/simple_scaler/${route}`);
      }
    }
  });

  it('the scenarios are there: start, end to end, several inputs, a model missing, a model not ready', async () => {
    const ids = (await check(right, { suites, only: 'grpc' })).map(({ id }) => id);
    expect(ids).toEqual(
      expect.arrayContaining([
        'metrics/start/simple_scaler/grpc',
        'metrics/end-to-end/simple_scaler/json/grpc',
        'metrics/several-inputs/simple_sum/grpc',
        'metrics/missing-model/simple_scaler/grpc',
        'metrics/not-ready/identity/grpc',
      ]),
    );
  });

  it('the model that was unloaded is back afterwards', async () => {
    await check(right, { suites });
    expect(withVerdict(await check(right, { suites: ['health', 'metadata'] }), 'failed')).toEqual([]);
  });
});

describe('against a server of which little is known', () => {
  const foreign: CheckOptions = {
    suites,
    profile: (server) => ({
      ...server,
      ours: false,
      mayUnload: false,
      models: server.models.map(({ mathematics, ...model }) => model),
    }),
  };

  it('results are compared with what the model answers to anybody else', async () => {
    const results = await check(right, foreign);
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(results.length).toBeGreaterThan(40);
  });

  it('no model is unloaded where that was not allowed', async () => {
    const ids = (await check(right, foreign)).map(({ id }) => id);
    expect(ids.filter((id) => id.startsWith('metrics/not-ready'))).toEqual([]);
  });

  it('there are no cases where no model takes vectors of doubles', async () => {
    expect(await check(right, { suites, models: ['simple', 'linear_regression'] })).toEqual([]);
  });
});

describe('a server that is wrong is caught', () => {
  const doubles = (data: unknown): Float64Array => (data instanceof Float64Array ? data : new Float64Array(0));

  it.each<{ what: string; behave: () => Behaviour; cases: RegExp; says: RegExp }>([
    {
      what: 'results in another order, so that each series gets that of another',
      behave: () => ({
        infer({ answer }) {
          if (answer instanceof OipError) return undefined;
          for (const { data } of answer.outputs) doubles(data).reverse();
          return answer;
        },
      }),
      cases: /^metrics\/gauge\//,
      says: /data point 0: expected 0.2, got -5/,
    },
    {
      what: 'a value that is wrong in its last bit',
      behave: () => ({
        infer({ answer }) {
          if (answer instanceof OipError) return undefined;
          for (const { data } of answer.outputs) {
            const bits = new BigInt64Array(doubles(data).buffer, doubles(data).byteOffset, doubles(data).length);
            if (bits[0] !== undefined) bits[0] += 1n;
          }
          return answer;
        },
      }),
      cases: /^metrics\/(exponential-)?histogram\//,
      says: /data point 0: expected 12|expected 20/,
    },
    {
      what: 'doubles that went through single precision',
      behave: () => ({
        infer({ answer }) {
          if (answer instanceof OipError) return undefined;
          for (const { data } of answer.outputs) doubles(data).set(doubles(data).map(Math.fround));
          return answer;
        },
      }),
      cases: /^metrics\/gauge-int\//,
      says: /data point 1: expected 18014398509481982, got 18014398509481984/,
    },
    {
      what: 'an element that is dropped',
      behave: () => ({
        infer({ answer }) {
          if (answer instanceof OipError) return undefined;
          const outputs = answer.outputs.map((output) => {
            const data = doubles(output.data).slice(1);
            return { ...output, data, shape: [data.length] };
          });
          return { ...answer, outputs };
        },
      }),
      cases: /^metrics\/summary\//,
      says: /number of new data points: expected 12, got 11/,
    },
    {
      what: 'a server that is not live',
      behave: () => ({ fact: ({ method }) => (method === 'ServerLive' ? { live: false } : undefined) }),
      cases: /^metrics\/start\//,
      says: /is not live/,
    },
    {
      what: 'a model that answers though it was unloaded',
      behave: () => ({
        instead: ({ method }) =>
          method === 'RepositoryModelUnload' ? { model_name: 'identity', isUnloaded: true } : undefined,
      }),
      cases: /^metrics\/not-ready\//,
      says: /identity answered while it was unloaded/,
    },
  ])('$what', async ({ behave, cases, says }) => {
    await using mutant = await startMutant(right, { name: 'mutant', what: '', suites, behave });
    for (const only of ['grpc', 'rest'] as const) {
      const failed = withVerdict(await check(mutant, { suites, only }), 'failed');
      const caught = failed.filter(({ id }) => cases.test(id));
      expect(caught.map(({ message }) => message)).toContainEqual(expect.stringMatching(says));
    }
  });
});
