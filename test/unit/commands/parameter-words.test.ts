import { describe, expect, it } from 'vitest';
import { parametersOfWords } from '../../../src/commands/parameter-words.js';
import { UsageError } from '../../../src/errors.js';

describe('a request parameter', () => {
  it.each([
    ['true', true],
    ['false', false],
    ['True', 'True'],
    ['3', 3n],
    ['-3', -3n],
    ['9223372036854775807', 9_223_372_036_854_775_807n],
    ['-9223372036854775808', -9_223_372_036_854_775_808n],
    ['18446744073709551615', 18_446_744_073_709_551_615n],
    ['0.5', 0.5],
    ['-1e3', -1000],
    ['', ''],
    [' ', ' '],
    ['0x10', '0x10'],
    ['NaN', 'NaN'],
    ['1e999', '1e999'],
    ['a=b', 'a=b'],
    ['two\nlines', 'two\nlines'],
  ])('of %j is sent as %o', (text, value) => {
    expect(parametersOfWords([`p=${text}`])).toEqual({ p: value });
  });

  it('may come with others; the last of a name counts', () => {
    expect(parametersOfWords(['a=1', 'b=x', 'a=2'])).toEqual({ a: 2n, b: 'x' });
  });

  it('of any name is only data', () => {
    const parameters = parametersOfWords(['__proto__=true']);
    expect(Object.keys(parameters)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(parameters)).toBe(Object.prototype);
  });

  it.each(['', 'name', '=value'])('that is %j is refused', (word) => {
    expect(() => parametersOfWords([word])).toThrow(UsageError);
  });
});
