import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultTextError, mayBeInHeader, parseHeaderFaults, readFaultText } from '../../../src/faults/fault-text.js';
import { faultKindNames } from '../../../src/faults/kinds.js';
import { OipError } from '../../../src/protocol/status.js';

describe('a text of faults', () => {
  it.each<[string, object[]]>([
    ['hang', [{ kind: 'hang' }]],
    ['  hang  ', [{ kind: 'hang' }]],
    ['delay=200ms jitter=50ms', [{ kind: 'delay', time: '200ms', jitter: '50ms' }]],
    ['status=503', [{ kind: 'status', status: 503 }]],
    ['status=ABORTED message="a, b"', [{ kind: 'status', status: 'ABORTED', message: 'a, b' }]],
    ['status message="say \\"no\\" \\\\"', [{ kind: 'status', message: 'say "no" \\' }]],
    ['status message=a" b"c', [{ kind: 'status', message: 'a bc' }]],
    ['status message=503', [{ kind: 'status', message: '503' }]],
    ['hang percent=10% seed=7', [{ kind: 'hang', percent: 10, seed: 7 }]],
    ['wrong-value=-1.5', [{ kind: 'wrong-value', offset: -1.5 }]],
    ['refuse cut=false', [{ kind: 'refuse', cut: false }]],
    ['hang header=x-user=me', [{ kind: 'hang', header: 'x-user=me' }]],
    [
      'delay=1s,status=UNKNOWN , nan',
      [{ kind: 'delay', time: '1s' }, { kind: 'status', status: 'UNKNOWN' }, { kind: 'nan' }],
    ],
  ])('%s', (text, expected) => {
    expect(readFaultText(text)).toEqual(expected);
  });

  it.each([
    ['', /empty/],
    [' ', /empty/],
    ['hang,', /empty/],
    [',hang', /empty/],
    ['teapot', /there is no fault teapot/],
    ['constructor', /there is no fault constructor/],
    ['__proto__=1', /there is no fault __proto__/],
    ['hang=1', /hang takes no value/],
    ['status message="open', /a quote is not closed/],
    ['delay soon', /expected setting=value/],
    ['delay=1s time=2s', /time is given twice/],
    [Array(11).fill('hang').join(','), /at most 10 faults/],
  ])('%j is refused', (text, words) => {
    expect(() => readFaultText(text)).toThrow(FaultTextError);
    expect(() => readFaultText(text)).toThrow(words);
  });

  it('keeps words whole that are quoted', () => {
    const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
    // A dot of a regular expression takes no line break; no header has one.
    const texts = fc.string({ unit: 'binary' }).filter((text) => !/[\n\r\u2028\u2029]/.test(text));
    fc.assert(
      fc.property(texts, texts, (message, model) => {
        const text = `status message=${quoted(message)} model=${quoted(model)}`;
        expect(readFaultText(text)).toEqual([{ kind: 'status', message, model }]);
      }),
    );
  });

  it('of any letters is read or refused, and nothing else, in no time', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(fc.constantFrom('"', '\\', ',', ' ', '=', 'delay', 'status', '1s', '\u0000', '__proto__'))
        .map((parts) => parts.join('')),
      fc.constantFrom('"', '\\', ' ', '"\\', 'a"b"').map((part) => part.repeat(5_000)),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        try {
          parseHeaderFaults(text);
        } catch (error) {
          expect(error).toBeInstanceOf(OipError);
          expect((error as OipError).status).toBe('INVALID_ARGUMENT');
        }
      }),
      { numRuns: 500 },
    );
    expect(({} as { time?: string }).time).toBeUndefined();
  });
});

describe('faults of a header', () => {
  it('have what they do not say filled in', () => {
    expect(parseHeaderFaults('delay, status=404')).toEqual([
      { kind: 'delay', time: '1s', distribution: 'uniform' },
      { kind: 'status', status: 404, message: 'a fault was injected' },
    ]);
  });

  it.each([
    'percent=5',
    'first=1',
    'every=2',
    'after=3',
    'for=5s',
    'model=a',
    'rpc=ModelInfer',
    'transport=grpc',
    'header=a',
  ])('choose no calls by %s', (condition) => {
    expect(() => parseHeaderFaults(`hang ${condition}`)).toThrow(/strikes the one that it is in/);
  });

  it.each(faultKindNames)('%s concerns one call, or is refused', (kind) => {
    if (mayBeInHeader(kind)) expect(parseHeaderFaults(kind)).toMatchObject([{ kind }]);
    else expect(() => parseHeaderFaults(kind)).toThrow(/concerns more than one call/);
  });

  it('say what is wrong with a setting, and nothing of the caller beyond that', () => {
    expect(() => parseHeaderFaults('delay=soon')).toThrow(/x-kserve-env-fault: time: .*duration/);
    expect(() => parseHeaderFaults('status=OK')).toThrow(/x-kserve-env-fault: status: /);
    expect(() => parseHeaderFaults('goaway=14')).toThrow(/code: /);
  });
});
