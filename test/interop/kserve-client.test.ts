/** The clients of KServe's Python SDK against a running environment. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Environment, pythonReport, type Refusal, startEnvironment } from './clients.js';

interface Found {
  id: string;
  model: string;
  name: string;
  shape: number[];
  scaled: number[];
  identity: Record<string, boolean>;
  unknownModel: Refusal | null;
  wrongDatatype: Refusal | null;
}

interface Over {
  live: boolean;
  ready: boolean;
  modelReady: boolean;
  binary: Found;
  plain: Found;
}

interface Report {
  grpc: Over & { unloaded: { ready: boolean }; loaded: { ready: boolean } };
  rest: Over & { unknownReady: boolean };
}

let environment: Environment;
let report: Report;

beforeAll(async () => {
  environment = await startEnvironment();
  report = await pythonReport('kserve_client.py', environment);
});

afterAll(() => environment?.down());

describe.each([
  { client: 'InferenceGRPCClient', via: 'grpc', notFound: 'NOT_FOUND', bad: 'INVALID_ARGUMENT' },
  { client: 'InferenceRESTClient', via: 'rest', notFound: '404', bad: '400' },
] as const)('$client of kserve', ({ via, notFound, bad }) => {
  it('finds server and model live and ready', () => {
    expect(report[via]).toMatchObject({ live: true, ready: true, modelReady: true });
  });

  it.each(['binary', 'plain'] as const)(
    'infers in %s form, with a tensor of another name than the model has',
    (form) => {
      expect(report[via][form]).toMatchObject({
        id: 'interop',
        model: 'simple_scaler',
        name: 'scaled_result',
        shape: [2],
        scaled: [2, -5],
      });
    },
  );

  it.each(['binary', 'plain'] as const)('gets every datatype back bit for bit in %s form', (form) => {
    const { identity } = report[via][form];
    expect(Object.keys(identity)).toHaveLength(form === 'binary' ? 13 : 12);
    for (const [datatype, same] of Object.entries(identity)) expect(same, datatype).toBe(true);
  });

  it.each(['binary', 'plain'] as const)('reads status and message of a refusal in %s form', (form) => {
    const { unknownModel, wrongDatatype } = report[via][form];
    expect(unknownModel).toEqual({ status: notFound, message: expect.stringContaining('no-such-model') });
    expect(wrongDatatype).toEqual({ status: bad, message: expect.stringContaining('INT32') });
  });
});

it('InferenceRESTClient finds an unknown model not ready', () => {
  expect(report.rest.unknownReady).toBe(false);
});

it("KServe's form of unload and load, with the model's name in field 1, reaches the model", () => {
  expect(report.grpc).toMatchObject({ unloaded: { ready: false }, loaded: { ready: true } });
});
