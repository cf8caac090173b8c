import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactElements } from '../../../src/models/exact-elements.js';
import { createElements, type Datatype, type IntegerDatatype, integerRanges } from '../../../src/protocol/datatype.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('Elements of a datatype', () => {
  it.each<[Datatype, unknown, unknown]>([
    [
      'FP64',
      [1, -0, Number.NaN, Number.POSITIVE_INFINITY],
      Float64Array.of(1, -0, Number.NaN, Number.POSITIVE_INFINITY),
    ],
    ['FP64', Float32Array.of(1.5), Float64Array.of(1.5)],
    ['FP32', [0.1], Float32Array.of(0.1)],
    ['FP32', [Number.NEGATIVE_INFINITY], Float32Array.of(Number.NEGATIVE_INFINITY)],
    ['FP16', [1, -2], Uint16Array.of(0x3c00, 0xc000)],
    ['BF16', [1], Uint16Array.of(0x3f80)],
    ['INT8', [-128, 127], Int8Array.of(-128, 127)],
    ['INT32', [5n, -0], Int32Array.of(5, 0)],
    ['INT64', [2 ** 60, -1, 9_007_199_254_740_993n], BigInt64Array.of(2n ** 60n, -1n, 9_007_199_254_740_993n)],
    ['UINT64', [2n ** 64n - 1n], BigUint64Array.of(2n ** 64n - 1n)],
    ['BOOL', [true, false, 1, 0], Uint8Array.of(1, 0, 1, 0)],
    ['BOOL', Uint8Array.of(0, 1), Uint8Array.of(0, 1)],
    ['BYTES', ['grüße', bytes('x'), ''], [bytes('grüße'), bytes('x'), bytes('')]],
  ])('%s takes %o', (datatype, data, expected) => {
    expect(exactElements(datatype, data)).toEqual(expected);
  });

  it.each<[Datatype, unknown, string]>([
    ['INT8', [1, 128], 'element 1 is 128, which INT8 cannot hold'],
    ['UINT8', [-1], 'element 0 is -1'],
    ['INT32', [1.5], 'element 0 is 1.5'],
    ['INT64', [2 ** 63], 'element 0 is 9223372036854776000'],
    ['UINT64', [-1n], 'element 0 is -1'],
    ['UINT16', Int32Array.of(65_536), 'element 0 is 65536'],
    ['INT32', [Number.NaN], 'element 0 is NaN'],
    ['FP32', [1e39], 'element 0 is 1e+39'],
    ['FP16', [65_520], 'element 0 is 65520'],
    ['FP64', ['1'], 'element 0 is "1"'],
    ['FP64', [[1]], 'element 0 is of type Array'],
    ['FP64', [1n], 'element 0 is 1,'],
    ['FP64', new Array(1), 'element 0 is undefined'],
    ['BOOL', [2], 'element 0 is 2'],
    ['BOOL', Uint8Array.of(7), 'element 0 is 7'],
    ['BYTES', ['\ud800'], 'well-formed'],
    ['BYTES', [1], 'element 0 is 1'],
    ['BYTES', bytes('x'), 'data is of type Uint8Array'],
    ['FP64', undefined, 'data is undefined; FP64 needs Float64Array or an array'],
    ['FP64', 'text', 'data is a string'],
    ['FP64', new DataView(new ArrayBuffer(8)), 'data is of type DataView'],
  ])('%s refuses %o', (datatype, data, message) => {
    expect(() => exactElements(datatype, data)).toThrow(message);
  });

  it('are the same object where they are of the right type already', () => {
    const data = Float64Array.of(1);
    expect(exactElements('FP64', data)).toBe(data);
  });

  it('are every integer that the datatype has, and no other', () => {
    const integers = Object.keys(integerRanges) as IntegerDatatype[];
    fc.assert(
      fc.property(fc.constantFrom(...integers), fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), (datatype, value) => {
        const [least, most] = integerRanges[datatype];
        if (value < least || value > most) expect(() => exactElements(datatype, [value])).toThrow('cannot hold');
        else expect(BigInt((exactElements(datatype, [value]) as Int8Array)[0] ?? 0)).toBe(value);
      }),
    );
  });

  it('of no number are no elements', () => {
    expect(exactElements('INT32', [])).toEqual(createElements('INT32', 0));
  });
});
