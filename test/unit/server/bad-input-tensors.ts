/** Rows of the bad input table about the tensors of a request: names, shapes, datatypes. */
import type { InferCall } from '../../../src/protocol/client.js';
import type { Tensor } from '../../../src/protocol/tensor.js';
import { binary, called, grpc, http, json, tensor } from './bad-input-attempts.js';
import { type BadInputRow, bytes, contents, input, scaler, x } from './bad-input-row.js';

const sum = (...inputs: Tensor[]): InferCall => ({ modelName: 'sum', inputs });
const vector = (length: number): Partial<Tensor> => ({ shape: [length], data: new Float64Array(length) });

export const tensorRows: BadInputRow[] = [
  {
    case: 'unknown model or version',
    grpc: 'NOT_FOUND',
    http: '404',
    inputs: [
      input('an unknown model', 'Model "nope"', called({ modelName: 'nope', inputs: [] })),
      input('an unknown version', 'no version "3"', called({ ...scaler({}), modelVersion: '3' })),
      input('a path for a model', 'is not on this server', called({ modelName: '../scaler', inputs: [] })),
      input('a lone surrogate', 'is not on this server', called({ modelName: '\ud800', inputs: [] })),
      input('a name of 10 kB', 'nnn…', called({ modelName: 'n'.repeat(10_000), inputs: [] })),
    ],
  },
  {
    case: 'model not ready',
    grpc: 'UNAVAILABLE',
    http: '503',
    inputs: [
      input('an unloaded model', 'UNAVAILABLE (unloaded)', called({ modelName: 'unloaded', inputs: [] })),
      input('a model that failed to load', 'failed to load', called({ modelName: 'failed', inputs: [] })),
    ],
  },
  {
    case: "datatype unknown, or not the model's",
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    inputs: [
      input('INT32 for FP64', 'takes FP64', called(scaler({ datatype: 'INT32', data: Int32Array.of(1) }))),
      ...['FP8', '', 'fp64'].map((datatype) =>
        input(`the datatype ${JSON.stringify(datatype)}`, `unknown datatype "${datatype}"`, {
          'gRPC typed': grpc({ inputs: [{ ...x, datatype, contents }] }),
          'gRPC raw': grpc({ inputs: [{ ...x, datatype }], raw_input_contents: [bytes] }),
          'REST JSON': http(json({ datatype })),
          'REST binary': binary(bytes, { datatype }),
        }),
      ),
      input(
        'arithmetic on strings',
        'BYTES',
        called({ modelName: 'any_scaler', inputs: [tensor('x', { datatype: 'BYTES', data: [Buffer.from('a')] })] }),
      ),
    ],
  },
  {
    case: 'data that do not fill their shape',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    inputs: [
      input('more elements than the shape', 'input "x"', called(scaler({ data: Float64Array.of(1, 2) }))),
      input('fewer elements than the shape', 'input "x"', called(scaler({ shape: [3] }))),
      input('no data', 'input "x"', {
        'gRPC typed': grpc({ inputs: [x] }),
        'gRPC raw': grpc({ inputs: [x], raw_input_contents: [Buffer.alloc(0)] }),
        'REST JSON': http(json({ data: undefined })),
        'REST binary': binary(Buffer.alloc(0)),
      }),
      input('part of an element', '8 raw bytes', {
        'gRPC raw': grpc({ inputs: [x], raw_input_contents: [Buffer.alloc(7)] }),
        'REST binary': binary(Buffer.alloc(7)),
      }),
      input('BYTES whose lengths do not add up', 'past the end', {
        'gRPC raw': grpc({
          inputs: [{ ...x, datatype: 'BYTES' }],
          raw_input_contents: [Buffer.from([9, 0, 0, 0, 1])],
        }),
        'REST binary': binary(Buffer.from([9, 0, 0, 0, 1]), { datatype: 'BYTES' }),
      }),
      input('ragged data of the right number', 'ragged', {
        'REST JSON': http(json({ shape: [4], data: [[1, 2, 3], [4]] })),
      }),
    ],
  },
  {
    case: 'negative dimension, or a product of dimensions beyond 2^53',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    inputs: [
      input('a dimension of -1', 'dimension -1', called(scaler({ shape: [-1] }))),
      input('[2^4, 2^60 + 2]', 'more elements than can exist', called(scaler({ shape: [2 ** 4, 2 ** 60 + 2] }))),
      input('a product of 2^64', 'more elements than can exist', called(scaler({ shape: [2 ** 32, 2 ** 32] }))),
      input('a dimension of 1.5', 'dimension 1.5', {
        'REST JSON': http(json({ shape: [1.5] })),
        'REST binary': binary(bytes, { shape: [1.5] }),
      }),
    ],
  },
  {
    case: 'a dimension of 0: an empty tensor',
    grpc: 'accepted',
    http: 'accepted',
    inputs: [
      input('[0]', '', called(scaler({ shape: [0], data: new Float64Array(0) }))),
      input(
        '[3, 0]',
        '',
        called({ modelName: 'identity', inputs: [tensor('x', { shape: [3, 0], data: new Float64Array(0) })] }),
      ),
    ],
  },
  {
    case: "shape not the model's, or shapes that do not meet",
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    inputs: [
      input('a vector for a matrix', 'takes [-1, 3]', called({ modelName: 'linear', inputs: [tensor('x')] })),
      input('2 and 3 elements', 'differ in shape', called(sum(tensor('a', vector(2)), tensor('b', vector(3))))),
    ],
  },
  {
    case: 'input missing, surplus or given twice; unknown name where the model is strict',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    inputs: [
      input('a missing input', 'missing: "input_b"', called(sum(tensor('input_a')))),
      input('an extra input', '3 inputs, the model 2', called(sum(tensor('input_a'), tensor('input_b'), tensor('c')))),
      input('a duplicate input', 'given twice', called(sum(tensor('input_a'), tensor('input_a')))),
      input('no inputs', '0 inputs, the model 2', called(sum())),
      input('another name', 'input "x" is unknown', called({ modelName: 'strict', inputs: [tensor('x')] })),
      input('a lone surrogate twice', 'given twice', called(sum(tensor('\udfff'), tensor('\udfff')))),
      input('10 kB twice', 'given twice', called(sum(tensor('n'.repeat(10_000)), tensor('n'.repeat(10_000))))),
    ],
  },
  {
    case: 'requested output unknown, or asked for twice',
    grpc: 'INVALID_ARGUMENT',
    http: '400',
    inputs: [
      input('an unknown output', 'output "y" is unknown', called({ ...scaler({}), outputs: [{ name: 'y' }] })),
      input(
        'a duplicate output',
        'requested twice',
        called({ ...scaler({}), outputs: [{ name: 'scaled_result' }, { name: 'scaled_result' }] }),
      ),
    ],
  },
];
