import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgress } from '../../../src/cli/progress/create.js';
import type { ProgressDisplay } from '../../../src/cli/progress/display.js';
import { type Screen, screen } from './terminal.js';

const record = { phase: 'image', ms: 1123.4, cached: true, detail: 'assembled' } as const;
const finished = '✔ Image                1.12 s  assembled (cached)';

let displays: ProgressDisplay[] = [];
afterEach(() => {
  for (const display of displays) display.end();
  displays = [];
});

async function draw(on: Screen, env = {}): Promise<ProgressDisplay> {
  const display = await createProgress('tty', on.stream, { NO_COLOR: '1', ...env });
  displays.push(display);
  return display;
}

describe('on a terminal', () => {
  it('finished phases stay, the current one follows, then those to come', async () => {
    const on = screen();
    const progress = await draw(on);
    progress.phasesExpected?.(['image', 'create', 'start']);
    progress.phaseStarted('image');
    progress.phaseFinished(record);
    progress.phaseStarted('create');
    expect(await on.lines()).toEqual([finished, expect.stringMatching(/^\S Create +\d+ ms$/), '· Start']);
    progress.phasesExpected?.(['image', 'create', 'start', 'live']);
    progress.phaseFinished({ ...record, phase: 'create', cached: false });
    expect((await on.lines()).slice(2)).toEqual(['· Start', '· Server live']);
  });

  it('the current phase moves, and shows its last detail', async () => {
    const on = screen();
    const progress = await draw(on);
    progress.phaseStarted('image');
    progress.phaseDetail('layer 1 of 5');
    progress.phaseDetail('layer 2 of 5');
    await vi.waitFor(async () => expect((await on.lines())[0]).toMatch(/^\S Image +\d+ ms {2}layer 2 of 5$/));
    const before = (await on.lines())[0]?.[0];
    await vi.waitFor(async () => expect((await on.lines())[0]?.[0]).not.toBe(before));
  });

  it('nothing is left of what was drawn, and the cursor is back', async () => {
    const on = screen();
    const progress = await draw(on);
    progress.phasesExpected?.(['image', 'create']);
    progress.phaseStarted('image');
    expect(await on.cursorVisible()).toBe(false);
    progress.phaseFinished(record);
    progress.end();
    on.stream.write('the result\n');
    expect(await on.lines()).toEqual([finished, 'the result']);
    expect(await on.cursorVisible()).toBe(true);
  });

  it('a failed phase stays with its mark', async () => {
    const on = screen();
    const progress = await draw(on);
    progress.phaseStarted('start');
    progress.phaseFailed('start', 250);
    progress.end();
    expect(await on.lines()).toEqual(['✖ Start                250 ms']);
  });

  it('a note stays above what is drawn', async () => {
    const on = screen();
    const progress = await draw(on);
    progress.note('before');
    progress.phaseStarted('image');
    progress.note('in between');
    progress.phaseFinished(record);
    progress.end();
    expect(await on.lines()).toEqual(['before', 'in between', finished]);
  });

  it('long lines are cut to the width, with wide characters too', async () => {
    const on = screen({ columns: 40 });
    const progress = await draw(on);
    progress.phasesExpected?.(['create']);
    progress.phaseStarted('image');
    progress.phaseDetail('模型'.repeat(50));
    await vi.waitFor(async () => expect((await on.lines())[0]).toMatch(/[模型]…$/));
    progress.phaseFinished({ ...record, detail: 'x'.repeat(200) });
    progress.end();
    const lines = await on.lines();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toHaveLength(40);
    expect(lines[0]).toMatch(/x…$/);
  });

  it('a window that becomes narrow leaves no rests', async () => {
    const on = screen({ columns: 100 });
    const progress = await draw(on);
    progress.phasesExpected?.(['create', 'start']);
    progress.phaseStarted('image');
    progress.phaseDetail('y'.repeat(200));
    await vi.waitFor(async () => expect((await on.lines())[0]).toMatch(/y…$/));
    on.resize(30, 24);
    progress.phaseFinished({ ...record, detail: '' });
    progress.end();
    const lines = await on.lines();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^✔ Image/);
  });

  it('in a window of three rows two are drawn', async () => {
    const on = screen({ rows: 3 });
    const progress = await draw(on);
    progress.phasesExpected?.(['engine', 'create', 'start', 'live', 'models']);
    for (const phase of ['image', 'create', 'start'] as const) {
      progress.phaseStarted(phase);
      progress.phaseFinished({ ...record, phase });
    }
    progress.end();
    expect(await on.lines()).toEqual([finished, expect.stringMatching(/^✔ Create/), expect.stringMatching(/^✔ Start/)]);
  });

  it('a detail cannot move the cursor', async () => {
    const on = screen();
    const progress = await draw(on);
    on.stream.write('what stood there\n');
    progress.phaseStarted('image');
    progress.phaseDetail('\u001b[2J\u001b[H\r\n\n');
    progress.phaseFinished({ ...record, detail: '\u001b[2J\u001b[H\r\n\n' });
    progress.end();
    expect((await on.lines())[0]).toBe('what stood there');
    expect(await on.lines()).toHaveLength(2);
  });

  it('without UTF-8 it is drawn in ASCII', async () => {
    const on = screen();
    const progress = await draw(on, { LANG: 'C' });
    progress.phasesExpected?.(['create']);
    progress.phaseStarted('image');
    progress.phaseFinished(record);
    progress.phaseStarted('start');
    expect((await on.lines()).join('')).toMatch(/^[ -~]+$/);
  });
});
