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
    ['[]', 'expected object'],
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
