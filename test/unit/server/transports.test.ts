import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InferenceClient } from '../../../src/protocol/client.js';
import { type Datatype, datatypes } from '../../../src/protocol/datatype.js';
import type { DataForm, Tensor } from '../../../src/protocol/tensor.js';
import { bits, tensors } from '../protocol/arbitraries.js';
import { models, serve, type TestServer } from './serve.js';

let running: TestServer;
beforeAll(async () => {
  running = await serve();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const fp64 = (name: string, ...values: number[]): Tensor => ({
  name,
  datatype: 'FP64',
  shape: [values.length],
  data: Float64Array.from(values),
});

const failsWith = (status: string) => expect.objectContaining({ name: 'OipError', status });

describe.each(['grpc', 'rest'] as const)('our client over %s', (transport) => {
  const client = (): InferenceClient => running[transport];

  it('finds the server live and ready', async () => {
    expect(await client().serverLive()).toBe(true);
    expect(await client().serverReady()).toBe(true);
  });

  it('reads the server metadata', async () => {
    expect(await client().serverMetadata()).toEqual({
      name: 'kserve-env',
      version: '9.9.9',
      extensions: expect.arrayContaining(['binary_tensor_data', 'model_repository', 'statistics']),
    });
  });

  it('finds models ready by name, alias and version', async () => {
    expect(await client().modelReady('scaler')).toBe(true);
    expect(await client().modelReady('simple-scaler', '1')).toBe(true);
  });

  it.each(['nope', '..', '../scaler', 'a/b', '\u0000', 'ü%2e', 'n'.repeat(10_000)])(
    'gets NOT_FOUND for the model %j',
    async (name) => {
      await expect(client().modelReady(name)).rejects.toEqual(failsWith('NOT_FOUND'));
      await expect(client().modelMetadata(name)).rejects.toEqual(failsWith('NOT_FOUND'));
      await expect(client().infer({ modelName: name, inputs: [] })).rejects.toEqual(failsWith('NOT_FOUND'));
    },
  );

  it('gets NOT_FOUND for an unknown version', async () => {
    await expect(client().modelReady('scaler', '2')).rejects.toEqual(failsWith('NOT_FOUND'));
    await expect(client().infer({ modelName: 'scaler', modelVersion: '2', inputs: [] })).rejects.toEqual(
      failsWith('NOT_FOUND'),
    );
  });

  it('reads the real tensors of every model', async () => {
    for (const { name } of models) {
      const metadata = await client().modelMetadata(name);
      expect(metadata).toMatchObject({ name, versions: ['1'] });
      expect(metadata.inputs.length).toBeGreaterThan(0);
      expect(metadata.outputs.length).toBeGreaterThan(0);
    }
    expect(await client().modelMetadata('linear', '1')).toEqual({
      name: 'linear',
      versions: ['1'],
      platform: 'kserve-env_linear',
      inputs: [{ name: 'input_tensor', datatype: 'FP64', shape: [-1, 3] }],
      outputs: [{ name: 'prediction', datatype: 'FP64', shape: [-1] }],
    });
  });

  describe.each(['typed', 'raw'] as const)('in %s form', (form: DataForm) => {
    it('infers, and gets name, version, id and form back', async () => {
      const inputs = [fp64('cpu.usage', 1, 2.5)];
      expect(await client().infer({ modelName: 'simple-scaler', id: '7', inputs, form })).toEqual({
        modelName: 'simple-scaler',
        modelVersion: '1',
        id: '7',
        parameters: {},
        outputs: [fp64('scaled_result', 2, 5)],
        form,
      });
    });

    it('sends parameters', async () => {
      for (const scale_factor of [10, 10n, '10']) {
        const response = await client().infer({
          modelName: 'scaler',
          inputs: [fp64('x', 1.5)],
          parameters: { scale_factor },
          form,
        });
        expect(response.outputs).toEqual([fp64('scaled_result', 15)]);
      }
    });

    it('gets the outputs it asks for, in that order', async () => {
      const data = new Int32Array(16).fill(1);
      const inputs = ['INPUT0', 'INPUT1'].map((name) => ({
        name,
        datatype: 'INT32' as Datatype,
        shape: [1, 16],
        data,
      }));
      const names = async (...requested: string[]) => {
        const outputs = requested.map((name) => ({ name }));
        const response = await client().infer({ modelName: 'simple', inputs, outputs, form });
        return response.outputs.map(({ name }) => name);
      };
      expect(await names()).toEqual(['OUTPUT0', 'OUTPUT1']);
      expect(await names('OUTPUT1')).toEqual(['OUTPUT1']);
      expect(await names('OUTPUT1', 'OUTPUT0')).toEqual(['OUTPUT1', 'OUTPUT0']);
    });

    it('gets tensors of every datatype back bit by bit', async () => {
      const finite = ({ data }: Tensor) => !(data as Float64Array).some((value) => !Number.isFinite(value));
      for (const datatype of datatypes) {
        const half = datatype === 'FP16' || datatype === 'BF16';
        const inJson = transport === 'rest' && form === 'typed';
        if (half && form === 'typed') continue;
        const floats = datatype === 'FP32' || datatype === 'FP64';
        const arbitrary = inJson && floats ? tensors([datatype]).filter(finite) : tensors([datatype]);
        const property = fc.asyncProperty(arbitrary, async (tensor) => {
          const { outputs } = await client().infer({ modelName: 'identity', inputs: [tensor], form });
          expect(outputs[0]).toMatchObject({ datatype, shape: tensor.shape });
          expect(outputs.map(bits)).toEqual([bits(tensor)]);
        });
        await fc.assert(property, { numRuns: 15 });
      }
    });

    it('answers an empty tensor with an empty one', async () => {
      const inputs = [{ name: 'x', datatype: 'FP64' as Datatype, shape: [2, 0], data: new Float64Array() }];
      const { outputs } = await client().infer({ modelName: 'scaler', inputs, form });
      expect(outputs).toEqual([{ name: 'scaled_result', datatype: 'FP64', shape: [2, 0], data: new Float64Array() }]);
    });
  });
});

describe('the form of outputs over gRPC', () => {
  it('is raw, or typed, where the model says so', async () => {
    for (const form of ['typed', 'raw'] as const) {
      const call = { inputs: [fp64('x', 1)], form };
      expect((await running.grpc.infer({ modelName: 'raw_identity', ...call })).form).toBe('raw');
      expect((await running.grpc.infer({ modelName: 'typed_identity', ...call })).form).toBe('typed');
    }
  });
});
