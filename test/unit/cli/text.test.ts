import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutTo, widthOf } from '../../../src/cli/text.js';

describe('text', () => {
  it.each([
    ['abc', 3],
    ['模型', 4],
    ['e\u0301', 1],
    ['🚀', 2],
    ['한국', 4],
    ['✔…', 2],
  ])('%s is %d columns wide', (text, width) => expect(widthOf(text)).toBe(width));

  it.each([
    [10, 'short', 'short'],
    [5, 'short', 'short'],
    [4, 'short', 'sho…'],
    [5, '模型模型', '模型…'],
    [4, '模型模型', '模…'],
    [1, 'short', '…'],
    [0, 'short', ''],
  ])('in %d columns %s is %s', (columns, text, cut) => expect(cutTo(columns, text, '…')).toBe(cut));

  it('that was cut always fits', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.string({ unit: 'grapheme' }), (columns, text) => {
        expect(widthOf(cutTo(columns, text, '…'))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});
