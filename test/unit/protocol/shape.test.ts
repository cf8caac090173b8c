import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertElementCount, elementCount, formatShape } from '../../../src/protocol/shape.js';

const invalid = expect.objectContaining({ status: 'INVALID_ARGUMENT' });

describe('the number of elements of a shape', () => {
  it.each([
    [[], 1],
    [[7], 7],
    [[2, 3, 4], 24],
    [[5, 0, 3], 0],
    [[2 ** 40, 2 ** 40, 0], 0],
    [[0, 2 ** 52, 2 ** 52], 0],
  ])('%j has %i', (shape, count) => {
    expect(elementCount(shape, 'input "x"')).toBe(count);
  });

  it.each([
    { shape: [-1], why: 'a negative dimension' },
    { shape: [2, -3], why: 'a negative dimension further on' },
    { shape: [0, -1], why: 'a negative dimension beside a zero' },
    { shape: [1.5], why: 'a fraction' },
    { shape: [Number.NaN], why: 'NaN' },
    { shape: [2 ** 4, 2 ** 60 + 2], why: 'a product that wraps to a small one in 64 bits' },
    { shape: [2 ** 32, 2 ** 32], why: 'a product of exactly 2^64' },
    { shape: [2 ** 27, 2 ** 27], why: 'a product beyond 2^53' },
  ])('refuses $why', ({ shape }) => {
    expect(() => elementCount(shape, 'input "x"')).toThrow(invalid);
  });

  it('is the exact product for every shape that fits', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200_000), { maxLength: 4 }), (shape) => {
        const exact = shape.reduce((product, size) => product * BigInt(size), 1n);
        if (exact <= BigInt(Number.MAX_SAFE_INTEGER)) expect(elementCount(shape, 'x')).toBe(Number(exact));
        else expect(() => elementCount(shape, 'x')).toThrow(invalid);
      }),
    );
  });

  it('names the tensor, the shape and both numbers where data and shape disagree', () => {
    expect(() => assertElementCount(5, [2, 3], 'input "x"')).toThrow(
      'input "x": shape [2, 3] needs 6 elements, the data has 5',
    );
  });

  it('reads as a list, cut after sixteen dimensions', () => {
    expect(formatShape([1, -1])).toBe('[1, -1]');
    expect(formatShape(Array(1000).fill(1))).toMatch(/^\[(1, ){16}…]$/);
  });
});
