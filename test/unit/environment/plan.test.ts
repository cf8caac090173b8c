import { describe, expect, it } from 'vitest';
import type { Instance } from '../../../src/engine/engine.js';
import { planUp } from '../../../src/environment/plan.js';
import { type EnvironmentSpec, instanceSpec } from '../../../src/environment/spec.js';
import { desired, instanceOf } from './desired.js';

const now = Date.parse('2030-01-01T12:00:00Z');

const other = structuredClone(desired);
other.resources.cpus = 2;

function withoutPorts({ endpoints: _, ...rest }: Instance): Instance {
  return rest;
}

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
    what: 'one whose ports are gone',
    observed: withoutPorts(instanceOf(desired)),
    outcome: 'recreate',
    reason: 'the existing one has no ports any more',
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
    const plan = planUp(desired, observed, now);
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
    expect(planUp(desired, instanceOf(desired), now).outcome).toBe('unchanged');
  });

  it('counts the values that differ, and names each', () => {
    const two = structuredClone(other);
    two.server.logLevel = 'debug';
    const plan = planUp(desired, instanceOf(two), now);
    expect(plan.operations[0]).toEqual({ kind: 'remove', reason: '2 values differ' });
    expect(plan.changes).toHaveLength(2);
  });
});

describe('up, where an environment ends by itself', () => {
  const minutes = (count: number) => count * 60_000;
  const withTtl = (ttl: number): EnvironmentSpec => ({ ...desired, ttl });
  /** Made so long ago, to end after `ttl` minutes. */
  const made = (ttl: number, ago: number, setOutside = ['ttl']) => {
    const { labels } = instanceSpec('mine', withTtl(minutes(ttl)), { now: now - minutes(ago), setOutside });
    return instanceOf(desired, { labels });
  };

  it.each([
    { what: 'as long as asked for', asked: 30, observed: made(30, 10), outcome: 'unchanged' },
    {
      what: 'for a while yet, and nothing is asked for',
      asked: undefined,
      observed: made(30, 29),
      outcome: 'unchanged',
    },
    {
      what: 'too soon',
      asked: 30,
      observed: made(30, 16),
      outcome: 'recreate',
      reason: 'the existing one ends in 14m, less than half of the 30m asked for',
    },
    {
      what: 'too late',
      asked: 10,
      observed: made(30, 10),
      outcome: 'recreate',
      reason: 'the existing one ends in 20m, later than the 10m asked for',
    },
    {
      what: 'never',
      asked: 30,
      observed: instanceOf(desired),
      outcome: 'recreate',
      reason: 'the existing one does not end by itself',
    },
    {
      what: 'now',
      asked: undefined,
      observed: made(30, 31),
      outcome: 'recreate',
      reason: 'the time of the existing one was over at 2030-01-01T11:59:00.000Z',
    },
    {
      what: 'as a file said that no longer does',
      asked: undefined,
      observed: made(30, 1, []),
      outcome: 'recreate',
      reason: 'a value differs',
    },
  ])('$what: $outcome', ({ asked, observed, outcome, reason = 'already running as desired' }) => {
    const plan = planUp(asked === undefined ? desired : withTtl(minutes(asked)), observed, now);
    expect(plan.outcome).toBe(outcome);
    expect(plan.operations[0]?.reason).toBe(reason);
  });
});
