import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addToSummary, annotation, withoutCommands } from '../../../src/cli/github.js';
import { runCommand, type Terminal } from '../../../src/cli/run.js';
import { smokeSummary, upSummary } from '../../../src/cli/summary.js';
import type { UpReport } from '../../../src/commands/up.js';
import { UsageError } from '../../../src/errors.js';
import { block, inCell, percentOf, tableOf } from '../../../src/markdown.js';
import { outcome, reportOf } from '../checks/sample-report.js';
import { recorder } from './terminal.js';

describe('an annotation', () => {
  it('is one line, whatever it says', () => {
    expect(annotation('error', 'kserve-env up: a, b', '50 %\r\nsecond: line, all')).toBe(
      '::error title=kserve-env up%3A a%2C b::50 %25%0D%0Asecond: line, all',
    );
  });

  it.each([
    ['::set-env name=X::y', ': :set-env name=X::y'],
    ['fine\n  ::add-mask::x', 'fine\n  : :add-mask::x'],
    ['a ##[error]b', 'a ## [error]b'],
    ['std::vector at a:b', 'std::vector at a:b'],
  ])('cannot be made by a text of others: %s', (text, harmless) => {
    expect(withoutCommands(text)).toBe(harmless);
  });
});

describe('Markdown', () => {
  it('shows any text as it is', () => {
    expect(inCell('a|b\n<img> `c` *d* [e](f) @you #1')).toBe('a\\|b \\<img\\> \\`c\\` \\*d\\* \\[e\\](f) \\@you \\#1');
    expect(block('a ``` b')).toBe('````text\na ``` b\n````');
  });

  it.each([
    [0, '0.0 %'],
    [0.000_01, '< 0.1 %'],
    [0.004, '0.4 %'],
    [0.25, '25 %'],
    [1.5, '150 %'],
  ])('a share of %d is %s', (share, text) => expect(percentOf(share)).toBe(text));

  it('has tables', () => {
    expect(tableOf([{ title: 'a' }, { title: 'b', right: true }], [['1', '2']])).toBe(
      '| a | b |\n| --- | --: |\n| 1 | 2 |',
    );
  });
});

const phases = [
  { phase: 'engine', ms: 12, cached: false, detail: 'Docker | 1' },
  { phase: 'image', ms: 100, cached: true, detail: 'there' },
] as const;
const smoke = reportOf(
  [...Array.from({ length: 3 }, () => outcome('passed')), outcome('failed', { title: 'It adds', message: '1 | 2' })],
  { endpoints: { grpc: '127.0.0.1:1' } },
);
const up = {
  name: 'mine',
  endpoints: { grpc: '127.0.0.1:1', http: 'http://127.0.0.1:2' },
  budget: { totalMs: 150, budgetMs: 1000, share: 0.15, over: false, restMs: 38 },
} as UpReport;

describe('the summary of a step', () => {
  it('has the phases of up, their share of the budget, and the rest', () => {
    expect(upSummary({ data: up, error: undefined, phases }).split('\n')).toEqual([
      '### ✔ mine is up',
      '',
      'gRPC `127.0.0.1:1`, REST `http://127.0.0.1:2`',
      '',
      '| phase | time | of the 1.00 s budget |  |',
      '| --- | --: | --: | --- |',
      '| Engine | 12 ms | 1.2 % | Docker \\| 1 |',
      '| Image | 100 ms | 10 % | there (cached) |',
      '| Rest | 38 ms | 3.8 % |  |',
      '| **Total** | **150 ms** | **15 %** |  |',
    ]);
  });

  it('has the phases that an up came through before it failed, and why it did', () => {
    const text = upSummary({ data: undefined, error: new UsageError('no\nway', { hint: 'another' }), phases });
    expect(text).toContain('### ✖ kserve-env up failed');
    expect(text).toContain('| Image | 100 ms |  | there (cached) |');
    expect(text).toContain('```text\nno\nway\n  → another\n```');
  });

  it('is none of a dry run', () => {
    expect(upSummary({ data: { dryRun: true } as never, error: undefined, phases })).toBe('');
  });

  it('has the counts of smoke by suite, and the checks that failed', () => {
    const text = smokeSummary({ data: smoke, error: new UsageError('1 of 4 checks failed'), phases: [] });
    expect(text).toContain('### ✖ kserve-env smoke: 3 passed, 1 failed');
    expect(text).toContain('| infer | 3 | 1 | 0 | 0 |');
    expect(text).toContain('**It adds**');
    expect(text).toContain('1 of 4 checks failed');
  });

  it('has the counts of the checks after a set-up, without a heading of their own', () => {
    const text = upSummary({ data: { ...up, smoke }, error: undefined, phases });
    expect(text).toContain('| infer | 3 | 1 | 0 | 0 |');
    expect(text.match(/^### /gm)).toHaveLength(1);
  });

  it('of a smoke that could not begin says why', () => {
    const text = smokeSummary({ data: undefined, error: new UsageError('no server'), phases: [] });
    expect(text).toBe('### ✖ kserve-env smoke\n\n```text\nno server\n```');
  });
});

describe('a command in GitHub Actions', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kserve-env-github-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const terminal = (env = {}) => {
    const [stdout, stderr] = [recorder(), recorder()];
    const summary = join(directory, 'summary.md');
    const lent: Terminal = {
      stdout: stdout.stream,
      stderr: stderr.stream,
      env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary, ...env },
      cwd: '/',
      signal: new AbortController().signal,
    };
    return { lent, stdout, stderr, summary: () => readFileSync(summary, 'utf8') };
  };
  const render = () => 'text';
  const mine = async () => ({ data: 'mine', warnings: [] });

  it('annotates its warnings and its error', async () => {
    const { lent, stderr } = terminal();
    const found = async () => ({ data: 'mine', warnings: ['slow'], failure: new UsageError('no', { hint: 'yes' }) });
    expect(await runCommand('up', lent, {}, found, render)).toBe(2);
    expect(stderr.text()).toBe('::warning title=kserve-env up::slow\n::error title=kserve-env up::no%0A  → yes\n');
  });

  it('adds to the summary whether it worked or not, with JSON too', async () => {
    const { lent, summary, stderr } = terminal();
    const words = ({ data, error }: { data: unknown; error: unknown }) => `${data} ${error}`;
    await runCommand('up', lent, { json: true }, mine, render, words);
    await runCommand('up', lent, { json: true }, () => Promise.reject(new UsageError('no')), render, words);
    expect(summary()).toBe('mine undefined\nundefined UsageError: no\n');
    expect(stderr.text()).toBe('');
  });

  it('does its work where the summary cannot be written', async () => {
    const { lent } = terminal({ GITHUB_STEP_SUMMARY: join(directory, 'no', 'such', 'place') });
    expect(await runCommand('up', lent, {}, mine, render, () => 'words')).toBe(0);
    addToSummary({}, 'nowhere');
  });
});
