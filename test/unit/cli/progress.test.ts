import { describe, expect, it } from 'vitest';
import { createProgress, painter } from '../../../src/cli/progress.js';
import { phaseTitles, silentProgress } from '../../../src/commands/context.js';
import { recorder } from './terminal.js';

const record = { phase: 'image', ms: 1123.4, cached: true, detail: 'assembled' } as const;

describe('colour', () => {
  const paintsFrom = '\u001b[';
  it.each([
    { isTTY: true, env: {}, colour: true },
    { isTTY: false, env: {}, colour: false },
    { isTTY: true, env: { NO_COLOR: '1' }, colour: false },
    { isTTY: true, env: { NO_COLOR: '' }, colour: true },
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

describe('plain progress', () => {
  const write = async () => {
    const out = recorder();
    return { out, progress: await createProgress('plain', out.stream, {}) };
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
    progress.note('Process 5 is changing mine; waiting for it');
    expect(out.text()).toBe('Process 5 is changing mine; waiting for it\n');
  });

  it('has no control characters, even where a detail has', async () => {
    const { out, progress } = await write();
    progress.phaseStarted('image');
    progress.phaseFinished({ ...record, detail: 'pulled\r\u001b[2Jlayer\n\u0007two' });
    expect(out.text()).toMatch(/^[\P{Cc}]*\n$/u);
    expect(out.text()).toContain('pulled [2Jlayer two');
  });

  it('has a title for every phase that fits its column', () => {
    for (const title of Object.values(phaseTitles)) expect(title.length).toBeLessThanOrEqual(18);
  });
});

describe('auto', () => {
  it.each([
    { where: 'a pipe', isTTY: false, env: {} },
    { where: 'a terminal of CI', isTTY: true, env: { CI: 'true' } },
  ])('is plain on $where', async ({ isTTY, env }) => {
    const out = recorder({ isTTY });
    const progress = await createProgress('auto', out.stream, { ...env, NO_COLOR: '1' });
    progress.phaseStarted('image');
    progress.phaseFinished(record);
    expect(out.text()).toBe('✔ Image                1.12 s  assembled (cached)\n');
  });
});

it('quiet writes nothing at all', async () => {
  const out = recorder({ isTTY: true });
  const progress = await createProgress('quiet', out.stream, {});
  expect(progress).toBe(silentProgress);
  progress.phaseStarted('image');
  progress.phaseDetail('10 %');
  progress.phaseFinished(record);
  progress.phaseFailed('start', 1);
  progress.note('note');
  expect(out.text()).toBe('');
});

it('tty ends each phase with the same line as plain, with a mark', async () => {
  const out = recorder({ isTTY: true });
  const progress = await createProgress('tty', out.stream, { NO_COLOR: '1' });
  progress.phaseStarted('image');
  progress.phaseDetail('half');
  progress.phaseFinished(record);
  expect(out.text()).toContain('Image                1.12 s  assembled (cached)\n');
});
