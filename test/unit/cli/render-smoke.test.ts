import { describe, expect, it } from 'vitest';
import type { CaseResult } from '../../../src/checks/case.js';
import type { RunReport } from '../../../src/checks/report/run-report.js';
import { renderSmoke } from '../../../src/cli/render-smoke.js';
import { renderSmokeList } from '../../../src/cli/render-smoke-list.js';
import type { Space } from '../../../src/cli/space.js';
import { symbolsFor } from '../../../src/cli/symbols.js';
import { widthOf } from '../../../src/cli/text.js';
import { hostileTexts, outcome, reportOf } from '../checks/sample-report.js';

const space: Space = {
  symbols: symbolsFor({ LANG: 'C.UTF-8' }),
  paint: (_, text) => text,
  columns: Number.POSITIVE_INFINITY,
  verbose: false,
};

const lines = (cases: CaseResult[], more: Partial<Space> = {}, report: Partial<RunReport> = {}) =>
  renderSmoke(reportOf(cases, report), { ...space, ...more }).split('\n');

describe('what smoke shows', () => {
  it('is a line a suite and the counts, where all passed', () => {
    const cases = [outcome('passed', { suite: 'health', ms: 12 }), outcome('passed'), outcome('passed')];
    expect(lines(cases)).toEqual([
      '✔ health  1 passed  12 ms',
      '✔ infer   2 passed   3 ms',
      '3 passed, 0 failed in 1.23 s',
    ]);
  });

  it('of a failure is all that helps: message, request, answer, what is right, and how to run it alone', () => {
    expect(lines([outcome('passed'), outcome('failed')])).toEqual([
      '✖ infer  1 passed, 1 failed  3 ms',
      '  ✖ It is failed',
      '    because it failed',
      '    → gRPC ModelInfer',
      '      model scaler',
      '      input FP64 [2] typed: 1 2',
      '    ← after 1.2 ms',
      '      model scaler, version 1',
      '      output FP64 [2] typed: 2 5',
      '    spec   what is said',
      '    why    what is suffered',
      '    alone  kserve-env smoke --case infer/scaler/failed/grpc-typed',
      '1 passed, 1 failed in 1.23 s',
    ]);
  });

  it('of a note is one line, which is a failure where notes count', () => {
    expect(lines([outcome('noted')]).slice(0, 2)).toEqual([
      '✔ infer  1 noted  2 ms',
      '  ℹ It is noted: because it noted',
    ]);
    const strict = lines([outcome('noted')], {}, { strict: true });
    expect(strict[0]).toBe('✖ infer  1 noted  2 ms');
    expect(strict).toContain('    spec   what is said');
  });

  it('of a suite that was skipped as a whole says why', () => {
    const cases = [
      outcome('skipped', { message: 'no REST endpoint' }),
      outcome('skipped', { message: 'no REST endpoint' }),
    ];
    expect(lines(cases)[0]).toBe('– infer  2 skipped: no REST endpoint  3 ms');
  });

  it('has every case, where more is asked for', () => {
    const shown = lines([outcome('passed'), outcome('skipped')], { verbose: true });
    expect(shown).toContain('  ✔ It is passed  1.5 ms');
    expect(shown).toContain('  – It is skipped: because it skipped  1.5 ms');
  });

  it('says what was written, and what was not run', () => {
    const report = {
      ...reportOf([outcome('failed')], { notRun: 5 }),
      written: [{ kind: 'html' as const, path: '/r.html' }],
    };
    expect(renderSmoke(report, space).split('\n').slice(-3)).toEqual([
      '0 passed, 1 failed in 1.23 s',
      'ended with the first failure: 5 cases were not run',
      'Wrote /r.html',
    ]);
  });

  it('has ASCII alone where a terminal has no more', () => {
    const shown = lines([outcome('failed'), outcome('noted'), outcome('skipped')], {
      symbols: symbolsFor({ LANG: 'C' }),
    }).join('\n');
    expect(shown).toMatch(/^[\n\x20-\x7e]*$/);
    expect(shown).toContain('-> gRPC ModelInfer');
  });

  it('has colours by verdict', () => {
    const painted = lines([outcome('failed'), outcome('noted')], { paint: (style, text) => `<${style}>${text}` });
    expect(painted[0]).toMatch(/^<red>✖ infer/);
    expect(painted.join('\n')).toContain('  <yellow>ℹ It is noted');
  });

  it('fits the terminal but for what is to be copied', () => {
    const wide = outcome('failed', {
      exchanges: [
        { transport: 'rest', call: 'POST /v2', request: ['模'.repeat(200)], answer: ['y'.repeat(300)], ms: 1 },
      ],
    });
    const shown = lines([wide, outcome('noted', { message: 'n'.repeat(300) })], { columns: 60 });
    for (const line of shown.filter((line) => !line.includes('alone'))) expect(widthOf(line)).toBeLessThanOrEqual(60);
  });
});

describe('a hundred failures', () => {
  const many = (message: (index: number) => string) =>
    Array.from({ length: 100 }, (_, index) =>
      outcome('failed', { id: `infer/scaler/${index}/grpc-typed`, message: message(index) }),
    );

  it('of one reason are told once', () => {
    const shown = lines(many((index) => `expected ${index}, got ${index + 1}`));
    expect(shown).toContain('  ✖ It is failed (and 99 more like it)');
    expect(shown.length).toBeLessThan(16);
  });

  it('of a hundred reasons do not flood', () => {
    const word = (index: number) =>
      String.fromCharCode(97 + (index % 26)) + String.fromCharCode(97 + Math.floor(index / 26));
    const shown = lines(many(word));
    expect(shown.length).toBeLessThan(200);
    expect(shown.at(-2)).toBe('  and 50 more; --verbose shows all, --html FILE makes a page of them');
  });

  it('are all there, where more is asked for', () => {
    const shown = lines(
      many(() => 'the same'),
      { verbose: true },
    );
    expect(shown.filter((line) => line.includes('✖ It is failed'))).toHaveLength(100);
  });
});

describe('whatever a server says', () => {
  it.each(hostileTexts)('%j moves no cursor and turns no text around', (text) => {
    const exchange = { transport: 'rest' as const, call: text, request: [text], answer: [text], ms: 1 };
    const said = { message: text, title: text, id: `infer/${text}`, spec: text, why: text, exchanges: [exchange] };
    for (const verbose of [false, true]) {
      const shown = lines([outcome('failed', said), outcome('noted', said), outcome('skipped', said)], { verbose });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these would move a cursor
      for (const line of shown) expect(line).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });
});

describe('the list of cases', () => {
  const { spec, why, transports } = outcome('passed');
  const cases = [{ id: 'health/live/grpc', suite: 'health' as const, title: 'It lives', spec, why, transports }];
  const server = { name: 'triton', version: '2', models: [] };

  it('has ids to copy and titles, and says whose they are', () => {
    expect(renderSmokeList({ server, asked: true, cases }, false).split('\n')).toEqual([
      'health/live/grpc  It lives',
      '1 case for triton 2',
    ]);
  });

  it('says that no server was asked', () => {
    expect(renderSmokeList({ server, asked: false, cases: [] }, false)).toBe(
      '0 cases for a kserve-env with its default models; no server was asked',
    );
  });

  it('has specification and reason, where more is asked for', () => {
    expect(renderSmokeList({ server, asked: true, cases }, true)).toContain(
      '  spec  what is said\n  why   what is suffered',
    );
  });
});
