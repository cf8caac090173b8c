import { Agent, get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWireClient, models, post, serve, type TestServer } from './serve.js';

let running: TestServer;
beforeAll(async () => {
  running = await serve();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
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

const extensions = ['binary_tensor_data', 'model_repository', 'model_configuration', 'statistics'];

describe('an independent REST client', () => {
  const getJson = async (path: string) => {
    const response = await fetch(running.baseUrl + path);
    return { status: response.status, body: await response.json() };
  };

  it.each([
    ['/v2', { name: 'kserve-env', version: '9.9.9', extensions }],
    ['/v2/', { name: 'kserve-env', version: '9.9.9', extensions }],
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
