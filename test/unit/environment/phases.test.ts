import { describe, expect, it } from 'vitest';
import {
  budgetedPhases,
  budgetReport,
  createPhaseRecorder,
  OverBudgetError,
  type Progress,
  silentProgress,
} from '../../../src/environment/phases.js';

/** A clock that stands still until it is told otherwise. */
function fakeClock() {
  let at = 1000;
  return {
    now: () => at,
    advance: (ms: number) => {
      at += ms;
    },
  };
}

function spy(): Progress & { seen: string[] } {
  const seen: string[] = [];
  return {
    ...silentProgress,
    seen,
    phaseStarted: (phase) => seen.push(`started ${phase}`),
    phaseFinished: ({ phase, ms }) => seen.push(`finished ${phase} ${ms}`),
    phaseFailed: (phase, ms) => seen.push(`failed ${phase} ${ms}`),
  };
}

describe('the phase recorder', () => {
  it('times each phase, passes its value on, and keeps the order', async () => {
    const clock = fakeClock();
    const progress = spy();
    const phases = createPhaseRecorder(progress, clock.now);
    const value = await phases.run('image', async () => {
      clock.advance(120.06);
      return { value: 'sha256:1', detail: 'assembled', cached: true };
    });
    clock.advance(5);
    await phases.run('create', async () => {
      clock.advance(30);
      return { value: undefined, detail: 'new' };
    });
    expect(value).toBe('sha256:1');
    expect(phases.records).toEqual([
      { phase: 'image', ms: 120.1, cached: true, detail: 'assembled' },
      { phase: 'create', ms: 30, cached: false, detail: 'new' },
    ]);
    expect(phases.elapsed()).toBeCloseTo(155.06);
    expect(progress.seen).toEqual(['started image', 'finished image 120.1', 'started create', 'finished create 30']);
  });

  it('hands a failure on untouched, tells it, and records no phase', async () => {
    const clock = fakeClock();
    const progress = spy();
    const phases = createPhaseRecorder(progress, clock.now);
    const failure = new Error('no');
    const failed = phases.run('start', async () => {
      clock.advance(7);
      throw failure;
    });
    await expect(failed).rejects.toBe(failure);
    expect(phases.records).toEqual([]);
    expect(progress.seen).toEqual(['started start', 'failed start 7']);
  });
});

describe('the budget', () => {
  it.each([
    { total: 0, budget: 1000, share: 0, over: false },
    { total: 250, budget: 1000, share: 0.25, over: false },
    { total: 1000, budget: 1000, share: 1, over: false },
    { total: 1000.4, budget: 1000, share: 1.0004, over: true },
    { total: 1, budget: 3, share: 0.333333, over: false },
  ])('$total ms of $budget is a share of $share', ({ total, budget, share, over }) => {
    const report = { totalMs: total, budgetMs: budget, share, over, restMs: total };
    expect(budgetReport(total, budget, [])).toEqual(report);
  });

  it('is told what every phase took of it, and what none of them did', () => {
    const records = [
      { phase: 'image', ms: 120.1, cached: true, detail: 'assembled' },
      { phase: 'create', ms: 30, cached: false, detail: 'new' },
    ] as const;
    expect(budgetReport(200, 1000, records).restMs).toBe(49.9);
    expect(budgetedPhases(records, 1000).map(({ share }) => share)).toEqual([0.1201, 0.03]);
  });

  it('that was passed is an error with its own exit code, and a next step', () => {
    const error = new OverBudgetError(budgetReport(2000, 1000, []));
    expect(error).toMatchObject({ code: 'OVER_BUDGET', exitCode: 10, details: { totalMs: 2000, budgetMs: 1000 } });
    expect(error.hint).toContain('--budget');
  });
});
