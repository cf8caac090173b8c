import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { InferCall } from '../../../src/protocol/client.js';
import type { Datatype } from '../../../src/protocol/datatype.js';
import type { Parameters, Tensor } from '../../../src/protocol/tensor.js';
import { config, post, serve, type TestServer } from './serve.js';

const maxMessageBytes = config.limits.maxReceiveMessageBytes;

let running: TestServer;
beforeAll(async () => {
  running = await serve();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const tensor = (name: string, more: Partial<Tensor> = {}): Tensor => ({
  name,
  datatype: 'FP64',
  shape: [1],
  data: Float64Array.of(1),
  ...more,
});

/** Whatever came before, the next honest call is answered right on both transports. */
afterEach(async () => {
  for (const client of [running.grpc, running.rest]) {
    const { outputs } = await client.infer({ modelName: 'scaler', inputs: [tensor('x')] });
    expect(outputs[0]?.data).toEqual(Float64Array.of(2));
  }
});

describe.each([
  ['gRPC typed', 'grpc', 'typed'],
  ['gRPC raw', 'grpc', 'raw'],
  ['REST JSON', 'rest', 'typed'],
  ['REST binary', 'rest', 'raw'],
] as const)('over %s', (_name, transport, form) => {
  const scaler = (more: Partial<Tensor>, parameters: Parameters = {}): InferCall => ({
    modelName: 'scaler',
    inputs: [tensor('x', more)],
    parameters,
  });
  const sum = (...inputs: Tensor[]): InferCall => ({ modelName: 'sum', inputs });
  const invalid = { grpc: 'INVALID_ARGUMENT', http: 400 };
  const notFound = { grpc: 'NOT_FOUND', http: 404 };
  const outOfRange = { grpc: 'OUT_OF_RANGE', http: 400 };

  it.each<[string, InferCall, { grpc: string; http: number }, string]>([
    ['an unknown model', { modelName: 'nope', inputs: [] }, notFound, 'Model "nope"'],
    ['an unknown version', { ...scaler({}), modelVersion: '3' }, notFound, 'no version "3"'],
    ["a datatype not the model's", scaler({ datatype: 'INT32', data: Int32Array.of(1) }), invalid, 'takes FP64'],
    ['more elements than the shape', scaler({ data: Float64Array.of(1, 2) }), invalid, 'input "x"'],
    ['fewer elements than the shape', scaler({ shape: [3] }), invalid, 'input "x"'],
    ['a negative dimension', scaler({ shape: [-1] }), invalid, 'dimension -1'],
    ['a product that overflows', scaler({ shape: [2 ** 4, 2 ** 60 + 2] }), invalid, 'more elements than can exist'],
    ['a product of 2^64', scaler({ shape: [2 ** 32, 2 ** 32] }), invalid, 'more elements than can exist'],
    ['a missing input', sum(tensor('input_a')), invalid, 'missing: "input_b"'],
    ['an extra input', sum(tensor('input_a'), tensor('input_b'), tensor('c')), invalid, '3 inputs, the model 2'],
    ['a duplicate input', sum(tensor('input_a'), tensor('input_a')), invalid, 'given twice'],
    [
      'shapes that do not meet',
      sum(
        tensor('a', { shape: [2], data: new Float64Array(2) }),
        tensor('b', { shape: [3], data: new Float64Array(3) }),
      ),
      invalid,
      'differ in shape',
    ],
    ['no inputs', sum(), invalid, '0 inputs, the model 2'],
    [
      'another name where the model is strict',
      { modelName: 'strict', inputs: [tensor('x')] },
      invalid,
      'input "x" is unknown',
    ],
    ['an unknown output', { ...scaler({}), outputs: [{ name: 'y' }] }, invalid, 'output "y" is unknown'],
    [
      'a duplicate output',
      { ...scaler({}), outputs: [{ name: 'scaled_result' }, { name: 'scaled_result' }] },
      invalid,
      'requested twice',
    ],
    ['a factor that is no number', scaler({}, { scale_factor: 'two' }), invalid, 'scale_factor'],
    ["a shape not the model's", { modelName: 'linear', inputs: [tensor('x')] }, invalid, 'takes [-1, 3]'],
    [
      'arithmetic on strings',
      { modelName: 'any_scaler', inputs: [tensor('x', { datatype: 'BYTES', data: [Buffer.from('a')] })] },
      invalid,
      'BYTES',
    ],
    [
      'a result beyond its datatype',
      { modelName: 'int8_scaler', inputs: [tensor('x', { datatype: 'INT8', data: Int8Array.of(100) })] },
      outOfRange,
      'element 0 would be 200',
    ],
    ['a lone surrogate in the name of a tensor', sum(tensor('\udfff'), tensor('\udfff')), invalid, 'given twice'],
    [
      'a lone surrogate in the name of the model',
      { modelName: '\ud800', inputs: [] },
      notFound,
      'is not on this server',
    ],
    ['a name of 10 kB', sum(tensor('n'.repeat(10_000)), tensor('n'.repeat(10_000))), invalid, 'given twice'],
  ])('%s is refused by the table', async (_case, call, expected, says) => {
    const status =
      transport === 'grpc' ? expected.grpc : expected.grpc === 'NOT_FOUND' ? 'NOT_FOUND' : 'INVALID_ARGUMENT';
    await expect(running[transport].infer({ ...call, form })).rejects.toEqual(
      expect.objectContaining({ status, httpStatus: expected.http, message: expect.stringContaining(says) }),
    );
  });

  it('a message over the limit is refused', async () => {
    const data = new Float64Array(maxMessageBytes / 8 + 1).fill(0.123456789);
    const call = { modelName: 'scaler', inputs: [tensor('x', { shape: [data.length], data })], form };
    await expect(running[transport].infer(call)).rejects.toEqual(
      expect.objectContaining({ status: 'RESOURCE_EXHAUSTED', httpStatus: 413 }),
    );
  });
});

describe('over gRPC alone', () => {
  const input = { name: 'x', datatype: 'FP64', shape: [1] };
  const contents = { fp64_contents: [1] };
  const raw = Buffer.alloc(8);

  it.each<[string, object, string]>([
    ['an unknown datatype', { inputs: [{ ...input, datatype: 'FP8' }] }, 'unknown datatype "FP8"'],
    ['an empty datatype', { inputs: [{ ...input, datatype: '' }] }, 'unknown datatype ""'],
    ['contents and raw together', { inputs: [{ ...input, contents }], raw_input_contents: [raw] }, 'send one of them'],
    ['more raw entries than inputs', { inputs: [input], raw_input_contents: [raw, raw] }, 'has 2 entries for 1 inputs'],
    ['raw entries without inputs', { inputs: [], raw_input_contents: [raw] }, 'has 1 entries for 0 inputs'],
    ['a raw entry of the wrong length', { inputs: [input], raw_input_contents: [Buffer.alloc(7)] }, '8 raw bytes'],
    [
      'BYTES whose lengths do not add up',
      { inputs: [{ ...input, datatype: 'BYTES' }], raw_input_contents: [Buffer.from([9, 0, 0, 0, 1])] },
      'past the end',
    ],
    ['neither contents nor raw', { inputs: [input] }, 'the data has 0'],
    [
      'contents in the field of another datatype',
      { inputs: [{ ...input, contents: { fp32_contents: [1] } }] },
      'fp32_contents has elements',
    ],
    [
      'contents in two fields',
      { inputs: [{ ...input, contents: { ...contents, int_contents: [1] } }] },
      'int_contents has elements',
    ],
    ['FP16 in typed contents', { inputs: [{ ...input, datatype: 'FP16', contents }] }, 'raw contents'],
    [
      '300 in INT8',
      { inputs: [{ ...input, datatype: 'INT8', contents: { int_contents: [300] } }] },
      'INT8 holds -128 to 127',
    ],
    [
      '70000 in UINT16',
      { inputs: [{ ...input, datatype: 'UINT16', contents: { uint_contents: [70_000] } }] },
      'UINT16 holds 0 to 65535',
    ],
    [
      'a raw BOOL of 2',
      { inputs: [{ ...input, datatype: 'BOOL' }], raw_input_contents: [Buffer.from([2])] },
      'a byte 0 or 1',
    ],
  ])('%s is INVALID_ARGUMENT', async (_case, message, says) => {
    await expect(running.wire.call('ModelInfer', { model_name: 'identity', ...message })).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining(says),
    });
  });
});

describe('over REST alone', () => {
  const tensorText = (more: object) =>
    JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP64', shape: [1], data: [1], ...more }] });
  const bare = { 'inference-header-content-length': '0' };

  it.each<[string, string | Uint8Array, Record<string, string>, number, string]>([
    ['no body', '', {}, 400, 'not valid JSON'],
    ['malformed JSON', '{"inputs":[', {}, 400, 'not valid JSON'],
    ['NaN', tensorText({}).replace('[1],"data":[1]', '[1],"data":[NaN]'), {}, 400, 'binary'],
    ['a depth bomb', '['.repeat(1_000_000), {}, 400, 'deeper than 100'],
    ['an unknown datatype', tensorText({ datatype: 'FP8' }), {}, 400, 'unknown datatype'],
    ['1e400', tensorText({}).replace('"data":[1]', '"data":[1e400]'), {}, 400, 'finite'],
    ['FP16 in JSON', tensorText({ datatype: 'FP16' }), {}, 400, 'binary'],
    ['300 in INT8', tensorText({ datatype: 'INT8', data: [300] }), {}, 400, 'INT8 holds'],
    [
      'a binary size without data',
      tensorText({ data: undefined, parameters: { binary_data_size: 8 } }),
      {},
      400,
      'binary_data_size is 8',
    ],
    [
      'binary data without a size',
      `${tensorText({})}12345678`,
      { 'inference-header-content-length': String(tensorText({}).length) },
      400,
      'belong to no input',
    ],
    [
      'a header length beyond the body',
      tensorText({}),
      { 'inference-header-content-length': '9999' },
      400,
      'Inference-Header-Content-Length',
    ],
    ['a bare body for any datatype', Buffer.alloc(8), bare, 400, 'one input'],
    ['an unknown content encoding', tensorText({}), { 'content-encoding': 'br' }, 415, 'content encoding "br"'],
    ['an encoding called constructor', tensorText({}), { 'content-encoding': 'constructor' }, 415, 'constructor'],
    ['bytes that are not gzip', tensorText({}), { 'content-encoding': 'gzip' }, 415, 'not valid gzip'],
    [
      'a compression bomb',
      gzipSync(Buffer.alloc(maxMessageBytes + 1)),
      { 'content-encoding': 'gzip' },
      413,
      'larger than the limit',
    ],
  ])('%s is refused', async (_case, body, headers, status, says) => {
    const answer = await post(`${running.baseUrl}/v2/models/identity/infer`, body, headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({ error: expect.stringContaining(says) });
  });

  it('an output that JSON cannot carry is refused with the way out', async () => {
    const body = tensorText({ data: [1e308] });
    const answer = await post(`${running.baseUrl}/v2/models/scaler/infer`, body);
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('ask for binary data') });
  });

  it('a content type is not asked about where the body parses', async () => {
    const headers = { 'content-type': 'text/plain' };
    const answer = await post(
      `${running.baseUrl}/v2/models/scaler/infer`,
      tensorText({ name: 'é' as Datatype }),
      headers,
    );
    expect(answer.status).toBe(200);
  });

  it('a body without length that goes on past the limit is refused', async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
    });
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const status = await fetch(`${running.baseUrl}/v2/models/scaler/infer`, init).then(
      (response) => response.status,
      () => 'cut',
    );
    expect([413, 'cut']).toContain(status);
  });
});
