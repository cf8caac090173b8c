import { describe, expect, it } from 'vitest';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import type { Model } from '../../../src/models/model.js';
import type { Datatype } from '../../../src/protocol/datatype.js';
import type { Parameters, Tensor } from '../../../src/protocol/tensor.js';

const tensor = (datatype: Datatype, data: Tensor['data'], shape = [data.length], name = 'x'): Tensor => ({
  name,
  datatype,
  shape,
  data,
});
const modelOf = (declared: object) =>
  createModel(modelConfigSchema.parse({ name: 'm', ...declared }), { version: '1' }) as Model;
const predict = (declared: object, inputs: Tensor[], parameters: Parameters = {}) => {
  const model = modelOf(declared);
  model.validate?.(inputs, parameters);
  return model.predict(inputs, parameters) as Tensor[];
};
const outOfRange = (text: string) =>
  expect.objectContaining({ status: 'OUT_OF_RANGE', message: expect.stringContaining(text) });
const invalid = (text: string) =>
  expect.objectContaining({ status: 'INVALID_ARGUMENT', message: expect.stringContaining(text) });

describe('scale', () => {
  const scale = { kind: 'scale', datatype: 'any' };
  const fp64 = () => tensor('FP64', Float64Array.of(1, -2.5));

  it('doubles unless told otherwise, and keeps the shape', () => {
    expect(predict(scale, [tensor('FP64', Float64Array.of(1, 2), [2, 1])])).toEqual([
      { name: 'scaled_result', datatype: 'FP64', shape: [2, 1], data: Float64Array.of(2, 4) },
    ]);
  });

  it.each<[string, Parameters, number[]]>([
    ['its configuration', {}, [3, -7.5]],
    ['a double', { scale_factor: 0.5 }, [0.5, -1.25]],
    ['an int64', { scale_factor: 4n }, [4, -10]],
    ['true', { scale_factor: true }, [1, -2.5]],
    ['false', { scale_factor: false }, [0, -0]],
    ['a string with an integer', { scale_factor: ' 2 ' }, [2, -5]],
    ['a string with a number', { scale_factor: '1.5e1' }, [15, -37.5]],
  ])('takes its factor from %s', (_from, parameters, expected) => {
    expect(predict({ ...scale, factor: 3 }, [fp64()], parameters)[0]?.data).toEqual(Float64Array.from(expected));
  });

  it.each(['', 'two', 'NaN', '0x10', '1e999', Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses the factor %j',
    (scale_factor) => {
      expect(() => predict(scale, [fp64()], { scale_factor })).toThrow(invalid('scale_factor'));
    },
  );

  it.each([
    ['FP16', 0x3e00, 0x4200],
    ['BF16', 0x3fc0, 0x4040],
  ] as const)('doubles the 1.5 of %s to 3', (datatype, bits, doubled) => {
    expect(predict(scale, [tensor(datatype, Uint16Array.of(bits))])[0]?.data).toEqual(Uint16Array.of(doubled));
  });

  it('names input and output as configured', () => {
    const model = modelOf({ kind: 'scale', input: 'in', result: 'out' });
    expect(model.inputs).toEqual([{ name: 'in', datatype: 'FP64', shape: [-1] }]);
    expect(model.outputs).toEqual([{ name: 'out', datatype: 'FP64', shape: [-1] }]);
  });

  it('says ANY in its metadata where it takes the datatype of the request', () => {
    expect(modelOf(scale).inputs[0]?.datatype).toBe('ANY');
  });

  it('is exact on 64-bit integers', () => {
    const [result] = predict(scale, [tensor('INT64', BigInt64Array.of(4611686018427387903n, -3n))], {
      scale_factor: -2n,
    });
    expect(result?.data).toEqual(BigInt64Array.of(-9223372036854775806n, 6n));
    const [unsigned] = predict(scale, [tensor('UINT64', BigUint64Array.of(9223372036854775807n))]);
    expect(unsigned?.data).toEqual(BigUint64Array.of(18446744073709551614n));
  });

  it('halves integers that are even, of 64 bits too', () => {
    const half = { scale_factor: 0.5 };
    expect(predict(scale, [tensor('INT16', Int16Array.of(-4))], half)[0]?.data).toEqual(Int16Array.of(-2));
    expect(predict(scale, [tensor('INT64', BigInt64Array.of(10n))], half)[0]?.data).toEqual(BigInt64Array.of(5n));
  });

  it.each<[string, Tensor, number | bigint, string]>([
    ['128 in INT8', tensor('INT8', Int8Array.of(1, 64)), 2n, 'element 1 would be 128'],
    ['a negative UINT8', tensor('UINT8', Uint8Array.of(1)), -1n, 'element 0 would be -1'],
    ['2^63 in INT64', tensor('INT64', BigInt64Array.of(2n ** 62n)), 2n, 'element 0 would be 9223372036854775808'],
    ['one and a half in INT32', tensor('INT32', Int32Array.of(2, 3)), 0.5, 'element 1 would be 1.5'],
    ['one and a half in INT64', tensor('INT64', BigInt64Array.of(3n)), 0.5, 'element 0 would be 1.5'],
    ['a guess beyond 2^53', tensor('INT64', BigInt64Array.of(2n ** 53n + 2n)), 0.5, 'element 0'],
  ])('refuses %s and names the element', (_what, input, scale_factor, text) => {
    expect(() => predict(scale, [input], { scale_factor })).toThrow(outOfRange(text));
  });

  it.each<[Datatype, Tensor['data']]>([
    ['BOOL', Uint8Array.of(1)],
    ['BYTES', [Buffer.from('a')]],
  ])('refuses %s', (datatype, data) => {
    expect(() => predict(scale, [tensor(datatype, data)])).toThrow(invalid(`no arithmetic on ${datatype}`));
  });
});

describe('sum and product', () => {
  const sum = { kind: 'sum', datatype: 'any' };
  const product = { kind: 'product', datatype: 'any' };

  it('meet element by element', () => {
    const pair = () => [tensor('FP64', Float64Array.of(1, 2)), tensor('FP64', Float64Array.of(10, 20))];
    expect(predict(sum, pair())).toEqual([
      { name: 'sum_result', datatype: 'FP64', shape: [2], data: Float64Array.of(11, 22) },
    ]);
    expect(predict(product, pair())).toEqual([
      { name: 'product_result', datatype: 'FP64', shape: [2], data: Float64Array.of(10, 40) },
    ]);
  });

  it('spread a single element over the other input, whichever it is', () => {
    const one = tensor('INT32', Int32Array.of(5), [1]);
    const many = tensor('INT32', Int32Array.of(1, 2, 3, 4), [2, 2]);
    const expected = { shape: [2, 2], data: Int32Array.of(6, 7, 8, 9) };
    expect(predict(sum, [one, many])[0]).toMatchObject(expected);
    expect(predict(sum, [many, one])[0]).toMatchObject(expected);
  });

  it('spread over nothing where the other input is empty', () => {
    const [result] = predict(sum, [tensor('FP32', Float32Array.of(1)), tensor('FP32', new Float32Array(), [0])]);
    expect(result).toMatchObject({ shape: [0], data: new Float32Array() });
  });

  it('refuse other shapes, even of as many elements, and other datatypes', () => {
    const a = tensor('INT32', Int32Array.of(1, 2), [2], 'a');
    expect(() => predict(sum, [a, tensor('INT32', Int32Array.of(1, 2), [2, 1], 'b')])).toThrow(
      invalid('inputs "a" and "b" differ in shape: [2] and [2, 1]'),
    );
    expect(() => predict(sum, [a, tensor('INT16', Int16Array.of(1, 2), [2], 'b')])).toThrow(
      invalid('inputs "a" and "b" differ in datatype: INT32 and INT16'),
    );
  });

  it('are exact on 64-bit integers and refuse what does not fit', () => {
    const big = tensor('UINT64', BigUint64Array.of(2n ** 63n));
    expect(predict(sum, [big, tensor('UINT64', BigUint64Array.of(1n))])[0]?.data).toEqual(
      BigUint64Array.of(2n ** 63n + 1n),
    );
    expect(() => predict(sum, [big, big])).toThrow(outOfRange('element 0 would be 18446744073709551616'));
    const ints = tensor('INT32', Int32Array.of(65536));
    expect(() => predict(product, [ints, ints])).toThrow(outOfRange('element 0 would be 4294967296'));
  });

  it('follow IEEE 754 where floating point overflows', () => {
    const huge = tensor('FP64', Float64Array.of(1e308));
    expect(predict(sum, [huge, huge])[0]?.data).toEqual(Float64Array.of(Number.POSITIVE_INFINITY));
  });
});

describe('linear', () => {
  const linear = { kind: 'linear', weights: [2, -1], bias: 10 };

  it('weighs each row and adds the bias', () => {
    expect(predict(linear, [tensor('FP64', Float64Array.of(1, 2, 3, 4, 0, 0), [3, 2])])).toEqual([
      { name: 'prediction', datatype: 'FP64', shape: [3], data: Float64Array.of(10, 12, 10) },
    ]);
  });

  it('answers no rows with none', () => {
    expect(predict(linear, [tensor('FP64', new Float64Array(), [0, 2])])[0]).toMatchObject({ shape: [0] });
  });

  it('tells the number of features in its metadata', () => {
    expect(modelOf(linear).inputs).toEqual([{ name: 'input_tensor', datatype: 'FP64', shape: [-1, 2] }]);
  });
});

describe('identity', () => {
  it('answers the same elements, shape and datatype', () => {
    const data = [Buffer.from('a'), Buffer.alloc(0)];
    expect(predict({ kind: 'identity' }, [tensor('BYTES', data, [2, 1])])).toEqual([
      { name: 'output_tensor', datatype: 'BYTES', shape: [2, 1], data },
    ]);
  });

  it('keeps base64 as the form of strings', () => {
    const input = { ...tensor('BYTES', [Buffer.from('a')]), parameters: { content_type: 'base64', other: 1 } };
    expect(predict({ kind: 'identity' }, [input])[0]?.parameters).toEqual({ content_type: 'base64' });
  });
});

describe('add_sub', () => {
  it("is the model of Triton's client examples", () => {
    const a = tensor(
      'INT32',
      Int32Array.from({ length: 16 }, (_, index) => index),
      [1, 16],
    );
    const b = tensor('INT32', new Int32Array(16).fill(1), [1, 16]);
    const [sum, difference] = predict({ kind: 'add_sub' }, [a, b]);
    expect(sum).toMatchObject({ name: 'OUTPUT0', datatype: 'INT32', shape: [1, 16] });
    expect(sum?.data).toEqual(Int32Array.from({ length: 16 }, (_, index) => index + 1));
    expect(difference).toMatchObject({ name: 'OUTPUT1', datatype: 'INT32', shape: [1, 16] });
    expect(difference?.data).toEqual(Int32Array.from({ length: 16 }, (_, index) => index - 1));
  });
});
