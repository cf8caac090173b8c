import { Agent, get } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InferenceClient } from '../../../src/protocol/client.js';
import { type Datatype, datatypes } from '../../../src/protocol/datatype.js';
import type { DataForm, Tensor } from '../../../src/protocol/tensor.js';
import { bits, tensors } from '../protocol/arbitraries.js';
import { createWireClient, models, post, serve, type TestServer } from './serve.js';

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
      extensions: ['binary_tensor_data'],
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

describe('an independent gRPC client', () => {
  it('gets typed contents for typed contents, under the names of the protocol', async () => {
    const response = await running.wire.call('ModelInfer', {
      model_name: 'sum',
      id: 'batch-1',
      inputs: [
        { name: 'system.cpu', datatype: 'FP64', shape: [2], contents: { fp64_contents: [1, 2] } },
        { name: 'system.mem', datatype: 'FP64', shape: [1], contents: { fp64_contents: [0.5] } },
      ],
    });
    expect(response).toEqual({
      model_name: 'sum',
      model_version: '1',
      id: 'batch-1',
      outputs: [{ name: 'sum_result', datatype: 'FP64', shape: ['2'], contents: { fp64_contents: [1.5, 2.5] } }],
    });
  });

  it('gets raw contents for raw contents, and no contents beside them', async () => {
    const response = await running.wire.call('ModelInfer', {
      model_name: 'identity',
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [2] }],
      raw_input_contents: [Buffer.from([1, 0, 0, 0, 97, 0, 0, 0, 0])],
    });
    expect(response.raw_output_contents).toEqual([Buffer.from([1, 0, 0, 0, 97, 0, 0, 0, 0])]);
    expect(response.outputs).toEqual([{ name: 'output_tensor', datatype: 'BYTES', shape: ['2'] }]);
  });

  it('keeps int64 and uint64 exact', async () => {
    const contents = { int64_contents: ['9223372036854775807', '-9223372036854775808', '9007199254740993'] };
    const response = await running.wire.call('ModelInfer', {
      model_name: 'identity',
      inputs: [{ name: 'x', datatype: 'INT64', shape: [3], contents }],
    });
    expect(response.outputs).toMatchObject([{ contents }]);
  });

  it('may compress its requests', async () => {
    const { compressionAlgorithms } = await import('@grpc/grpc-js');
    const wire = createWireClient(running.endpoint, {
      'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    });
    const inputs = [{ name: 'x', datatype: 'FP64', shape: [500], contents: { fp64_contents: Array(500).fill(1) } }];
    const response = await wire.call('ModelInfer', { model_name: 'scaler', inputs });
    wire.close();
    expect(response.outputs).toMatchObject([{ contents: { fp64_contents: Array(500).fill(2) } }]);
  });

  it('gets UNIMPLEMENTED, with the name, for a method that is not served', async () => {
    const { Client, credentials } = await import('@grpc/grpc-js');
    const client = new Client(running.endpoint, credentials.createInsecure());
    const error = await new Promise((resolve) =>
      client.makeUnaryRequest('/inference.GRPCInferenceService/Nope', () => Buffer.alloc(0), String, {}, resolve),
    );
    client.close();
    expect(error).toMatchObject({ code: 12, details: expect.stringContaining('Nope') });
  });
});

describe('an independent REST client', () => {
  const getJson = async (path: string) => {
    const response = await fetch(running.baseUrl + path);
    return { status: response.status, body: await response.json() };
  };

  it.each([
    ['/v2', { name: 'kserve-env', version: '9.9.9', extensions: ['binary_tensor_data'] }],
    ['/v2/', { name: 'kserve-env', version: '9.9.9', extensions: ['binary_tensor_data'] }],
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models', { models: models.map(({ name }) => name) }],
    ['/v2/models/scaler/ready', { name: 'scaler', ready: true }],
    ['/v2/models/scaler/versions/1/ready', { name: 'scaler', ready: true }],
  ])('GET %s answers %j', async (path, body) => {
    expect(await getJson(path)).toEqual({ status: 200, body });
  });

  it('gets exact integers in JSON', async () => {
    const body =
      '{"inputs":[{"name":"x","datatype":"UINT64","shape":[2],"data":[18446744073709551615,9007199254740993]}]}';
    const { text } = await post(`${running.baseUrl}/v2/models/identity/infer`, body);
    expect(text).toContain('"data":[18446744073709551615,9007199254740993]');
  });

  it('gets JSON for a binary input unless it asks for binary output', async () => {
    const header = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } }] }),
    );
    const body = Buffer.concat([header, Buffer.from(Float32Array.of(1.5).buffer)]);
    const answer = await post(`${running.baseUrl}/v2/models/identity/infer`, body, {
      'Inference-Header-Content-Length': String(header.length),
    });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(JSON.parse(answer.text).outputs[0].data).toEqual([1.5]);
  });

  it('may send nothing but the elements of the one input', async () => {
    const response = await fetch(`${running.baseUrl}/v2/models/linear/infer`, {
      method: 'POST',
      headers: { 'Inference-Header-Content-Length': '0' },
      body: Buffer.from(Float64Array.of(1, 1, 2).buffer),
    });
    const body = Buffer.from(await response.arrayBuffer());
    const json = Number(response.headers.get('inference-header-content-length'));
    expect(JSON.parse(body.toString('utf8', 0, json)).outputs[0]).toMatchObject({ name: 'prediction', shape: [1] });
    expect(body.readDoubleLE(json)).toBe(12);
  });

  it.each(['gzip', 'deflate'] as const)('may send %s', async (encoding) => {
    const { gzipSync, deflateSync } = await import('node:zlib');
    const text = '{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[4]}]}';
    const body = encoding === 'gzip' ? gzipSync(text) : deflateSync(text);
    const answer = await post(`${running.baseUrl}/v2/models/scaler/infer`, body, { 'content-encoding': encoding });
    expect(JSON.parse(answer.text).outputs[0].data).toEqual([8]);
  });

  it('may use one connection for many calls', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (const path of ['/v2', '/v2/nope', '/v2/models/nope', '/v2/health/ready']) {
      await new Promise<void>((resolve, reject) => {
        get({ agent, host: '127.0.0.1', port: running.server.httpPort, path }, (response) => {
          ports.add(response.socket.localPort);
          response.resume().on('end', resolve);
        }).on('error', reject);
      });
    }
    agent.destroy();
    expect(ports.size).toBe(1);
  });

  it('gets 404 for other routes and 405 with Allow for other methods', async () => {
    expect((await getJson('/v2/nope')).status).toBe(404);
    const answer = await post(`${running.baseUrl}/v2/health/live`, '{}');
    expect(answer).toMatchObject({ status: 405, text: '{"error":"This route takes GET, HEAD"}' });
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });
});
