import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/duration.js';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const longest = 2 ** 31 - 1;

describe('a duration', () => {
  it('is a number with a unit, in milliseconds', () => {
    const unit = fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[]));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), unit, fc.constantFrom('', ' '), (count, name, space) => {
        expect(parseDuration(`${count}${space}${name}`)).toBe(count * units[name]);
      }),
    );
  });

  it.each([
    ['1.5s', 1500],
    ['0.5m', 30_000],
    [`${longest}ms`, longest],
  ])('%s is %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each([
    '',
    '5',
    's',
    '-5s',
    '+5s',
    '0s',
    '0.0ms',
    '.5s',
    '5d',
    '5 minutes',
    '1e3ms',
    '5s ',
    ' 5s',
    '5S',
    '٥s',
    'NaNs',
  ])('is none: %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('is never longer than a timer can wait', () => {
    for (const text of [`${longest + 1}ms`, '1000h', `${'9'.repeat(90)}h`, `${'1'.repeat(1000)}ms`]) {
      expect(parseDuration(text)).toBeUndefined();
    }
  });

  it('is positive and finite, or nothing, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,30}(\.\d{1,30})?(ms|s|m|h)$/)), (text) => {
        const value = parseDuration(text);
        expect(value === undefined || (value > 0 && value <= longest)).toBe(true);
      }),
    );
  });
});

describe('a duration for people', () => {
  it.each([
    [0, '0 ms'],
    [0.4, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [1234, '1.23 s'],
    [9994, '9.99 s'],
    [9996, '10.0 s'],
    [59_940, '59.9 s'],
    [59_999, '1m'],
    [61_000, '1m1s'],
    [300_000, '5m'],
    [3_600_000, '60m'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('has three digits at most below a minute', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 59_949, noNaN: true }), (milliseconds) => {
        expect(formatDuration(milliseconds)).toMatch(/^(\d{1,3} ms|\d\.\d\d s|\d\d\.\d s)$/);
      }),
    );
  });
});
