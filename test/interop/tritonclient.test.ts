/** The official Python client of Triton, all four of its kinds, infers from a running environment. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectEngine } from '../../src/engine/detect.js';
import { type Environment, pythonReport, type Refusal, startEnvironment } from './clients.js';

/** What `infers` of tritonclient_infer.py found out with one client in one form. */
interface Found {
  requestId: string;
  scaled: number[];
  scaledShape: number[];
  sum: string[];
  difference: string[];
  sumShape: number[];
  oneRequested: string[];
  noneRequested: string[];
  typed: string[];
  identity: Record<string, boolean>;
  unknownModel: Refusal | null;
  unknownVersion: Refusal | null;
  unknownOutput: Refusal | null;
  wrongShape: Refusal | null;
  liveAfterwards: boolean;
}

interface Described {
  live: boolean;
  ready: boolean;
  modelReady: boolean;
  versionReady: boolean;
  server: string;
  extensions: string[];
  inputs: [string, string, number[]][];
  binary: Found;
  json: Found | null;
  background: number[] | null;
}

type Kind = 'grpc' | 'grpc.aio' | 'http' | 'http.aio';
const kinds: Kind[] = ['grpc', 'grpc.aio', 'http', 'http.aio'];

async function dockerAnswers(): Promise<boolean> {
  try {
    const { engine } = await connectEngine('docker');
    await engine[Symbol.asyncDispose]();
    return true;
  } catch {
    return false;
  }
}

const required = (process.env.KSERVE_ENV_REQUIRE ?? '').split(',').includes('docker');
const docker = required || (await dockerAnswers());

describe.each([
  { engine: 'process', runs: true },
  { engine: 'docker', runs: docker },
] as const)('tritonclient against the $engine engine', ({ engine, runs }) => {
  let environment: Environment;
  let report: Record<Kind, Described>;

  beforeAll(async () => {
    if (!runs) return;
    environment = await startEnvironment(engine);
    report = await pythonReport('tritonclient_infer.py', environment);
  });

  afterAll(() => environment?.down());

  it.runIf(runs).each(kinds)('finds server and model live, ready and described over %s', (kind) => {
    expect(report[kind]).toMatchObject({
      live: true,
      ready: true,
      modelReady: true,
      versionReady: true,
      server: 'kserve-env',
      inputs: [
        ['INPUT0', 'INT32', [1, 16]],
        ['INPUT1', 'INT32', [1, 16]],
      ],
    });
    expect(report[kind].extensions).toContain('binary_tensor_data');
  });

  it.runIf(runs).each(['grpc', 'http'] as const)('has eight requests on the way at a time over %s', (kind) => {
    expect(report[kind].background).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
  });

  const grpcCodes = { notFound: 'StatusCode.NOT_FOUND', bad: 'StatusCode.INVALID_ARGUMENT' };
  const httpCodes = { notFound: '404', bad: '400' };
  const ways = [
    { way: 'gRPC', found: () => report.grpc.binary, ...grpcCodes },
    { way: 'gRPC with asyncio', found: () => report['grpc.aio'].binary, ...grpcCodes },
    { way: 'HTTP with binary data', found: () => report.http.binary, ...httpCodes },
    { way: 'HTTP with JSON data', found: () => report.http.json, ...httpCodes },
    { way: 'HTTP with asyncio and binary data', found: () => report['http.aio'].binary, ...httpCodes },
    { way: 'HTTP with asyncio and JSON data', found: () => report['http.aio'].json, ...httpCodes },
  ];

  describe.runIf(runs).each(ways)('over $way', ({ found, notFound, bad }) => {
    it('scales FP64 by the factor that a parameter of the request gives, and returns its id', () => {
      expect(found()).toMatchObject({ scaled: [3, -7.5, 9], scaledShape: [3], requestId: 'interop' });
    });

    it("adds and subtracts as Triton's own examples expect it of simple", () => {
      expect(found()).toMatchObject({
        sum: Array.from({ length: 16 }, (_, index) => String(index + 1)),
        difference: Array.from({ length: 16 }, (_, index) => String(index - 1)),
        sumShape: [1, 16],
      });
    });

    it('returns the outputs that are requested, and all where none is', () => {
      expect(found()).toMatchObject({ oneRequested: ['OUTPUT1'], noneRequested: ['OUTPUT0', 'OUTPUT1'] });
    });

    it('scales INT64 to its extremes without losing a digit', () => {
      expect(found()?.typed).toEqual(['9223372036854775806', '-9223372036854775808']);
    });

    it('returns every datatype bit for bit, as a vector, a matrix and without an element', () => {
      const identity = found()?.identity ?? {};
      expect(Object.keys(identity)).toEqual(
        expect.arrayContaining(['BOOL', 'INT8', 'INT64', 'UINT64', 'FP32', 'FP64', 'BYTES']),
      );
      for (const [datatype, same] of Object.entries(identity)) expect(same, datatype).toBe(true);
    });

    it('raises InferenceServerException for an unknown model and an unknown version', () => {
      expect(found()?.unknownModel).toEqual({ status: notFound, message: expect.stringContaining('no-such-model') });
      expect(found()?.unknownVersion).toEqual({ status: notFound, message: expect.stringContaining('99') });
    });

    it('raises InferenceServerException for an unknown output and a wrong shape, and the server lives on', () => {
      expect(found()?.unknownOutput).toEqual({ status: bad, message: expect.stringContaining('OUTPUT2') });
      expect(found()?.wrongShape).toEqual({ status: bad, message: expect.stringContaining('INPUT0') });
      expect(found()?.liveAfterwards).toBe(true);
    });
  });

  it.runIf(runs).each(kinds)('carries FP16, NaN and bytes that are no UTF-8 in binary form over %s', (kind) => {
    expect(report[kind].binary.identity).toMatchObject({ FP16: true, FP32: true, FP64: true, BYTES: true });
  });
});
