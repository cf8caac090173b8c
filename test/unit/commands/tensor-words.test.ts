import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datatypeOf, plainElements, tensorOfWords } from '../../../src/commands/tensor-words.js';
import { UsageError } from '../../../src/errors.js';
import { type Datatype, type IntegerDatatype, integerRanges } from '../../../src/protocol/datatype.js';

const wordsOf = (datatype: Datatype, ...words: string[]) => tensorOfWords('x', datatype, words);

describe('words to a tensor', () => {
  it.each([
    { datatype: 'BOOL', words: ['true', 'FALSE', '1', '0'], data: Uint8Array.of(1, 0, 1, 0) },
    { datatype: 'INT8', words: ['-128', '127', '+5', '-0'], data: Int8Array.of(-128, 127, 5, 0) },
    { datatype: 'INT16', words: ['-32768', '007'], data: Int16Array.of(-32_768, 7) },
    { datatype: 'INT32', words: ['-2147483648'], data: Int32Array.of(-(2 ** 31)) },
    { datatype: 'INT64', words: ['9007199254740993'], data: BigInt64Array.of(9_007_199_254_740_993n) },
    { datatype: 'UINT8', words: ['255'], data: Uint8Array.of(255) },
    { datatype: 'UINT16', words: ['65535'], data: Uint16Array.of(65_535) },
    { datatype: 'UINT32', words: ['4294967295'], data: Uint32Array.of(2 ** 32 - 1) },
    { datatype: 'UINT64', words: ['18446744073709551615'], data: BigUint64Array.of(2n ** 64n - 1n) },
    { datatype: 'FP32', words: ['0.1', '-1e-3', '.5'], data: Float32Array.of(0.1, -1e-3, 0.5) },
    { datatype: 'FP64', words: ['1', '-2.5', '+3', '-0', '1e308'], data: Float64Array.of(1, -2.5, 3, -0, 1e308) },
    { datatype: 'FP64', words: ['NaN', '-nan'], data: Float64Array.of(Number.NaN, Number.NaN) },
    {
      datatype: 'FP64',
      words: ['inf', '-Infinity', '+INF'],
      data: Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
    },
    { datatype: 'BYTES', words: ['', 'grüße'], data: ['', 'grüße'].map((text) => new TextEncoder().encode(text)) },
  ] as const)('$datatype: $words', ({ datatype, words, data }) => {
    expect(wordsOf(datatype, ...words)).toEqual({ name: 'x', datatype, shape: [words.length], data });
  });

  it.each([
    { datatype: 'BOOL', word: 'yes', says: '"yes" is neither true nor false' },
    { datatype: 'INT8', word: '128', says: '128' },
    { datatype: 'UINT8', word: '-1', says: '-1' },
    { datatype: 'INT64', word: '9223372036854775808', says: '9223372036854775808' },
    { datatype: 'UINT64', word: '18446744073709551616', says: '18446744073709551616' },
    { datatype: 'INT32', word: '1.5', says: '"1.5" is no whole number' },
    { datatype: 'INT32', word: '0x10', says: '"0x10" is no whole number' },
    { datatype: 'INT32', word: '1e3', says: '"1e3" is no whole number' },
    { datatype: 'INT32', word: '', says: '"" is no whole number' },
    { datatype: 'FP64', word: '', says: '"" is no number' },
    { datatype: 'FP64', word: ' 1', says: '" 1" is no number' },
    { datatype: 'FP64', word: '0x10', says: '"0x10" is no number' },
    { datatype: 'FP64', word: '1,5', says: '"1,5" is no number' },
    { datatype: 'FP64', word: '1_000', says: '"1_000" is no number' },
    { datatype: 'FP64', word: '1e999', says: '1e999 is beyond the range of FP64' },
    { datatype: 'FP32', word: '-1e39', says: '-1e39 is beyond the range of FP32' },
    { datatype: 'FP16', word: '1', says: 'FP16' },
    { datatype: 'BF16', word: '1', says: 'BF16' },
  ] as const)('$datatype takes no $word', ({ datatype, word, says }) => {
    expect(() => wordsOf(datatype, word)).toThrow(UsageError);
    expect(() => wordsOf(datatype, word)).toThrow(says);
  });

  it('keeps every integer that a datatype holds exact, there and back', () => {
    for (const [datatype, [min, max]] of Object.entries(integerRanges)) {
      fc.assert(
        fc.property(fc.array(fc.bigInt({ min, max })), (values) => {
          const tensor = wordsOf(datatype as IntegerDatatype, ...values.map(String));
          expect(plainElements(tensor).map(BigInt)).toEqual(values);
        }),
        { numRuns: 20 },
      );
    }
  });

  it('keeps every double exact, there and back', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noDefaultInfinity: true, noNaN: true })), (values) => {
        const words = values.map((value) => (Object.is(value, -0) ? '-0' : String(value)));
        expect(plainElements(wordsOf('FP64', ...words))).toEqual(values);
      }),
    );
  });

  it('takes the shape that it is given', () => {
    expect(tensorOfWords('x', 'INT32', ['1', '2', '3', '4'], [2, 2]).shape).toEqual([2, 2]);
    expect(() => tensorOfWords('x', 'INT32', ['1'], [2])).toThrow(UsageError);
  });
});

describe('a datatype as typed', () => {
  it('may be in any case', () => {
    expect(datatypeOf('fp32')).toBe('FP32');
    expect(datatypeOf('Bytes')).toBe('BYTES');
  });
  it('that is none is refused with those that are', () => {
    expect(() => datatypeOf('float')).toThrow(UsageError);
    expect(() => datatypeOf('toString')).toThrow('is no datatype');
  });
});

describe('elements for people and JSON', () => {
  const plain = (datatype: Datatype, data: ReturnType<typeof tensorOfWords>['data']) =>
    plainElements({ name: 'x', datatype, shape: [data.length], data });

  it('NaN and the infinities are words, −0 stays itself', () => {
    expect(plain('FP64', Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY, -0, 1))).toEqual([
      'NaN',
      'Infinity',
      -0,
      1,
    ]);
  });
  it('half-precision numbers are their bits', () => {
    expect(plain('FP16', Uint16Array.of(0x3c00, 1))).toEqual(['0x3c00', '0x0001']);
  });
  it('BYTES are text where they are UTF-8, else base64', () => {
    const bytes = [new TextEncoder().encode('grüße'), Uint8Array.of(0xff, 0xfe), new TextEncoder().encode('\ufeffx')];
    expect(plain('BYTES', bytes)).toEqual(['grüße', '//4=', '\ufeffx']);
  });
  it('BOOL is true and false', () => {
    expect(plain('BOOL', Uint8Array.of(1, 0))).toEqual([true, false]);
  });
});
