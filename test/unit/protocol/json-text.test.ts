import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxJsonDepth, parseJson, writeJson } from '../../../src/protocol/json-text.js';

const refusal = (text: string) =>
  expect.objectContaining({ status: 'INVALID_ARGUMENT', message: expect.stringContaining(text) });

describe('reading JSON', () => {
  it('keeps integers beyond 2^53 exact, as bigints', () => {
    expect(parseJson('[9007199254740993, -9223372036854775808, 18446744073709551615]')).toEqual([
      9007199254740993n,
      -9223372036854775808n,
      18446744073709551615n,
    ]);
  });

  it.each([
    '[ 9007199254740993 ]',
    '{"a":9007199254740993}',
    '{"a":\n9007199254740993\n,"b":0.5}',
    '[1,9007199254740993,2]',
  ])('finds such an integer in %j', (text) => {
    expect(writeJson(parseJson(text) as never)).toContain('9007199254740993');
  });

  it('leaves numbers that a double holds as numbers, whatever else is long', () => {
    expect(parseJson('{"long":"1234567890123456789","n":[1,0.1234567890123456789,-0]}')).toEqual({
      long: '1234567890123456789',
      n: [1, 0.12345678901234568, -0],
    });
  });

  it('takes nesting up to the limit and refuses one level more', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(() => parseJson(nested(maxJsonDepth))).not.toThrow();
    expect(() => parseJson(nested(maxJsonDepth + 1))).toThrow(refusal('deeper than 100'));
    expect(() => parseJson(nested(3_000_000))).toThrow(refusal('deeper than 100'));
    expect(() => parseJson('{"a":'.repeat(5000))).toThrow(refusal('deeper than 100'));
  });

  it('does not take brackets inside strings for nesting', () => {
    expect(parseJson(JSON.stringify({ text: `\\"${'['.repeat(500)}` }))).toEqual({ text: `\\"${'['.repeat(500)}` });
  });

  it('names the raw form where NaN or Infinity stand', () => {
    for (const text of ['[NaN]', '[1, -Infinity]', '{"a":Infinity}']) {
      expect(() => parseJson(text)).toThrow(refusal('binary'));
    }
  });

  it.each(['', '{', '[1,]', '{"a":1', 'nul', '"\u0001"', '[1234567890123456789,]'])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(refusal('not valid JSON'));
  });

  it('takes __proto__ for a member without touching any prototype', () => {
    parseJson('{"__proto__":{"polluted":1},"n":1234567890123456789}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('writing JSON', () => {
  it('is read back as it was by JSON.parse, −0 too, for plain values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(writeJson(value as never))).toEqual(value);
      }),
    );
  });

  it('writes typed arrays, bigints and negative zero', () => {
    expect(writeJson({ a: Float64Array.of(1, -0, 1e21), b: BigInt64Array.of(-5n), c: 2n ** 64n, d: undefined })).toBe(
      '{"a":[1,-0.0,1e+21],"b":[-5],"c":18446744073709551616}',
    );
  });
});
