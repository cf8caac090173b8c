import { describe, expect, it } from 'vitest';
import { renderBudget } from '../../../src/cli/render-budget.js';
import { markdownTimings, renderTimings } from '../../../src/cli/render-timings.js';
import { symbolsFor } from '../../../src/cli/symbols.js';
import type { TimingsReport } from '../../../src/commands/timings.js';
import { timingsGroups } from '../../../src/environment/timing-figures.js';
import { setUpRecord } from '../environment/set-up-records.js';

const space = { symbols: symbolsFor({}), columns: Number.POSITIVE_INFINITY };
const records = [
  setUpRecord(),
  setUpRecord({
    phases: [
      { phase: 'engine', ms: 20, cached: false },
      { phase: 'image', ms: 120, cached: true },
      { phase: 'live', ms: 600, cached: false },
    ],
    totalMs: 1000,
  }),
];
const reportOf = (runs = records, overrides: Partial<TimingsReport> = {}): TimingsReport => ({
  name: 'mine',
  history: '/state/.timings',
  cleared: false,
  groups: timingsGroups(runs, 20),
  ...overrides,
});

describe('timings', () => {
  it('are a table of phases, with a bar for the share of the time and a trend', () => {
    expect(renderTimings(reportOf(), space).split('\n')).toEqual([
      'mine (process): 2 set-ups; budget 1.00 s',
      '  phase             last  median     min     max  budget  share    trend',
      '  Engine           20 ms   15 ms   10 ms   20 ms   1.5 %  █        ▅█',
      '  Image (cached)  120 ms  110 ms  100 ms  120 ms    11 %  ██       ▇█',
      '  Server live     600 ms  450 ms  300 ms  600 ms    45 %  ███████  ▅█',
      '  Rest            260 ms  175 ms   90 ms  260 ms    18 %  ███      ▃█',
      '  Total           1.00 s  750 ms  500 ms  1.00 s    75 %           ▅█',
    ]);
  });

  it('fit the terminal: what there is no room for is left out, the trend first', () => {
    for (const columns of [100, 72, 62, 50, 30, 10]) {
      const lines = renderTimings(reportOf(), { ...space, columns })
        .split('\n')
        .slice(1);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(columns, 16));
      expect(lines[0]).toContain('phase');
    }
    expect(renderTimings(reportOf(), { ...space, columns: 62 })).not.toContain('trend');
  });

  it('are ASCII where there is no UTF-8', () => {
    const text = renderTimings(reportOf(), { ...space, symbols: symbolsFor({ LANG: 'C' }) });
    expect(text).toMatch(/^[ -~\n]+$/);
    expect(text).toContain('#######');
  });

  it('count what failed, by its code, and what was there already', () => {
    const runs = [
      ...records,
      setUpRecord({ outcome: 'unchanged' }),
      setUpRecord({ outcome: 'failed', error: 'PORT_IN_USE' }),
      setUpRecord({ outcome: 'failed', error: 'PORT_IN_USE' }),
      setUpRecord({ outcome: 'failed', error: 'INTERRUPTED' }),
    ];
    expect(renderTimings(reportOf(runs), space)).toContain(
      'mine (process): 2 set-ups, 1 found it up already, 2 failed (PORT_IN_USE), 1 failed (INTERRUPTED); budget 1.00 s\n',
    );
  });

  it('have no table where nothing was set up', () => {
    const text = renderTimings(reportOf([setUpRecord({ outcome: 'failed', error: 'PORT_IN_USE' })]), space);
    expect(text).toBe('mine (process): 0 set-ups, 1 failed (PORT_IN_USE); budget 1.00 s');
  });

  it('say that there is no history', () => {
    expect(renderTimings(reportOf([]), space)).toBe('There is no history of set-ups of mine');
    const { name: _, ...all } = reportOf([]);
    expect(renderTimings(all, space)).toBe('There is no history of set-ups');
    expect(markdownTimings(all, space)).toBe('There is no history of set-ups');
  });

  it('say what was forgotten', () => {
    expect(renderTimings(reportOf(records, { cleared: true }), space)).toBe('Forgot the set-ups of mine (process)');
  });

  it('show a phase that a set-up had not as a gap', () => {
    const runs = [...records, setUpRecord({ phases: [{ phase: 'engine', ms: 10, cached: false }] })];
    const image = renderTimings(reportOf(runs), space).split('\n')[3];
    expect(image).toMatch(/▇█$/);
  });

  it('are a table of Markdown too', () => {
    const [title, , head, rule, first] = markdownTimings(reportOf(), space).split('\n');
    expect(title).toBe('### mine (process): 2 set-ups; budget 1.00 s');
    expect(head).toBe('| phase | last | median | min | max | of the time | of the 1.00 s budget | trend |');
    expect(rule).toBe('| --- | --: | --: | --: | --: | --: | --: | --- |');
    expect(first).toBe('| Engine | 20 ms | 15 ms | 10 ms | 20 ms | 2.0 % | 1.5 % | ▅█ |');
  });
});

it('the budget of one set-up is told phase by phase, with what was no phase and the total', () => {
  const phases = [
    { phase: 'engine', ms: 12, cached: false, detail: '', share: 0.012 },
    { phase: 'image', ms: 100, cached: true, detail: '', share: 0.1 },
  ] as const;
  const budget = { totalMs: 150, budgetMs: 1000, share: 0.15, over: false, restMs: 38 };
  expect(renderBudget({ phases: [...phases], budget }).split('\n')).toEqual([
    '  phase             time  of 1.00 s',
    '  Engine           12 ms      1.2 %',
    '  Image (cached)  100 ms       10 %',
    '  Rest             38 ms      3.8 %',
    '  Total           150 ms       15 %',
  ]);
});
