import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Datatype, datatypes } from '../../../src/protocol/datatype.js';
import {
  decodeRestRequest,
  decodeRestResponse,
  encodeRestRequest,
  encodeRestResponse,
  parseHeaderLength,
} from '../../../src/protocol/rest-messages.js';
import type { InferRequest, Tensor } from '../../../src/protocol/tensor.js';
import { bits, parameters, tensors } from './arbitraries.js';

const requestOf = (inputs: Tensor[], more: Partial<InferRequest> = {}): InferRequest => ({
  modelName: 'm',
  modelVersion: '',
  id: '',
  parameters: {},
  inputs,
  outputs: [],
  form: 'typed',
  ...more,
});
const roundTrip = (request: InferRequest) => decodeRestRequest(encodeRestRequest(request), 'm', '');
const decodeText = (text: string) => decodeRestRequest({ body: Buffer.from(text), headerLength: undefined }, 'm', '');
const decodeTensor = (tensor: object) =>
  decodeText(JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP64', shape: [1], ...tensor }] }));
const refusal = (text: string) =>
  expect.objectContaining({ status: 'INVALID_ARGUMENT', message: expect.stringContaining(text) });

const finiteOnly = ({ data }: Tensor) => !(data as Float64Array).some((value) => !Number.isFinite(value));

describe('requests in JSON', () => {
  it.each(datatypes.filter((datatype) => !['FP16', 'BF16', 'FP32', 'FP64'].includes(datatype)))(
    'bring %s back exactly',
    (datatype) => {
      fc.assert(
        fc.property(tensors([datatype]), (tensor) => {
          expect(roundTrip(requestOf([tensor])).inputs.map(bits)).toEqual([bits(tensor)]);
        }),
      );
    },
  );

  it.each(['FP32', 'FP64'] as const)('bring finite %s back bit by bit, negative zero too', (datatype) => {
    fc.assert(
      fc.property(tensors([datatype]).filter(finiteOnly), (tensor) => {
        expect(roundTrip(requestOf([tensor])).inputs.map(bits)).toEqual([bits(tensor)]);
      }),
    );
  });

  it('may nest their data', () => {
    const { inputs } = decodeTensor({
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    });
    expect(inputs[0]).toMatchObject({ shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) });
  });

  it.each<[string, number[], string]>([
    ['flat', [2, 2], '[1,2,3,4]'],
    ['nested as the shape', [2, 2], '[[1,2],[3,4]]'],
    ['nested otherwise', [4], '[[1,2],[3,4]]'],
    ['nested deeper', [4], '[[[1],[2]],[[3],[4]]]'],
    ['flat, for a scalar of one dimension more', [4, 1], '[1,2,3,4]'],
  ])('take data that is %s for the shape %j', (_case, shape, data) => {
    const { inputs } = decodeTensor({ shape, data: JSON.parse(data) });
    expect(inputs[0]).toMatchObject({ shape, data: Float64Array.of(1, 2, 3, 4) });
  });

  it.each<[number[], string]>([
    [[0], '[]'],
    [[2, 0], '[[],[]]'],
    [[0, 2], '[]'],
  ])('take the empty tensor of shape %j', (shape, data) => {
    expect(decodeTensor({ shape, data: JSON.parse(data) }).inputs[0]).toMatchObject({
      shape,
      data: new Float64Array(),
    });
  });

  it.each(['[[1,2,3],[4]]', '[[1,2],3,4]', '[1,2,[3,4]]', '[[1,2],[3,[4]]]', '[[],[1,2,3,4]]', '[[[1,2]],[[3],[4]]]'])(
    'refuse the ragged data %s though its number of elements is right',
    (data) => {
      expect(() => decodeTensor({ shape: [4], data: JSON.parse(data) })).toThrow(refusal('input "x"'));
    },
  );

  it('take data as deep as JSON may be without running out of stack', () => {
    const deep = `${'['.repeat(90)}1${']'.repeat(90)}`;
    expect(
      decodeText(`{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":${deep}}]}`).inputs[0]?.data,
    ).toEqual(Float64Array.of(1));
  });

  it.each<[Datatype, string, unknown]>([
    ['INT64', '9007199254740993', BigInt64Array.of(9007199254740993n)],
    ['INT64', '-9223372036854775808', BigInt64Array.of(-(2n ** 63n))],
    ['UINT64', '18446744073709551615', BigUint64Array.of(2n ** 64n - 1n)],
    ['INT64', '1.0', BigInt64Array.of(1n)],
    ['INT64', '1e3', BigInt64Array.of(1000n)],
    ['FP64', '9007199254740993', Float64Array.of(9007199254740992)],
    ['FP64', '-0', Float64Array.of(-0)],
    ['FP64', '-0.0', Float64Array.of(-0)],
    ['FP64', '5e-324', Float64Array.of(5e-324)],
    ['FP32', '0.1', Float32Array.of(0.1)],
    ['FP32', '1e-60', Float32Array.of(0)],
  ])('read %s %s exactly, flat and nested', (datatype, digits, expected) => {
    for (const data of [`[${digits}]`, `[[${digits}]]`]) {
      const text = `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[1],"data":${data}}]}`;
      const [input] = decodeText(text).inputs;
      expect(input && bits(input)).toEqual(bits({ ...(input as Tensor), data: expected as Tensor['data'] }));
    }
  });

  it.each(['9223372036854775808', '-9223372036854775809'])('refuse %s in INT64, and show all its digits', (digits) => {
    const text = `{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[${digits}]}]}`;
    expect(() => decodeText(text)).toThrow(refusal(`element 0 is ${digits}`));
  });

  it('refuse an integer beyond 2^53 that is not written in digits alone', () => {
    const text = '{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[9007199254740993.0]}]}';
    expect(() => decodeText(text)).toThrow(refusal('digits alone'));
  });

  it('read parameters beyond 2^53 exactly, of the request and of a tensor', () => {
    const text =
      '{"parameters":{"a":9007199254740993},"inputs":[{"name":"x","datatype":"BOOL","shape":[1],"data":[true],"parameters":{"b":-9007199254740995}}]}';
    const request = decodeText(text);
    expect(request.parameters).toEqual({ a: 9007199254740993n });
    expect(request.inputs[0]?.parameters).toEqual({ b: -9007199254740995n });
  });

  it('take the last of two members of one name, long integers or not', () => {
    for (const n of ['1', '9007199254740993']) {
      const text = `{"id":"a","id":"b","inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[${n}]}]}`;
      expect(decodeText(text).id).toBe('b');
    }
  });

  it('refuse bytes that are no UTF-8 instead of changing them', () => {
    const body = Buffer.from('{"id":"\xff","inputs":[]}', 'latin1');
    expect(() => decodeRestRequest({ body, headerLength: undefined }, 'm', '')).toThrow(refusal('not UTF-8'));
  });

  it('nest as deep as maxJsonDepth, and no deeper', () => {
    const limits = { maxTensors: 1, maxTensorElements: 1, maxBytesElements: 1, maxJsonDepth: 5 };
    const body = (data: string) =>
      Buffer.from(`{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":${data}}]}`);
    const decode = (data: string) => decodeRestRequest({ body: body(data), headerLength: undefined }, 'm', '', limits);
    expect(decode('[[1]]').inputs[0]?.data).toEqual(Float64Array.of(1));
    expect(() => decode('[[[1]]]')).toThrow(refusal('maxJsonDepth'));
  });

  it('carry id, parameters and requested outputs', () => {
    const text =
      '{"id":"7","parameters":{"a":1,"nested":{},"none":null},"inputs":[],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}';
    expect(decodeText(text)).toMatchObject({
      id: '7',
      parameters: { a: 1 },
      outputs: [{ name: 'y', parameters: { binary_data: true } }],
      form: 'typed',
    });
  });

  it('take BYTES as UTF-8, or as base64 where content_type says so', () => {
    const utf8 = decodeTensor({ datatype: 'BYTES', data: ['é'] });
    const base64 = decodeTensor({ datatype: 'BYTES', data: ['/wA='], parameters: { content_type: 'base64' } });
    expect(utf8.inputs.map(bits)).toEqual([[Buffer.from('é')]]);
    expect(base64.inputs.map(bits)).toEqual([[Buffer.from([0xff, 0])]]);
  });

  it.each<[string, object, string]>([
    ['a string in FP64', { data: ['1'] }, 'element 0 of FP64 must be a number'],
    ['null in FP64', { data: [null] }, 'got null'],
    ['1e400', { data: [1], shape: [1], datatype: 'FP64', raw: '1e400' }, 'binary'],
    ['a fraction in INT32', { datatype: 'INT32', data: [1.5] }, 'must be an integer'],
    ['300 in INT8', { datatype: 'INT8', data: [300] }, 'INT8 holds -128 to 127'],
    ['-1 in UINT64', { datatype: 'UINT64', data: [-1] }, 'UINT64 holds 0 to'],
    ['1 in BOOL', { datatype: 'BOOL', data: [1] }, 'true or false'],
    ['a number in BYTES', { datatype: 'BYTES', data: [1] }, 'must be a string'],
    ['base64 of five digits', { datatype: 'BYTES', data: ['AAAAA'], parameters: { content_type: 'base64' } }, 'base64'],
    ['no base64', { datatype: 'BYTES', data: ['*'], parameters: { content_type: 'base64' } }, 'must be base64'],
    ['a lone surrogate', { datatype: 'BYTES', data: ['\ud800'] }, 'well-formed'],
    ['FP16', { datatype: 'FP16', data: [1] }, 'binary'],
    ['BF16', { datatype: 'BF16', data: [1] }, 'binary'],
    ['an unknown datatype', { datatype: 'FP8', data: [1] }, 'unknown datatype "FP8"'],
    ['no data', {}, 'data must be an array'],
    ['too few elements', { shape: [2], data: [1] }, 'needs 2 elements'],
    ['data and binary_data_size', { data: [1], parameters: { binary_data_size: 8 } }, 'send one of them'],
    ['binary_data_size without bytes', { parameters: { binary_data_size: 8 } }, '0 bytes of binary data are left'],
    ['a shape of strings', { shape: ['1'], data: [1] }, 'inputs[0].shape[0]'],
  ])('refuse %s and say so', (_case, tensor, says) => {
    const text = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP64', shape: [1], ...tensor }] });
    const body = 'raw' in tensor ? text.replace('"data":[1]', `"data":[${String(tensor.raw)}]`) : text;
    expect(() => decodeText(body)).toThrow(refusal(says));
  });

  it.each<[string, string]>([
    ['[]', 'body: expected an object, got an array'],
    ['null', 'body: expected an object, got null'],
    ['{"inputs":[null]}', 'inputs[0]: expected an object'],
    ['{"inputs":[],"outputs":[{}]}', 'outputs[0].name: expected a string, it is missing'],
    ['{"inputs":[],"parameters":[]}', 'parameters: expected an object'],
    ['{}', 'inputs:'],
    ['{"inputs":{}}', 'inputs:'],
    ['{"inputs":[{"datatype":"FP64","shape":[1],"data":[1]}]}', 'inputs[0].name'],
    ['{"inputs":[],"id":7}', 'id:'],
  ])('refuse the body %s and name the field', (text, says) => {
    expect(() => decodeText(text)).toThrow(refusal(says));
  });
});

describe('requests with binary tensor data', () => {
  it('bring every datatype back bit by bit', () => {
    fc.assert(
      fc.property(fc.array(tensors(), { minLength: 1, maxLength: 3 }), parameters, (inputs, given) => {
        const decoded = roundTrip(requestOf(inputs, { form: 'raw', parameters: given }));
        expect(decoded.inputs.map(bits)).toEqual(inputs.map(bits));
        expect(decoded.form).toBe('raw');
        expect(decoded.parameters).toEqual({ binary_data_output: true, ...given });
      }),
    );
  });

  it('are refused where bytes are left over', () => {
    const tensor: Tensor = { name: 'x', datatype: 'UINT8', shape: [1], data: Uint8Array.of(1) };
    const { body, headerLength } = encodeRestRequest(requestOf([tensor], { form: 'raw' }));
    expect(() => decodeRestRequest({ body: Buffer.concat([body, Buffer.alloc(3)]), headerLength }, 'm', '')).toThrow(
      refusal('3 bytes that belong to no input'),
    );
  });

  it.each(['x', '-1', '1.5', '', '11', '99999999999999999999'])(
    'refuse the header length %j for ten bytes',
    (header) => {
      expect(() => parseHeaderLength(header, 10)).toThrow(refusal('Inference-Header-Content-Length'));
    },
  );
});

describe('responses', () => {
  const tensor = (name: string, datatype: Datatype, data: Tensor['data']): Tensor => ({
    name,
    datatype,
    shape: [data.length],
    data,
  });
  const responseOf = (outputs: Tensor[]) => ({
    modelName: 'm',
    modelVersion: '1',
    id: '',
    parameters: {},
    outputs,
    form: 'typed' as const,
  });

  it('send in binary the outputs that ask for it, and the others in JSON', () => {
    const response = responseOf([tensor('a', 'FP64', Float64Array.of(1.5)), tensor('b', 'INT8', Int8Array.of(-1))]);
    const encoded = encodeRestResponse(response, {
      parameters: { binary_data_output: true },
      outputs: [{ name: 'a' }, { name: 'b', parameters: { binary_data: false } }],
    });
    const json = JSON.parse(encoded.body.toString('utf8', 0, encoded.headerLength));
    expect(json.outputs).toEqual([
      { name: 'a', datatype: 'FP64', shape: [1], parameters: { binary_data_size: 8 } },
      { name: 'b', datatype: 'INT8', shape: [1], data: [-1] },
    ]);
    expect(decodeRestResponse(encoded).outputs.map(({ data }) => data)).toEqual([
      Float64Array.of(1.5),
      Int8Array.of(-1),
    ]);
  });

  it('write BYTES that are no UTF-8 as base64, and say so', () => {
    const encoded = encodeRestResponse(responseOf([tensor('s', 'BYTES', [Buffer.from([0xff])])]), {
      parameters: {},
      outputs: [],
    });
    expect(JSON.parse(String(encoded.body)).outputs[0]).toMatchObject({
      parameters: { content_type: 'base64' },
      data: ['/w=='],
    });
    expect(decodeRestResponse(encoded).outputs.map(bits)).toEqual([[Buffer.from([0xff])]]);
  });

  it.each<[string, Tensor]>([
    ['NaN', tensor('y', 'FP64', Float64Array.of(1, Number.NaN))],
    ['an infinity', tensor('y', 'FP32', Float32Array.of(Number.POSITIVE_INFINITY))],
    ['FP16', tensor('y', 'FP16', Uint16Array.of(1))],
  ])('refuse %s in JSON and name the binary form', (_case, output) => {
    expect(() => encodeRestResponse(responseOf([output]), { parameters: {}, outputs: [] })).toThrow(
      expect.objectContaining({ status: 'OUT_OF_RANGE', message: expect.stringContaining('binary') }),
    );
  });
});
