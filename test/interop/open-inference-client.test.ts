/** The clients that the Open Inference Protocol's working group generates, against a running environment. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Environment, pythonReport, type Refusal, startEnvironment } from './clients.js';

interface Report {
  grpc: {
    live: boolean;
    ready: boolean;
    modelReady: boolean;
    server: string;
    inputs: [string, string, number[]][];
    typed: Record<string, boolean>;
    raw: { id: string; values: number[] };
    wrongCount: Refusal | null;
  };
  rest: {
    server: string;
    inputs: [string, string, number[]][];
    id: string;
    scaled: number[];
    versioned: number[];
    integers: number[];
    unknown: Refusal | null;
  };
  asyncRest: number[];
}

let environment: Environment;
let report: Report;

beforeAll(async () => {
  environment = await startEnvironment();
  report = await pythonReport('open_inference_client.py', environment);
});

afterAll(() => environment?.down());

const described = { server: 'kserve-env', inputs: [['input_tensor', 'FP64', [-1]]] };

describe('open-inference-grpc', () => {
  it('finds server and model live, ready and described', () => {
    expect(report.grpc).toMatchObject({ live: true, ready: true, modelReady: true, ...described });
  });

  it('gets every typed datatype back typed, bit for bit', () => {
    expect(Object.keys(report.grpc.typed)).toHaveLength(12);
    for (const [datatype, same] of Object.entries(report.grpc.typed)) expect(same, datatype).toBe(true);
  });

  it('gets raw for raw, scaled by the factor that a parameter gives', () => {
    expect(report.grpc.raw).toEqual({ id: 'interop', values: [3, -7.5] });
  });

  it('is told which tensor has too few elements', () => {
    expect(report.grpc.wrongCount).toEqual({ status: 'INVALID_ARGUMENT', message: expect.stringContaining('"x"') });
  });
});

describe('open-inference-openapi', () => {
  it('finds server and model described', () => {
    expect(report.rest).toMatchObject(described);
  });

  it('infers, with a version too', () => {
    expect(report.rest).toMatchObject({ id: 'interop', scaled: [2, -5], versioned: [1] });
  });

  it('may write integers as 1.0, as it does', () => {
    expect(report.rest.integers).toEqual([1, -2]);
  });

  it('reads status and message of an unknown model', () => {
    expect(report.rest.unknown).toEqual({ status: '404', message: expect.stringContaining('no-such-model') });
  });

  it('infers eight times at once with asyncio', () => {
    expect(report.asyncRest).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
  });
});
