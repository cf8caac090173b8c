import { describe, expect, it } from 'vitest';
import { drawn } from '../../../../src/faults/decide.js';
import { type Fault, faultSchema } from '../../../../src/faults/fault.js';
import { readFaultText } from '../../../../src/faults/fault-text.js';
import { delayMs } from '../../../../src/server/faults/call-delay.js';
import { planOf, statusError } from '../../../../src/server/faults/call-plan.js';
import type { Strike } from '../../../../src/server/faults/fault-site.js';
import { bytesDue, filled, firstOf } from '../../../../src/server/faults/struck-bytes.js';

const strikesOf = (text: string, ordinal = 1): Strike[] =>
  readFaultText(text).map((input) => ({
    fault: faultSchema.parse(input),
    draw: (purpose) => drawn(7, ordinal, purpose),
  }));
const plan = (text: string, transport: 'grpc' | 'rest' = 'grpc') => planOf(strikesOf(text), transport);

describe('the plan of a call', () => {
  it('adds waits up, until a fault ends the call', () => {
    expect(plan('delay=1s, delay=2s').delayMs).toBe(3_000);
    expect(plan('delay=1s, status, delay=2s')).toMatchObject({ delayMs: 1_000, ending: { fault: { kind: 'status' } } });
    expect(plan('hang, status').ending?.fault.kind).toBe('hang');
  });

  it('has no effect of what comes after the end, but on how the answer comes out', () => {
    expect(plan('status, wrong-value, not-ready, slow-bytes=5, partial-answer=3')).toMatchObject({
      wrong: [],
      notReady: false,
      delivery: { rate: 5, cutAfter: 3 },
    });
  });

  it('keeps the order of what is wrong', () => {
    expect(plan('nan, wrong-shape, wrong-value').wrong.map(({ kind }) => kind)).toEqual([
      'nan',
      'wrong-shape',
      'wrong-value',
    ]);
  });

  it('takes the slower and the shorter of two, and all that is added', () => {
    expect(
      plan('slow-bytes=5, slow-bytes=9, partial-answer=3, partial-answer=1, oversize=10, oversize=5').delivery,
    ).toEqual({
      invalid: false,
      added: 15,
      rate: 5,
      cutAfter: 1,
    });
    expect(plan('delay').delivery).toBeUndefined();
  });

  it('ends a call by GOAWAY only where the code says that something is wrong, and over HTTP/2', () => {
    expect(plan('goaway')).toMatchObject({ lastOfConnection: true, ending: undefined });
    expect(plan('goaway=11')).toMatchObject({ lastOfConnection: false, ending: { fault: { code: 11 } } });
    expect(plan('goaway=11', 'rest')).toMatchObject({ lastOfConnection: true, ending: undefined });
  });

  it.each([
    ['status', 'UNAVAILABLE', 503],
    ['status=NOT_FOUND', 'NOT_FOUND', 404],
    ['status=404', 'NOT_FOUND', 404],
    ['status=502', 'INTERNAL', 502],
    ['status=418', 'INVALID_ARGUMENT', 418],
  ])('%s is %s over gRPC and %i over REST', (text, grpc, http) => {
    const [strike] = strikesOf(text);
    expect(statusError(strike?.fault as Fault<'status'>)).toMatchObject({ status: grpc, httpStatus: http });
  });
});

describe('a delay', () => {
  const delays = (text: string): number[] =>
    Array.from({ length: 2_000 }, (_, index) => delayMs(strikesOf(text, index + 1)[0] as Strike<'delay'>));
  const mean = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const deviation = (numbers: number[]) => Math.sqrt(mean(numbers.map((one) => (one - mean(numbers)) ** 2)));

  it('is the same for the same seed and call', () => {
    expect(delays('delay=100ms jitter=50ms')).toEqual(delays('delay=100ms jitter=50ms'));
  });

  it('without jitter is as long as said', () => {
    expect(new Set(delays('delay=100ms'))).toEqual(new Set([100]));
    expect(new Set(delays('delay=100ms distribution=normal'))).toEqual(new Set([100]));
  });

  it('of a uniform distribution lies within its jitter, everywhere', () => {
    const all = delays('delay=100ms jitter=50ms');
    expect(Math.min(...all)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...all)).toBeLessThan(150);
    expect(Math.min(...all)).toBeLessThan(52);
    expect(Math.max(...all)).toBeGreaterThan(148);
    expect(Math.abs(mean(all) - 100)).toBeLessThan(4);
  });

  it('of a normal distribution deviates by its jitter', () => {
    const all = delays('delay=100ms jitter=20ms distribution=normal');
    expect(Math.abs(mean(all) - 100)).toBeLessThan(3);
    expect(Math.abs(deviation(all) - 20)).toBeLessThan(2);
  });

  it('of an exponential distribution deviates by its mean', () => {
    const all = delays('delay=100ms distribution=exponential');
    expect(Math.abs(mean(all) - 100)).toBeLessThan(12);
    expect(Math.abs(deviation(all) - 100)).toBeLessThan(20);
  });

  it('is never negative, and never longer than a timer can be', () => {
    expect(Math.min(...delays('delay=1ms jitter=1h distribution=normal'))).toBe(0);
    expect(Math.max(...delays('delay=590h distribution=exponential'))).toBe(2 ** 31 - 1);
  });
});

describe('struck bytes', () => {
  it('are filled up in pieces, and cut off where said', () => {
    const sizes = (pieces: Iterable<Buffer>) => [...pieces].map(({ byteLength }) => byteLength);
    expect(sizes(filled(0, 150_000))).toEqual([65_536, 65_536, 18_928]);
    expect(sizes(filled(0, 0))).toEqual([]);
    expect(sizes(firstOf([Buffer.alloc(3), Buffer.alloc(3)], 4))).toEqual([3, 1]);
    expect(sizes(firstOf([Buffer.alloc(3)], 0))).toEqual([]);
    expect(sizes(firstOf([Buffer.alloc(3)], 9))).toEqual([3]);
  });

  it('are due by the time that has passed', () => {
    expect([bytesDue(10, 0), bytesDue(10, 99), bytesDue(10, 100), bytesDue(10, 1_000)]).toEqual([1, 1, 2, 11]);
  });
});
