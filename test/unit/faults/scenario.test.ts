import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readyMadeScenarios } from '../../../src/faults/ready-made-scenarios.js';
import { readScenario, type Scenario, type ScenarioInput } from '../../../src/faults/scenario.js';
import { TimelineError, timelineOf } from '../../../src/faults/scenario-timeline.js';

function scenario(input: unknown): Scenario {
  const result = readScenario(input);
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result.scenario;
}

/** Path and message of everything that is wrong. */
function wrong(input: unknown): string[] {
  const result = readScenario(input);
  return 'issues' in result ? result.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) : [];
}

const usual = { speed: 1, seed: 1 };
const told = (input: ScenarioInput, options = usual) =>
  timelineOf(scenario(input), options).entries.map(({ atMs, text }) => `${atMs} ${text}`);

describe('a scenario', () => {
  it('takes faults as text, as mappings, and as lists of both', () => {
    const read = scenario({
      steps: [
        { at: '0s', add: 'not-ready' },
        { at: 0, add: { kind: 'delay', time: '2s' } },
        { at: '1s', add: ['hang rpc=ModelInfer, nan', { kind: 'crash' }] },
      ],
    });
    const kinds = read.steps.map((step) => (step.do === 'add' ? step.faults.map(({ kind }) => kind) : []));
    expect(kinds).toEqual([['not-ready'], ['delay'], ['hang', 'nan', 'crash']]);
  });

  it('has the server end what is added for a time, unless the fault says otherwise itself', () => {
    const { steps } = scenario({ steps: [{ at: '0s', add: ['hang', 'nan for=1s'], for: '3s' }] });
    expect(steps).toMatchObject([{ faults: [{ for: '3s' }, { for: '1s' }], forMs: 3000 }]);
  });

  it.each<[unknown, string]>([
    [{ steps: [{ at: '1', add: 'nan' }] }, 'steps.0.at: a duration'],
    [{ steps: [{ at: '1s' }] }, 'steps.0: one of add, clear or engine'],
    [{ steps: [{ at: '1s', add: 'nan', clear: 'all' }] }, 'steps.0: one of add, clear or engine'],
    [{ steps: [{ at: '1s', add: 'hnag' }] }, 'steps.0.add: a fault (there is no fault hnag'],
    [{ steps: [{ at: '1s', add: 'pause' }] }, 'steps.0.add: a fault (engine: pause in place of add'],
    [{ steps: [{ at: '1s', add: ['nan', 'hang time=1s'] }] }, 'steps.0.add.1: no setting time'],
    [{ steps: [{ at: '1s', add: ['nan', { kind: 'hang', time: '1s' }] }] }, 'steps.0.add.1: Unrecognized key'],
    [{ steps: [{ at: '1s', add: [{ kind: 'delay', time: 1 }] }] }, 'steps.0.add.0.time: a duration'],
    [{ steps: [{ at: '1s', add: 'crash', for: '1s' }] }, 'steps.0.add: nothing: crash happens once for for'],
    [{ steps: [{ at: '1s', add: [null] }] }, 'steps.0.add.0: '],
    [{ steps: [{ at: '1s', engine: 'explode' }] }, 'steps.0.engine: Invalid option'],
    [{ steps: [{ at: '1s', engine: 'restart', for: '1s' }] }, 'steps.0.for: nothing: restart takes no time'],
    [{ steps: [{ at: '1s', clear: 'all', for: '1s' }] }, 'steps.0.for: nothing'],
    [{ steps: [{ at: '1s', clear: 'all', name: 'x' }] }, 'steps.0.name: nothing'],
    [{ steps: [{ at: '1s', add: 'nan', colour: 'red' }] }, 'steps.0: Unrecognized key'],
    [{ steps: [{ at: '1s', add: 'nan' }], repeat: {} }, 'repeat: either times or for'],
    [{ steps: [] }, 'steps: '],
    [{}, 'steps: '],
    [7, ': '],
  ])('%j is refused with the place: %s', (input, start) => {
    const [first = '', ...more] = wrong(input);
    expect(first.slice(0, start.length)).toBe(start);
    expect(more).toEqual([]);
  });

  it('tells all that is wrong at once', () => {
    const steps = [{ at: '1s', add: ['hnag', 'dealy'] }, { at: '2s' }];
    expect(wrong({ steps })).toHaveLength(3);
  });

  it.each(Object.entries(readyMadeScenarios))('%s is one, with an end', (_, input) => {
    const { lengthMs, entries } = timelineOf(scenario(input), usual);
    expect(lengthMs).toBeGreaterThanOrEqual(Math.max(...entries.map(({ atMs }) => atMs)));
    expect(input.description).toMatch(/\.$/);
  });
});

describe('the timeline', () => {
  it('is in the order of time, and of the file where two are at once', () => {
    const steps: ScenarioInput['steps'] = [
      { at: '2s', clear: 'all' },
      { at: '0s', engine: 'pause', for: '2s' },
      { at: '2s', add: 'nan' },
    ];
    expect(told({ steps })).toEqual(['0 engine pause', '2000 clear all', '2000 engine unpause', '2000 add nan']);
  });

  it('goes round so many times, each round as long as it is said to be', () => {
    const steps: ScenarioInput['steps'] = [{ at: '0s', add: 'refuse', for: '1s' }];
    const all = ['0 add refuse for=1s', '3000 add refuse for=1s', '6000 add refuse for=1s'];
    expect(told({ steps, length: '3s', repeat: { times: 3 } })).toEqual(all);
    expect(told({ steps, length: '3s', repeat: { for: '7s' } })).toEqual(all);
    expect(timelineOf(scenario({ steps, length: '3s', repeat: { for: '7s' } }), usual).lengthMs).toBe(7000);
  });

  it('is as long as its last step', () => {
    const steps = [
      { at: '1s', add: 'nan for=4s' },
      { at: '2s', clear: 'nan' },
    ];
    expect(timelineOf(scenario({ steps }), usual).lengthMs).toBe(5000);
  });

  it('can be faster, and the times of faults with it, but not what they do', () => {
    const steps = [
      { at: '2s', add: 'delay=1s', for: '10s' },
      { at: '4s', engine: 'kill', for: '2s' },
    ] as const;
    expect(told({ steps: [...steps] }, { speed: 10, seed: 1 })).toEqual([
      '200 add delay=1s for=1000ms',
      '400 engine kill',
      '600 engine start',
    ]);
  });

  it('gives faults without a seed one that follows from its own, and other rounds others', () => {
    const steps = [{ at: '1s', add: ['hang percent=1', 'nan seed=3'] }];
    const seeds = (seed: number) =>
      timelineOf(scenario({ steps, repeat: { times: 2 } }), { speed: 1, seed }).entries.flatMap(({ act }) =>
        act.do === 'add' ? act.faults.map((fault) => fault.seed) : [],
      );
    expect(seeds(5)).toEqual(seeds(5));
    expect(seeds(5)).not.toEqual(seeds(6));
    const [first, second, third] = seeds(5);
    expect(second).toBe(3);
    expect(third).not.toBe(first);
  });

  it.each<ScenarioInput>([
    { steps: [{ at: '0s', add: 'nan' }], repeat: { times: 2 } },
    { steps: [{ at: '1ms', add: 'nan' }], repeat: { for: '1h' } },
  ])('is refused where it would have no end: %j', (input) => {
    expect(() => timelineOf(scenario(input), usual)).toThrow(TimelineError);
  });

  it('never goes back in time, whatever the steps', () => {
    const step = fc.record({ at: fc.integer({ min: 1, max: 5000 }), lasts: fc.integer({ min: 1, max: 5000 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), fc.integer({ min: 1, max: 5 }), (some, times) => {
        const steps = some.map(({ at, lasts }) => ({ at: `${at}ms`, add: 'nan', for: `${lasts}ms` }));
        const { entries, lengthMs } = timelineOf(scenario({ steps, repeat: { times } }), usual);
        expect(entries).toHaveLength(some.length * times);
        const moments = entries.map(({ atMs }) => atMs);
        expect(moments).toEqual([...moments].sort((a, b) => a - b));
        expect(lengthMs).toBeGreaterThanOrEqual(moments.at(-1) ?? 0);
      }),
    );
  });
});
