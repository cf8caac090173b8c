import { describe, expect, it } from 'vitest';
import { checkedFaults, orderedFaults, textOfWords } from '../../../src/commands/fault-words.js';
import { UsageError } from '../../../src/errors.js';
import type { Conditions, FaultInput } from '../../../src/faults/fault.js';
import { wholeFaultText } from '../../../src/faults/fault-words.js';

/** What a shell's words order, in the words of faults. */
function ordered(words: string[], conditions: Conditions = {}) {
  const result = orderedFaults([textOfWords(words)], conditions);
  return 'server' in result ? result.server.map(wholeFaultText) : result.engine;
}

function refusal(given: (string | FaultInput)[], conditions: Conditions = {}): UsageError {
  try {
    orderedFaults(given, conditions);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('words of a shell', () => {
  it.each<[string[], string[]]>([
    [['not-ready'], ['not-ready']],
    [['delay=200ms', 'jitter=50ms'], ['delay=200ms jitter=50ms']],
    [['delay=200ms jitter=50ms'], ['delay=200ms jitter=50ms']],
    [
      ['delay=1s,', 'status=404'],
      ['delay=1s', 'status=404'],
    ],
    [
      ['delay=1s', ',', 'nan'],
      ['delay=1s', 'nan'],
    ],
    [['status=UNAVAILABLE', 'message=try later'], ['status=UNAVAILABLE message="try later"']],
    [['status=UNAVAILABLE message="try later"'], ['status=UNAVAILABLE message="try later"']],
    [['load-failed=no such file'], ['load-failed="no such file"']],
    [['status=503', 'message=a, b=c'], ['status=503 message="a, b=c"']],
    [['status=503', String.raw`message=C:\new dir`], [String.raw`status=503 message="C:\\new dir"`]],
    [['nan', 'header=x-user=me and you'], ['nan header="x-user=me and you"']],
  ])('%j order %j', (words, faults) => {
    expect(ordered(words)).toEqual(faults);
  });

  it('have the conditions of flags for each fault that does not say otherwise', () => {
    const flags: Conditions = { model: 'a', percent: 10, for: undefined };
    expect(ordered(['nan,', 'hang', 'percent=5'], flags)).toEqual(['nan model=a percent=10', 'hang model=a percent=5']);
  });

  it('order what the engine does, with its time from text or flag', () => {
    expect(ordered(['pause'])).toEqual({ name: 'pause' });
    expect(ordered(['kill', 'for=5s'])).toEqual({ name: 'kill', forMs: 5000 });
    expect(ordered(['disconnect'], { for: '2s' })).toEqual({ name: 'disconnect', forMs: 2000 });
    expect(orderedFaults([{ kind: 'restart', for: '1s' } as unknown as FaultInput], {})).toEqual({
      engine: { name: 'restart', forMs: 1000 },
    });
  });
});

describe('a refusal', () => {
  it.each<[string, Conditions, string]>([
    ['', {}, 'a fault is empty'],
    ['hnag', {}, 'there is no fault hnag; there are not-ready'],
    ['not-ready=7', {}, 'not-ready takes no value'],
    ['hang jitter=1s', {}, 'hang: jitter: expected a setting of hang (it has none) or a condition (model, rpc'],
    ['delay jitters=1s', {}, 'delay: jitters: expected a setting of delay (time, jitter, distribution)'],
    ['delay=5', {}, 'delay: time: expected a duration with a unit, such as 500ms, 90s or 5m, got 5'],
    ['status=NOPE', {}, 'status: status: expected a gRPC status such as UNAVAILABLE'],
    ['loading', { percent: 5 }, 'loading: percent: expected nothing: loading takes effect when it is added'],
    ['nan percent=0', {}, 'nan: percent: expected a value'],
    ['delay=1s message="open', {}, 'a quote is not closed'],
    ['pause', { percent: 3 }, 'pause is done to the whole server by its engine, and takes no percent'],
    ['pause=3', {}, 'pause is done to the whole server by its engine, and takes no value'],
    ['nan, pause', {}, 'pause is done to the whole server by its engine, and is ordered alone'],
    ['kill for=never', {}, 'for: expected a duration such as 5s, got never'],
  ])('of %j with %j says what would be right', (text, conditions, message) => {
    expect(refusal([text], conditions).message).toContain(message);
    expect(refusal([text], conditions).hint).toMatch(/^kserve-env fault /);
  });

  it('tells every problem', () => {
    const inputs: FaultInput[] = [
      { kind: 'hang', jitter: 1 },
      { kind: 'delay', time: 1, first: 0 },
    ];
    expect(() => checkedFaults(inputs)).toThrow(/hang: jitter.*delay: time.*delay: first/s);
  });

  it('of nothing says so', () => {
    expect(refusal([]).message).toBe('Say which fault');
  });
});
