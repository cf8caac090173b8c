import { describe, expect, it } from 'vitest';
import { slowPhases } from '../../../src/environment/slow-phases.js';
import { median, timingsGroups } from '../../../src/environment/timing-figures.js';
import { setUpRecord } from './set-up-records.js';

describe('the median', () => {
  it.each([
    { of: [], is: 0 },
    { of: [7], is: 7 },
    { of: [9, 1], is: 5 },
    { of: [9, 1, 2], is: 2 },
    { of: [10, 9, 100, 1], is: 9.5 },
  ])('of $of is $is', ({ of, is }) => expect(median(of)).toBe(is));
});

describe('the figures of a history', () => {
  it('are none where there is no record', () => {
    expect(timingsGroups([], 10)).toEqual([]);
  });

  it('tell last, median, least and most of each phase, its share of the time and of the budget', () => {
    const runs = [200, 400, 300].map((ms) =>
      setUpRecord({ phases: [{ phase: 'live', ms, cached: false }], totalMs: ms + 100, budgetMs: 1000 }),
    );
    const [group] = timingsGroups(runs, 10);
    expect(group).toMatchObject({ name: 'mine', engine: 'process', setUps: 3, unchanged: 0, failed: {} });
    expect(group?.phases).toEqual([
      {
        phase: 'live',
        runs: 3,
        cached: 0,
        lastMs: 300,
        medianMs: 300,
        minMs: 200,
        maxMs: 400,
        share: 0.75,
        budgetShare: 0.3,
        trend: [200, 400, 300],
      },
    ]);
    expect(group?.rest).toMatchObject({ lastMs: 100, medianMs: 100, share: 0.25 });
    expect(group?.total).toMatchObject({ lastMs: 400, medianMs: 400, share: 1, budgetShare: 0.4 });
  });

  it('have a gap where a set-up had no such phase, and count what was cached', () => {
    const [first, second] = [setUpRecord(), setUpRecord({ phases: [{ phase: 'image', ms: 5, cached: false }] })];
    const phases = timingsGroups([first, second], 10)[0]?.phases;
    expect(phases?.find(({ phase }) => phase === 'live')?.trend).toEqual([300, null]);
    expect(phases?.find(({ phase }) => phase === 'image')).toMatchObject({ runs: 2, cached: 1, trend: [100, 5] });
  });

  it('are of set-ups that made something; others are counted', () => {
    const group = timingsGroups(
      [
        setUpRecord(),
        setUpRecord({ outcome: 'recreate', error: 'OVER_BUDGET' }),
        setUpRecord({ outcome: 'unchanged', totalMs: 1 }),
        setUpRecord({ outcome: 'failed', error: 'PORT_IN_USE', totalMs: 1 }),
        setUpRecord({ outcome: 'failed', error: 'PORT_IN_USE', totalMs: 1 }),
      ],
      10,
    )[0];
    expect(group).toMatchObject({ setUps: 2, unchanged: 1, failed: { PORT_IN_USE: 2 } });
    expect(group?.total?.minMs).toBe(500);
    expect(group?.runs).toHaveLength(5);
  });

  it('have no total where every set-up failed', () => {
    const [group] = timingsGroups([setUpRecord({ outcome: 'failed', error: 'INTERRUPTED' })], 10);
    expect(group).toMatchObject({ setUps: 0, phases: [] });
    expect(group).not.toHaveProperty('total');
  });

  it('are apart for each environment on each engine, and of the newest so many of each', () => {
    const runs = [
      setUpRecord({ totalMs: 1 }),
      setUpRecord({ totalMs: 2 }),
      setUpRecord({ engine: 'docker' }),
      setUpRecord({ name: 'other' }),
      setUpRecord({ totalMs: 3 }),
    ];
    const groups = timingsGroups(runs, 2);
    expect(groups.map(({ name, engine, setUps }) => [name, engine, setUps])).toEqual([
      ['mine', 'process', 2],
      ['mine', 'docker', 1],
      ['other', 'process', 1],
    ]);
    expect(groups[0]?.total?.trend).toEqual([2, 3]);
  });
});

describe('a phase that is slow', () => {
  const live = (ms: number, overrides = {}) =>
    setUpRecord({ phases: [{ phase: 'live', ms, cached: false }], ...overrides });
  const usual = Array.from({ length: 5 }, (_, index) => live(298 + index));

  it('is named, with what it took and what it takes as a rule', () => {
    expect(slowPhases(live(1000), usual)).toEqual([
      'Server live took 1.00 s, and 300 ms as a rule; kserve-env timings has the history',
    ]);
  });

  it.each([
    { why: 'it is less than twice as slow', current: live(599), earlier: usual },
    { why: 'nobody feels it', current: live(250), earlier: usual.map(() => live(1)) },
    { why: 'the history is too short', current: live(1000), earlier: usual.slice(1) },
    { why: 'it was another engine', current: live(1000, { engine: 'docker' }), earlier: usual },
    { why: 'it was another environment', current: live(1000, { name: 'other' }), earlier: usual },
    {
      why: 'those before had nothing to start',
      current: live(1000),
      earlier: usual.map((run) => ({ ...run, outcome: 'unchanged' as const })),
    },
    {
      why: 'those before found it cached',
      current: live(1000),
      earlier: usual.map((run) => ({ ...run, phases: [{ phase: 'live' as const, ms: 1, cached: true }] })),
    },
    {
      why: 'those before failed',
      current: live(1000),
      earlier: usual.map((run) => ({ ...run, outcome: 'failed' as const })),
    },
    {
      why: 'it has become the rule',
      current: live(1000),
      earlier: [...usual, ...Array.from({ length: 20 }, () => live(900))],
    },
  ])('is not named where $why', ({ current, earlier }) => {
    expect(slowPhases(current, earlier)).toEqual([]);
  });

  it('is compared between a new environment and a remade one', () => {
    expect(slowPhases(live(1000, { outcome: 'recreate' }), usual)).toHaveLength(1);
  });
});
