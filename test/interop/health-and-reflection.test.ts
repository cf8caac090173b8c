/** The standard health and reflection services, asked by the programs and libraries that most people use for it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Environment, pythonReport, runGoTool, startEnvironment } from './clients.js';

let environment: Environment;

beforeAll(async () => {
  environment = await startEnvironment();
});

afterAll(() => environment?.down());

const services = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'inference.GRPCInferenceService',
];

describe('grpc-health-probe', () => {
  const probe = (...args: string[]) => runGoTool('grpc-health-probe', [`-addr=${environment.grpc}`, ...args]);

  it('finds the server serving', async () => {
    expect(await probe()).toMatchObject({ code: 0, stderr: expect.stringContaining('SERVING') });
  });

  it.each(['simple_scaler', 'simple-scaler', 'inference.GRPCInferenceService'])('finds %s serving', async (service) => {
    expect(await probe(`-service=${service}`)).toMatchObject({ code: 0 });
  });

  it('ends with an error for a service that the server does not have', async () => {
    const { code, stderr } = await probe('-service=no-such-model');
    expect(code).not.toBe(0);
    expect(stderr).toContain('NotFound');
    expect(stderr).toContain('no-such-model');
  });
});

describe('grpcio-health-checking', () => {
  interface Report {
    checks: Record<string, string>;
    watched: string[];
    unknown: string;
  }
  let report: Report;

  beforeAll(async () => {
    report = await pythonReport('grpcio_health.py', environment);
  });

  it('checks the server, a model and the service, and is told of an unknown one', () => {
    expect(report.checks).toEqual({
      '': 'SERVING',
      simple_product: 'SERVING',
      'inference.GRPCInferenceService': 'SERVING',
      'no-such': 'NOT_FOUND',
    });
  });

  it('watches a model being unloaded and loaded', () => {
    expect(report.watched).toEqual(['SERVING', 'NOT_SERVING', 'SERVING']);
  });

  it('watches an unknown service as SERVICE_UNKNOWN', () => {
    expect(report.unknown).toBe('SERVICE_UNKNOWN');
  });
});

describe('grpcurl, over reflection v1', () => {
  const grpcurl = (...args: string[]) => runGoTool('grpcurl', ['-plaintext', ...args]);

  it('lists the services', async () => {
    const { stdout } = await grpcurl(environment.grpc, 'list');
    expect(stdout.trim().split('\n').sort()).toEqual(services);
  });

  it('describes a message of the protocol, and one inside it', async () => {
    const request = await grpcurl(environment.grpc, 'describe', 'inference.ModelInferRequest');
    expect(request.stdout).toContain('repeated bytes raw_input_contents = 7;');
    const tensor = await grpcurl(environment.grpc, 'describe', 'inference.ModelInferRequest.InferInputTensor');
    expect(tensor.stdout).toContain('repeated int64 shape = 3;');
  });

  it('infers from JSON', async () => {
    const message = {
      model_name: 'simple_scaler',
      inputs: [{ name: 'my.metric', datatype: 'FP64', shape: [2], contents: { fp64_contents: [1, -2.5] } }],
    };
    const method = 'inference.GRPCInferenceService/ModelInfer';
    const { stdout, stderr } = await grpcurl('-d', JSON.stringify(message), environment.grpc, method);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      modelName: 'simple_scaler',
      outputs: [{ name: 'scaled_result', shape: ['2'], contents: { fp64Contents: [2, -5] } }],
    });
  });

  it('checks health', async () => {
    const { stdout } = await grpcurl('-d', '{"service":"identity"}', environment.grpc, 'grpc.health.v1.Health/Check');
    expect(JSON.parse(stdout)).toEqual({ status: 'SERVING' });
  });

  it('shows code and message of a refusal', async () => {
    const { code, stderr } = await grpcurl(
      '-d',
      '{"name":"no-such-model"}',
      environment.grpc,
      'inference.GRPCInferenceService/ModelMetadata',
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('NotFound');
    expect(stderr).toContain('no-such-model');
  });
});

describe('grpcio-reflection, over reflection v1alpha', () => {
  it('lists the services, and infers by the descriptors that it reads', async () => {
    const report = await pythonReport('grpcio_reflection.py', environment);
    expect(report).toEqual({
      services,
      methods: expect.arrayContaining(['ModelInfer', 'ModelStreamInfer', 'RepositoryIndex', 'ServerLive']),
      scaled: [2, -5],
      unknown: 'not found',
    });
  });
});
