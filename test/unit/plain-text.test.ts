import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneLine, printable } from '../../src/plain-text.js';

describe('text', () => {
  it('of others has no control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(oneLine(text)).toMatch(/^\P{Cc}*$/u);
        expect(printable(text)).toMatch(/^[\P{Cc}\n\t]*$/u);
      }),
    );
  });
});
