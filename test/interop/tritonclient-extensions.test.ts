/** What operators do with tritonclient: the repository, statistics and configuration, by all four of its clients. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Environment, pythonReport, type Refusal, startEnvironment } from './clients.js';

interface Entry {
  name: string;
  version?: string;
  state?: string;
  reason?: string;
}

interface Counts {
  name: string;
  version: string;
  inferences: number;
  executions: number;
  success: number;
  fail: number;
  computeNs: number;
}

interface Report {
  repository: {
    listed: Entry | null;
    unloaded: { entry: Entry | null; ready: boolean; serverReady: boolean; infer: Refusal | null };
    loaded: { entry: Entry | null; ready: boolean; sum: number[] };
    unknownLoad: Refusal | null;
    unknownUnload: Refusal | null;
  };
  statistics: { before: Counts; after: Counts; models: string[]; unknown: Refusal | null };
  configuration: {
    name: string;
    batch: number;
    inputs: [string, string, number[]][];
    outputs: [string, string, number[]][];
  };
  notServed: Record<'trace' | 'log' | 'system' | 'cuda', Refusal | null>;
  live: boolean;
}

const grpcCodes = {
  notFound: 'StatusCode.NOT_FOUND',
  unavailable: 'StatusCode.UNAVAILABLE',
  unimplemented: 'StatusCode.UNIMPLEMENTED',
};
const httpCodes = { notFound: '404', unavailable: '503', unimplemented: '501' };

let environment: Environment;
let reports: Record<'grpc' | 'grpc.aio' | 'http' | 'http.aio', Report>;

beforeAll(async () => {
  environment = await startEnvironment();
  reports = await pythonReport('tritonclient_operate.py', environment);
});

afterAll(() => environment?.down());

describe.each([
  { kind: 'grpc', ...grpcCodes },
  { kind: 'grpc.aio', ...grpcCodes },
  { kind: 'http', ...httpCodes },
  { kind: 'http.aio', ...httpCodes },
] as const)('tritonclient.$kind', ({ kind, notFound, unavailable, unimplemented }) => {
  const report = () => reports[kind];

  it('lists a model that is ready', () => {
    expect(report().repository.listed).toMatchObject({ name: 'simple_sum', version: '1', state: 'READY' });
  });

  it('unloads a model: it is listed as unavailable, is not ready, and refuses to infer', () => {
    const { entry, ready, infer } = report().repository.unloaded;
    expect(entry).toMatchObject({ name: 'simple_sum', state: 'UNAVAILABLE', reason: 'unloaded' });
    expect(ready).toBe(false);
    expect(infer).toEqual({ status: unavailable, message: expect.stringContaining('simple_sum') });
  });

  it('finds the server ready while a model is unloaded on purpose', () => {
    expect(report().repository.unloaded.serverReady).toBe(true);
  });

  it('loads the model again, and infers at once', () => {
    expect(report().repository.loaded).toMatchObject({ entry: { state: 'READY' }, ready: true, sum: [11, 22] });
  });

  it('is told that a model to load or to unload is unknown', () => {
    const told = { status: notFound, message: expect.stringContaining('no-such-model') };
    expect(report().repository).toMatchObject({ unknownLoad: told, unknownUnload: told });
  });

  it('counts what succeeded and what failed', () => {
    const { before, after } = report().statistics;
    expect(after).toMatchObject({ name: 'simple_sum', version: '1' });
    const more = (key: 'success' | 'fail' | 'inferences' | 'executions') => after[key] - before[key];
    expect({ success: more('success'), fail: more('fail') }).toEqual({ success: 3, fail: 1 });
    expect({ inferences: more('inferences'), executions: more('executions') }).toEqual({
      inferences: 3,
      executions: 3,
    });
    expect(after.computeNs).toBeGreaterThan(before.computeNs);
  });

  it('reads the statistics of every model, and is told of an unknown one', () => {
    expect(report().statistics.models).toEqual(expect.arrayContaining(['identity', 'simple', 'simple_sum']));
    expect(report().statistics.unknown?.status).toBe(notFound);
  });

  it("reads a model's configuration in Triton's words", () => {
    expect(report().configuration).toEqual({
      name: 'simple',
      batch: 0,
      inputs: [
        ['INPUT0', 'TYPE_INT32', [1, 16]],
        ['INPUT1', 'TYPE_INT32', [1, 16]],
      ],
      outputs: [
        ['OUTPUT0', 'TYPE_INT32', [1, 16]],
        ['OUTPUT1', 'TYPE_INT32', [1, 16]],
      ],
    });
  });

  it('is told that tracing, log settings and shared memory are not served, and the server lives on', () => {
    for (const [what, refusal] of Object.entries(report().notServed)) expect(refusal?.status, what).toBe(unimplemented);
    expect(report().live).toBe(true);
  });
});
