import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CallFacts, concerns, drawn, matches, strikes } from '../../../src/faults/decide.js';
import { type Conditions, type FaultInput, faultSchema, strikesCalls } from '../../../src/faults/fault.js';
import { type FaultKind, faultKindNames } from '../../../src/faults/kinds.js';

const call = (more: Partial<CallFacts> = {}, headers: Record<string, string> = {}): CallFacts => ({
  transport: 'grpc',
  rpc: 'ModelInfer',
  models: ['simple-scaler', 'scaler'],
  header: (name) => headers[name],
  ...more,
});

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const counts = fc.integer({ min: 1, max: 200 });
const ordinals = Array.from({ length: 1_000 }, (_, index) => index + 1);
const struckOf = (conditions: Conditions, seed = 1) => ordinals.filter((one) => strikes(conditions, one, seed));

describe('conditions', () => {
  it.each<[Conditions, CallFacts, boolean]>([
    [{}, call(), true],
    [{ transport: 'grpc' }, call(), true],
    [{ transport: 'rest' }, call(), false],
    [{ rpc: 'ModelInfer' }, call(), true],
    [{ rpc: 'ModelReady' }, call(), false],
    [{ model: 'scaler' }, call(), true],
    [{ model: 'simple-scaler' }, call(), true],
    [{ model: 'other' }, call(), false],
    [{ model: 'scaler' }, call({ models: [] }), false],
    [{ header: 'X-User' }, call({}, { 'x-user': '' }), true],
    [{ header: 'x-user=me' }, call({}, { 'x-user': 'me' }), true],
    [{ header: 'x-user=me' }, call({}, { 'x-user': 'you' }), false],
    [{ header: 'x-user=a=b' }, call({}, { 'x-user': 'a=b' }), true],
    [{ header: 'x-user' }, call(), false],
    [{ rpc: 'ModelInfer', model: 'scaler', transport: 'rest' }, call(), false],
  ])('%o against a call: %#', (conditions, facts, expected) => {
    expect(matches(conditions, facts)).toBe(expected);
  });

  it('of first strike exactly the first calls, after those that pass', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 100 }), (first, after) => {
        expect(struckOf({ first, after })).toEqual(ordinals.slice(after, after + first));
      }),
    );
  });

  it('of every strike each so many-th call of those that count', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 100 }), (every, after) => {
        expect(struckOf({ every, after })).toEqual(
          ordinals.filter((one) => one > after && (one - after) % every === 0),
        );
      }),
    );
  });

  it('of a percentage strike about so many, the same ones for the same seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), seeds, (percent, seed) => {
        const struck = struckOf({ percent }, seed);
        expect(struckOf({ percent }, seed)).toEqual(struck);
        // Five deviations of a binomial distribution at its widest.
        expect(Math.abs(struck.length - percent * 10)).toBeLessThan(5 * Math.sqrt(250));
        expect(percent < 100 || struck.length === ordinals.length).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('of a higher percentage strike all that a lower one does', () => {
    const few = struckOf({ percent: 10 }, 7);
    const many = new Set(struckOf({ percent: 60 }, 7));
    expect(few.every((one) => many.has(one))).toBe(true);
  });

  it('of a percentage choose other calls by another seed, and strike none before the first', () => {
    expect(struckOf({ percent: 50 }, 1)).not.toEqual(struckOf({ percent: 50 }, 2));
    expect(strikes({}, 0, 1)).toBe(false);
  });

  it('make of a fault that may stand one that strikes calls', () => {
    const striking = (input: FaultInput) => strikesCalls(faultSchema.parse(input));
    expect(striking({ kind: 'not-ready', model: 'a' })).toBe(false);
    expect(striking({ kind: 'not-ready', percent: 5 })).toBe(true);
    expect(striking({ kind: 'crash' })).toBe(false);
    expect(striking({ kind: 'crash', model: 'a' })).toBe(true);
  });
});

describe('what is drawn', () => {
  it('depends on seed, call and purpose alone, and lies from 0 up to 1', () => {
    fc.assert(
      fc.property(seeds, counts, fc.string(), (seed, ordinal, purpose) => {
        const number = drawn(seed, ordinal, purpose);
        expect(drawn(seed, ordinal, purpose)).toBe(number);
        expect(number >= 0 && number < 1).toBe(true);
        expect(drawn(seed, ordinal, `${purpose} too`)).not.toBe(number);
      }),
    );
  });
});

describe('a fault concerns', () => {
  const kindsFor = (rpc: string) => faultKindNames.filter((kind: FaultKind) => concerns({ kind }, { rpc }));

  it('inferences with whatever it is', () => {
    expect(kindsFor('ModelInfer')).toEqual(faultKindNames);
    expect(kindsFor('ModelStreamInfer')).toEqual(faultKindNames);
  });

  it('other calls where they have what it changes', () => {
    expect(kindsFor('ServerReady')).toContain('not-ready');
    expect(kindsFor('ServerReady')).not.toContain('wrong-value');
    expect(kindsFor('ServerLive')).not.toContain('not-ready');
    expect(kindsFor('ServerLive')).toContain('status');
  });

  it('metrics where it names them', () => {
    expect(kindsFor('Metrics')).toEqual([]);
    expect(concerns({ kind: 'status', rpc: 'Metrics' }, { rpc: 'Metrics' })).toBe(true);
  });
});
