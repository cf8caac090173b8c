import { describe, expect, it } from 'vitest';
import { markdownReport } from '../../../src/checks/report/markdown.js';
import { hostileTexts, outcome, reportOf } from './sample-report.js';

const failed = (index: number, message = 'expected 4, got 5') =>
  outcome('failed', { id: `infer/scaler/values/${index}/grpc-typed`, message });

describe('the Markdown report', () => {
  it('begins with the verdict, and says which server it was', () => {
    const lines = markdownReport(reportOf([outcome('passed')])).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '### ✔ kserve-env smoke: 1 passed, 0 failed',
      '',
      'kserve-env 1.2.3, gRPC `127.0.0.1:1`, REST `http://127.0.0.1:2`, 2030-01-02T03:04:05.000Z by kserve-env 0.1.0',
    ]);
  });

  it('has a row a suite, and one for all', () => {
    const cases = [outcome('passed', { suite: 'health' }), outcome('passed'), outcome('noted'), outcome('skipped')];
    expect(markdownReport(reportOf(cases))).toContain(
      [
        '| suite | passed | failed | noted | skipped | time |',
        '| --- | --: | --: | --: | --: | --: |',
        '| health | 1 | 0 | 0 | 0 | 2 ms |',
        '| infer | 1 | 0 | 1 | 1 | 5 ms |',
        '| **all** | **2** | **0** | **1** | **1** | **1.23 s** |',
      ].join('\n'),
    );
  });

  it('tells a failure with request, answer, specification and the command that runs it alone', () => {
    const text = markdownReport(reportOf([failed(1)]));
    expect(text).toContain('### ✖ kserve-env smoke: 0 passed, 1 failed');
    for (const words of [
      '#### Failures',
      '**It is failed**',
      '`infer/scaler/values/1/grpc-typed`',
      '→ gRPC ModelInfer',
      'output FP64 \\[2\\] typed: 2 5'.replaceAll('\\', ''),
      'Specification: what is said',
      'Alone: `kserve-env smoke --case infer/scaler/values/1/grpc-typed`',
    ])
      expect(text).toContain(words);
  });

  it('tells failures alike once, and how many there are', () => {
    const text = markdownReport(reportOf([failed(1), failed(2, 'expected 40, got 51'), failed(3, 'something else')]));
    expect(text.match(/Specification:/g)).toHaveLength(2);
    expect(text).toContain('**It is failed** (and 1 more like it)');
  });

  it('has a table of notes, which are failures where notes count', () => {
    expect(markdownReport(reportOf([outcome('noted')]))).toContain('| infer | It is noted | because it noted |');
    const strict = markdownReport(reportOf([outcome('noted')], { strict: true }));
    expect(strict).toContain('### ✖');
    expect(strict).not.toContain('#### Notes');
  });

  it('stays small enough for the summary of a job, however much fails', () => {
    const answer = ['x'.repeat(400), 'y'.repeat(400)];
    const exchanges = [{ transport: 'rest' as const, call: 'POST /', request: answer, answer, ms: 1 }];
    const cases = Array.from({ length: 2000 }, (_, index) => ({
      ...failed(index, `kind ${'abcdefghij'[index % 10]}${String.fromCharCode(97 + (index % 26))}`.repeat(40)),
      exchanges,
    }));
    const text = markdownReport(reportOf(cases));
    expect(Buffer.byteLength(text)).toBeLessThan(512 * 1024);
    expect(text).toMatch(/and \d+ more kinds of failures/);
  });

  it('says how many cases were not run', () => {
    expect(markdownReport(reportOf([failed(1)], { notRun: 7 }))).toContain('7 cases were not run');
  });
});

describe('whatever a server says', () => {
  it.each(hostileTexts)('%j makes no heading, no table, no tag and no image of its own', (text) => {
    const exchange = { transport: 'rest' as const, call: text, request: [text], answer: [text], ms: 1 };
    const said = { message: text, title: text, id: `infer/${text}`, spec: text, why: text, exchanges: [exchange] };
    const cases = [outcome('failed', said), outcome('noted', said)];
    const markdown = markdownReport(
      reportOf(cases, { server: { name: text, version: text, extensions: [], models: [text] } }),
    );
    const { outside, fences } = withoutBlocks(markdown);
    expect(fences).toBe(2);
    expect(outside.filter((line) => /^#/.test(line))).toEqual([
      '### ✖ kserve-env smoke: 0 passed, 1 failed, 1 noted',
      '#### Failures',
      '#### Notes',
    ]);
    for (const line of outside.filter((line) => line.startsWith('|'))) {
      const cells = line.replace(/\\[\\|]/g, '').split('|').length - 2;
      expect([3, 6]).toContain(cells);
    }
    for (const line of outside) expect(line.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, '')).not.toMatch(/(?<!\\)</);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these would move a cursor
    expect(markdown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });
});

/** Lines outside of fenced blocks (GFM, section 4.5), and how many fences there were. */
function withoutBlocks(markdown: string): { outside: string[]; fences: number } {
  const outside: string[] = [];
  let fence: string | undefined;
  let fences = 0;
  for (const line of markdown.split('\n')) {
    const [ticks] = /^`{3,}/.exec(line) ?? [];
    if (fence === undefined && ticks === undefined) outside.push(line);
    else if (fence === undefined) {
      fence = ticks;
      fences += 1;
    } else if (ticks !== undefined && ticks.length >= fence.length && line === ticks) {
      fence = undefined;
      fences += 1;
    }
  }
  return { outside, fences };
}
