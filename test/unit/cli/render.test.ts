import { describe, expect, it } from 'vitest';
import { renderInit, renderStatus, renderUp } from '../../../src/cli/render.js';
import type { StatusReport } from '../../../src/commands/status.js';
import type { UpPlanReport, UpReport } from '../../../src/commands/up.js';
import { outcome, reportOf } from '../checks/sample-report.js';

const engine = {
  kind: 'process',
  title: 'local process',
  endpoint: 'here',
  os: 'linux',
  architecture: 'amd64',
  reason: 'no Docker',
} as const;
const endpoints = { grpc: '127.0.0.1:1', http: 'http://127.0.0.1:2' };
const smoke = reportOf([
  outcome('passed'),
  outcome('failed', { message: 'wrong' }),
  outcome('noted', { message: 'odd' }),
  outcome('skipped', { message: 'absent' }),
]);
const up: UpReport = {
  name: 'mine',
  engine,
  outcome: 'create',
  changes: [],
  image: { source: 'none', id: 'sha256:1', cached: true },
  endpoints,
  models: ['a', 'b'],
  phases: [],
  swept: [],
  budget: { totalMs: 1500, budgetMs: 300_000, share: 0.005, over: false, restMs: 0 },
};

describe('up', () => {
  it('says that it is up, how long that took, and where it is', () => {
    expect(renderUp(up).split('\n')).toEqual([
      'mine is up: ready in 1.50 s, 0.5 % of the 5m budget',
      '  gRPC    127.0.0.1:1',
      '  REST    http://127.0.0.1:2',
      '  models  a, b',
      '  engine  local process (no Docker)',
    ]);
  });

  it.each([
    { outcome: 'unchanged', says: 'mine was up already, unchanged: ' },
    { outcome: 'recreate', says: 'mine was recreated and is up: ' },
  ] as const)('says that it was $outcome', ({ outcome, says }) => {
    expect(renderUp({ ...up, outcome })).toContain(says);
  });

  it('says what differed', () => {
    expect(renderUp({ ...up, outcome: 'recreate', changes: ['ports.grpc: 1 → 2'] })).toContain(
      '\n  ports.grpc: 1 → 2\n',
    );
  });

  it('says when it ends by itself', () => {
    expect(renderUp({ ...up, expiresAt: '2030-01-01T00:00:00.000Z' })).toContain(
      '\n  ends    2030-01-01T00:00:00.000Z',
    );
  });

  it('says when it was over its budget', () => {
    const budget = { totalMs: 2000, budgetMs: 1000, share: 2, over: true, restMs: 0 };
    expect(renderUp({ ...up, budget })).toContain('ready in 2.00 s, over the 1.00 s budget');
  });

  it('shows the checks that failed, and how many did not', () => {
    const text = renderUp({ ...up, smoke });
    expect(text).toContain('✖ It is failed: wrong');
    expect(text).toContain('1 passed, 1 failed, 1 noted, 1 skipped in 1.23 s');
    expect(text).not.toContain('It is passed');
  });

  it('as a dry run says what would be done and why, and that nothing was', () => {
    const plan: UpPlanReport = {
      name: 'mine',
      engine,
      outcome: 'recreate',
      changes: ['a: 1 → 2'],
      dryRun: true,
      operations: [
        { kind: 'image', reason: 'it is there' },
        { kind: 'await-ready', reason: 'to be sure' },
      ],
    };
    expect(renderUp(plan).split('\n')).toEqual([
      'Would set up mine with local process (no Docker):',
      '  image        it is there',
      '  await-ready  to be sure',
      '  a: 1 → 2',
      'Nothing was changed.',
    ]);
  });
});

describe('status', () => {
  const running: StatusReport = {
    name: 'mine',
    state: 'running',
    engine,
    endpoints,
    health: { endpoint: '127.0.0.1:1', live: true, ready: true, models: [] },
    models: [
      { name: 'a', versions: ['1', '2'], kind: 'scale', ready: true },
      { name: 'b', versions: ['1'], kind: 'sum', ready: false, reason: 'unloaded' },
      { name: 'c', versions: ['1'], kind: 'sum' },
    ],
    tried: [],
  };

  it('of what runs says how it is, where, and each model', () => {
    const text = renderStatus(running);
    expect(text.split('\n')[0]).toBe('mine is running, live and ready');
    for (const line of ['127.0.0.1:1', 'a 1, 2 (scale, ready)', 'b (sum, not ready: unloaded)', 'c (sum)'])
      expect(text).toContain(line);
    expect(text).not.toContain('config has changed');
  });

  it.each([
    { health: { live: true, ready: false }, says: 'mine is running, live, not ready' },
    { health: { live: false, ready: false, reason: 'refused' }, says: 'mine is running, not live (refused)' },
  ])('says $says', ({ health, says }) => {
    const whole = { endpoint: '', models: [], ...health };
    expect(renderStatus({ ...running, health: whole })).toContain(says);
  });

  it('says what has changed in the config, and how to apply it', () => {
    const text = renderStatus({ ...running, drift: ['resources.cpus: 1 → 2'] });
    expect(text).toContain('kserve-env up applies it:\n  resources.cpus: 1 → 2');
  });

  it('of nothing says where it was looked for', () => {
    const tried = [
      { endpoint: 'unix:///a', outcome: 'does not exist' },
      { endpoint: 'unix:///b', outcome: 'answers' },
    ];
    expect(renderStatus({ name: 'mine', state: 'absent', models: [], tried }).split('\n')).toEqual([
      'mine is not there',
      '  looked in unix:///a: does not exist',
      '  looked in unix:///b: has none',
    ]);
  });

  it('of a dead one says so, with no health', () => {
    const { health: _, endpoints: __, ...rest } = running;
    expect(renderStatus({ ...rest, state: 'exited' }).split('\n')[0]).toBe('mine is exited');
  });
});

it('init names the files it wrote, or is the text itself', () => {
  expect(renderInit({ written: ['/a', '/b'], text: 'version: 1\n' })).toBe('Wrote /a\nWrote /b');
  expect(renderInit({ written: [], text: 'version: 1\n' })).toBe('version: 1');
});
