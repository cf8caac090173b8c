import { describe, expect, it } from 'vitest';
import type { Instance } from '../../../src/engine/engine.js';
import { planUp } from '../../../src/environment/plan.js';
import { desired, instanceOf } from './desired.js';

const other = structuredClone(desired);
other.resources.cpus = 2;

const cases: { what: string; observed: Instance | undefined; outcome: string; reason: string; changes?: string[] }[] = [
  { what: 'nothing', observed: undefined, outcome: 'create', reason: 'no environment of that name' },
  {
    what: 'the same, running',
    observed: instanceOf(desired),
    outcome: 'unchanged',
    reason: 'already running as desired',
  },
  {
    what: 'another one, running',
    observed: instanceOf(other),
    outcome: 'recreate',
    reason: 'a value differs',
    changes: ['resources.cpus: 2 → 1'],
  },
  {
    what: 'one that was never started',
    observed: instanceOf(desired, { state: 'created' }),
    outcome: 'recreate',
    reason: 'the existing one is created',
  },
  {
    what: 'a paused one',
    observed: instanceOf(desired, { state: 'paused' }),
    outcome: 'recreate',
    reason: 'the existing one is paused',
  },
  {
    what: 'a dead one',
    observed: instanceOf(desired, { state: 'exited', exit: { exitCode: 137, oomKilled: true } }),
    outcome: 'recreate',
    reason: 'the existing one has exited with code 137',
  },
  {
    what: 'one that nobody saw die',
    observed: instanceOf(desired, { state: 'exited', exit: { exitCode: null, oomKilled: false } }),
    outcome: 'recreate',
    reason: 'the existing one has exited',
  },
  {
    what: 'left-overs',
    observed: instanceOf(desired, { state: 'incomplete', labels: {} }),
    outcome: 'recreate',
    reason: 'left over from an interrupted command',
  },
  {
    what: 'one without our labels',
    observed: instanceOf(desired, { labels: {} }),
    outcome: 'recreate',
    reason: 'its labels do not say what it was made from',
  },
];

describe('up, where there is', () => {
  it.each(cases)('$what: $outcome, because $reason', ({ observed, outcome, reason, changes = [] }) => {
    const plan = planUp(desired, observed);
    expect(plan).toMatchObject({ outcome, changes });
    const kinds = plan.operations.map(({ kind }) => kind).join(' ');
    expect(kinds).toBe(
      { create: 'create start await-ready', recreate: 'remove create start await-ready', unchanged: 'await-ready' }[
        outcome
      ],
    );
    expect(plan.operations[0]?.reason).toBe(reason);
    for (const operation of plan.operations) expect(operation.reason).not.toBe('');
  });

  it('finds what it made as it wants it: a second up changes nothing', () => {
    expect(planUp(desired, instanceOf(desired)).outcome).toBe('unchanged');
  });

  it('counts the values that differ, and names each', () => {
    const two = structuredClone(other);
    two.server.logLevel = 'debug';
    const plan = planUp(desired, instanceOf(two));
    expect(plan.operations[0]).toEqual({ kind: 'remove', reason: '2 values differ' });
    expect(plan.changes).toHaveLength(2);
  });
});
