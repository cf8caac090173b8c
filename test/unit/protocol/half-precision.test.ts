import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHalf, writeHalf } from '../../../src/protocol/half-precision.js';

const patterns = Array.from({ length: 0x1_0000 }, (_, bits) => bits);

describe.each(['FP16', 'BF16'] as const)('%s', (datatype) => {
  it('reads and writes every pattern that is a number back to itself', () => {
    const changed = patterns.filter((bits) => {
      const value = readHalf(datatype, bits);
      return !Number.isNaN(value) && writeHalf(datatype, value) !== bits;
    });
    expect(changed).toEqual([]);
  });

  it('reads every NaN as one, and writes a quiet one', () => {
    const bits = writeHalf(datatype, Number.NaN);
    expect(readHalf(datatype, bits)).toBeNaN();
    expect(patterns.filter((pattern) => Number.isNaN(readHalf(datatype, pattern))).length).toBeGreaterThan(100);
  });

  it('writes the nearest pattern, and the even one of two', () => {
    fc.assert(
      fc.property(fc.nat(0x7bff), fc.double({ min: 0, max: 1, noNaN: true }), (bits, share) => {
        const [low, high] = [readHalf(datatype, bits), readHalf(datatype, bits + 1)];
        fc.pre(Number.isFinite(high));
        const value = low + (high - low) * share;
        const [toLow, toHigh] = [value - low, high - value];
        const even = bits % 2 === 0 ? bits : bits + 1;
        const nearest = toLow === toHigh ? even : toLow < toHigh ? bits : bits + 1;
        return writeHalf(datatype, value) === nearest && writeHalf(datatype, -value) === (nearest | 0x8000);
      }),
    );
  });
});

describe('BF16', () => {
  it('is the upper half of an FP32', () => {
    const words = new Uint32Array(1);
    const float = new Float32Array(words.buffer);
    for (const bits of [0x3f80, 0x0001, 0x7f7f, 0xc2f7]) {
      words[0] = bits * 0x1_0000;
      expect(readHalf('BF16', bits)).toBe(float[0]);
    }
  });
});

describe('FP16', () => {
  // IEEE 754 binary16: the least and the greatest of each kind.
  it.each([
    [0x3c00, 1],
    [0x0001, 2 ** -24],
    [0x03ff, 2 ** -14 - 2 ** -24],
    [0x0400, 2 ** -14],
    [0x7bff, 65_504],
    [0x8000, -0],
    [0xfc00, Number.NEGATIVE_INFINITY],
  ])('%i is %f', (bits, value) => {
    expect(readHalf('FP16', bits)).toBe(value);
  });

  it('becomes infinite half a step beyond the largest, and not before', () => {
    expect([writeHalf('FP16', 65_519.99), writeHalf('FP16', 65_520)]).toEqual([0x7bff, 0x7c00]);
  });
});
