import { describe, expect, it, vi } from 'vitest';
import { painter } from '../../../src/cli/colour.js';
import { createProgress } from '../../../src/cli/progress/create.js';
import { plainProgress } from '../../../src/cli/progress/plain.js';
import { symbolsFor } from '../../../src/cli/symbols.js';
import { phaseTitles } from '../../../src/commands/context.js';
import { recorder } from './terminal.js';

const record = { phase: 'image', ms: 1123.4, cached: true, detail: 'assembled' } as const;

describe('colour', () => {
  const paintsFrom = '\u001b[';
  it.each([
    { isTTY: true, env: {}, colour: true },
    { isTTY: false, env: {}, colour: false },
    { isTTY: true, env: { NO_COLOR: '1' }, colour: false },
    { isTTY: true, env: { NO_COLOR: '' }, colour: true },
    { isTTY: true, env: { TERM: 'dumb' }, colour: false },
    { isTTY: false, env: { FORCE_COLOR: '1' }, colour: true },
    { isTTY: true, env: { FORCE_COLOR: '0' }, colour: false },
    { isTTY: false, env: { FORCE_COLOR: '' }, colour: false },
    { isTTY: true, env: { FORCE_COLOR: '1', NO_COLOR: '1' }, colour: true },
  ])('on a terminal: $isTTY, with $env: $colour', ({ isTTY, env, colour }) => {
    const painted = painter({ isTTY }, env)('red', 'word');
    expect(painted.includes(paintsFrom)).toBe(colour);
    expect(painted).toContain('word');
  });
});

describe('the signs', () => {
  it.each([
    { env: {}, platform: 'linux', done: '✔' },
    { env: { LANG: 'en_US.UTF-8' }, platform: 'linux', done: '✔' },
    { env: { LANG: 'C.utf8' }, platform: 'linux', done: '✔' },
    { env: { LANG: 'C' }, platform: 'linux', done: '+' },
    { env: { LANG: 'de_DE.ISO-8859-1' }, platform: 'linux', done: '+' },
    { env: { LANG: 'de_DE.UTF-8', LC_ALL: 'POSIX' }, platform: 'linux', done: '+' },
    { env: { LANG: 'C', LC_CTYPE: 'en_US.UTF-8' }, platform: 'linux', done: '✔' },
    { env: { TERM: 'linux', LANG: 'en_US.UTF-8' }, platform: 'linux', done: '+' },
    { env: {}, platform: 'win32', done: '+' },
    { env: { WT_SESSION: '1' }, platform: 'win32', done: '✔' },
    { env: { CI: 'true' }, platform: 'win32', done: '✔' },
  ] as const)('with $env on $platform begin with $done', ({ env, platform, done }) => {
    expect(symbolsFor(env, platform).done).toBe(done);
  });

  it('of a terminal without UTF-8 are ASCII', () => {
    const signs = Object.values(symbolsFor({ LANG: 'C' }))
      .flat()
      .join('');
    expect(signs).toMatch(/^[ -~]+$/);
  });
});

describe('plain progress', () => {
  const write = async (env = {}) => {
    const out = recorder();
    return { out, progress: await createProgress('plain', out.stream, env) };
  };

  it('is one line a phase, aligned, whatever it is told meanwhile', async () => {
    const { out, progress } = await write();
    for (const phase of ['image', 'warm-up'] as const) {
      progress.phaseStarted(phase);
      progress.phaseDetail('10 %');
      progress.phaseDetail('20 %');
      progress.phaseFinished({ ...record, phase });
    }
    expect(out.text()).toBe(
      [
        '✔ Image                1.12 s  assembled (cached)',
        '✔ Warm-up inference    1.12 s  assembled (cached)',
        '',
      ].join('\n'),
    );
  });

  it('says which phase failed, and after how long', async () => {
    const { out, progress } = await write();
    progress.phaseStarted('start');
    progress.phaseFailed('start', 250);
    expect(out.text()).toBe('✖ Start                250 ms\n');
  });

  it('writes a note on a line of its own', async () => {
    const { out, progress } = await write();
    progress.note('Process 5 is changing mine;\nwaiting for it');
    expect(out.text()).toBe('Process 5 is changing mine; waiting for it\n');
  });

  it('has no control characters, even where a detail has', async () => {
    const { out, progress } = await write();
    progress.phaseStarted('image');
    progress.phaseFinished({ ...record, detail: 'pulled\r\u001b[2Jlayer\n\u0007two\u202e' });
    expect(out.text()).toMatch(/^[\P{C}]*\n$/u);
    expect(out.text()).toContain('pulled [2Jlayer two');
  });

  it('is never cut where there is no terminal', async () => {
    const { out, progress } = await write();
    progress.phaseFinished({ ...record, detail: 'x'.repeat(500) });
    expect(out.text()).toContain('x'.repeat(500));
  });

  it('gives a sign of life with the last detail, and none after the phase', async () => {
    const out = recorder();
    const progress = plainProgress({ stream: out.stream, paint: (_, text) => text, symbols: symbolsFor({}) }, 10);
    progress.phaseStarted('image');
    progress.phaseDetail('layer 2 of 5');
    await vi.waitFor(() => expect(out.text()).toMatch(/^\. Image: still at it after \d+ ms; layer 2 of 5\n/));
    progress.phaseFinished(record);
    expect(out.text().endsWith('assembled (cached)\n')).toBe(true);
  });

  it('has a title for every phase that fits its column', () => {
    for (const title of Object.values(phaseTitles)) expect(title.length).toBeLessThanOrEqual(18);
  });
});

describe('auto', () => {
  it.each([
    { where: 'a pipe', isTTY: false, env: {} },
    { where: 'a terminal of CI', isTTY: true, env: { CI: 'true' } },
    { where: 'a terminal that can do nothing', isTTY: true, env: { TERM: 'dumb' } },
  ])('is plain on $where', async ({ isTTY, env }) => {
    const out = recorder({ isTTY });
    const progress = await createProgress('auto', out.stream, { ...env, NO_COLOR: '1' });
    progress.phaseStarted('image');
    progress.phaseFinished(record);
    expect(out.text()).toBe('✔ Image                1.12 s  assembled (cached)\n');
  });

  it('is plain on a terminal that knows no width', async () => {
    const out = recorder({ isTTY: true, columns: 0 });
    const progress = await createProgress('tty', out.stream, { NO_COLOR: '1' });
    progress.phaseFinished(record);
    expect(out.text()).toBe('✔ Image                1.12 s  assembled (cached)\n');
  });
});

it('quiet writes nothing at all', async () => {
  const out = recorder({ isTTY: true });
  const progress = await createProgress('quiet', out.stream, {});
  progress.phaseStarted('image');
  progress.phaseDetail('10 %');
  progress.phaseFinished(record);
  progress.phaseFailed('start', 1);
  progress.note('note');
  progress.end();
  expect(out.text()).toBe('');
});

describe('in GitHub Actions', () => {
  const env = { GITHUB_ACTIONS: 'true', CI: 'true' };

  it('the lines are folded away, up to the end of the command', async () => {
    const out = recorder();
    const progress = await createProgress('auto', out.stream, env);
    for (const phase of ['image', 'create'] as const) {
      progress.phaseStarted(phase);
      progress.phaseFinished({ ...record, phase });
    }
    progress.end();
    expect(
      out
        .text()
        .split('\n')
        .map((line) => line.slice(0, 13)),
    ).toEqual(['::group::Phas', '✔ Image      ', '✔ Create     ', '::endgroup::', '']);
  });

  it('the phase that failed is in sight', async () => {
    const out = recorder();
    const progress = await createProgress('auto', out.stream, env);
    progress.phaseStarted('image');
    progress.phaseFailed('image', 1);
    progress.end();
    expect(out.text()).toBe('::group::Phases\n::endgroup::\n✖ Image                  1 ms\n');
  });

  it('a daemon cannot give the runner commands', async () => {
    const out = recorder();
    const progress = await createProgress('auto', out.stream, env);
    progress.note('::add-path::/tmp');
    progress.phaseStarted('image');
    progress.phaseFinished({ ...record, detail: '##[add-path]/tmp' });
    progress.end();
    expect(out.text()).not.toContain('::add-path');
    expect(out.text()).not.toContain('##[');
  });
});
