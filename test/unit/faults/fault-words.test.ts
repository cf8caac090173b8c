import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EngineState, standingEngineFaults } from '../../../src/faults/engine-faults.js';
import { type Fault, type FaultInput, faultSchema } from '../../../src/faults/fault.js';
import { readFaultText } from '../../../src/faults/fault-text.js';
import { conditionsText, faultText, wholeFaultText } from '../../../src/faults/fault-words.js';
import { faultKindNames } from '../../../src/faults/kinds.js';

const fault = (input: FaultInput): Fault => faultSchema.parse(input);
const reread = (text: string): Fault[] => readFaultText(text).map((input) => faultSchema.parse(input));

describe('a fault in words', () => {
  it('leaves out what it would be without being said, but for its main setting', () => {
    expect(faultText(fault({ kind: 'delay' }))).toBe('delay=1s');
    expect(faultText(fault({ kind: 'delay', time: '200ms', jitter: '50ms' }))).toBe('delay=200ms jitter=50ms');
    expect(faultText(fault({ kind: 'not-ready', model: 'a' }))).toBe('not-ready');
    expect(faultText(fault({ kind: 'status', message: 'try "later", please' }))).toBe(
      'status=UNAVAILABLE message="try \\"later\\", please"',
    );
  });

  it('tells its conditions apart from what it does', () => {
    const some = fault({ kind: 'hang', percent: 10, seed: 7, model: 'a', for: '5s', header: 'x-user=me and you' });
    expect(conditionsText(some)).toBe('model=a header="x-user=me and you" percent=10 seed=7 for=5s');
    expect(faultText(some)).toBe('hang');
  });

  it.each(faultKindNames)('%s reads as what it was written from', (kind) => {
    const one = fault({ kind });
    expect(reread(wholeFaultText(one))).toEqual([one]);
  });

  it('reads as what it was written from, whatever its texts are', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 100 }), (message, model, percent) => {
        const one = fault({ kind: 'status', status: 404, message, model, percent });
        expect(reread(wholeFaultText(one))).toEqual([one]);
      }),
    );
  });

  it('of a kind that only another version knows is told as it is', () => {
    expect(wholeFaultText({ kind: 'quantum', phase: 3, percent: 1 })).toBe('quantum phase=3 percent=1');
  });
});

describe('what the engine has done', () => {
  it.each<[EngineState, string[]]>([
    [{ state: 'running' }, []],
    [{ state: 'paused' }, ['paused']],
    [{ state: 'running', disconnected: true }, ['disconnected']],
    [{ state: 'paused', disconnected: true }, ['paused', 'disconnected']],
    [{ state: 'exited', exit: { exitCode: 70, oomKilled: false } }, ['exited with code 70']],
    [{ state: 'exited', exit: { exitCode: null, signal: 'SIGKILL', oomKilled: false } }, ['ended by SIGKILL']],
    [{ state: 'exited', exit: { exitCode: 137, oomKilled: true } }, ['exited: out of memory']],
    [{ state: 'exited' }, ['exited']],
  ])('%j', (state, texts) => {
    expect(standingEngineFaults(state).map(({ text }) => text)).toEqual(texts);
  });
});
