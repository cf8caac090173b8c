import { describe, expect, it } from 'vitest';
import { eventProgress, fanOut } from '../../../src/cli/progress/events.js';
import { runCommand, type Terminal } from '../../../src/cli/run.js';
import type { CommandContext } from '../../../src/commands/context.js';
import { recorder } from './terminal.js';

const record = { phase: 'image', ms: 12.5, cached: true, detail: 'there' } as const;
const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

describe('progress as events', () => {
  it('tells what happens, when, and of which phase', () => {
    const seen: Record<string, unknown>[] = [];
    const progress = eventProgress(
      (event) => seen.push(event),
      () => 0,
    );
    progress.note('a note');
    progress.phaseStarted('image');
    progress.phaseDetail('half');
    progress.phaseFinished(record);
    progress.phaseStarted('create');
    progress.phaseFailed('create', 3);
    for (const { time } of seen) expect(time).toMatch(isoTime);
    expect(seen.map(({ time: _, ...event }) => event)).toEqual([
      { event: 'note', text: 'a note' },
      { event: 'phase-started', phase: 'image', title: 'Image' },
      { event: 'phase-detail', phase: 'image', detail: 'half' },
      { event: 'phase-finished', ...record },
      { event: 'phase-started', phase: 'create', title: 'Create' },
      { event: 'phase-failed', phase: 'create', ms: 3 },
    ]);
  });

  it('tells five details a second at most, and always the first of a phase', () => {
    let now = 0;
    const details: unknown[] = [];
    const progress = eventProgress(
      ({ detail }) => detail !== undefined && details.push(detail),
      () => now,
    );
    progress.phaseStarted('image');
    for (; now < 1000; now += 10) progress.phaseDetail(`${now} %`);
    expect(details).toEqual(['0 %', '200 %', '400 %', '600 %', '800 %']);
    progress.phaseStarted('smoke');
    progress.phaseDetail('1 of 9');
    expect(details.at(-1)).toBe('1 of 9');
  });

  it('reaches everybody, and each finished phase is remembered', () => {
    const [one, two]: string[][] = [[], []];
    const spy = (seen: string[]) => eventProgress(({ event }) => seen.push(String(event)));
    const remembered: unknown[] = [];
    const all = fanOut([spy(one ?? []), spy(two ?? [])], (finished) => remembered.push(finished));
    all.phasesExpected(['image']);
    all.phaseStarted('image');
    all.phaseFinished(record);
    expect(one).toEqual(['phase-started', 'phase-finished']);
    expect(two).toEqual(one);
    expect(remembered).toEqual([record]);
  });
});

describe('a command with --events', () => {
  const run = async (
    flags: object,
    command: (context: CommandContext) => Promise<{ data: string; warnings: string[] }>,
  ) => {
    const [stdout, stderr] = [recorder(), recorder()];
    const { signal } = new AbortController();
    const lent: Terminal = { stdout: stdout.stream, stderr: stderr.stream, env: {}, cwd: '/', signal };
    const code = await runCommand('up', lent, { events: true, ...flags }, command, () => 'never shown');
    const lines = stdout.text().trimEnd().split('\n');
    return { code, events: lines.map((line) => JSON.parse(line)), stderr: stderr.text() };
  };

  it('ends with its answer, after its warnings', async () => {
    const { code, events, stderr } = await run({}, async ({ progress }) => {
      progress.phaseStarted('image');
      progress.phaseFinished(record);
      return { data: 'mine', warnings: ['slow'] };
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(events.map(({ event }) => event)).toEqual(['phase-started', 'phase-finished', 'warning', 'result']);
    expect(events.at(-1)).toMatchObject({
      schemaVersion: 1,
      command: 'up',
      status: 'ok',
      data: 'mine',
      warnings: ['slow'],
    });
  });

  it('ends with its error, and never with two results', async () => {
    const { code, events } = await run({ json: true }, () => Promise.reject(new TypeError('x')));
    expect(code).toBe(1);
    expect(events).toMatchObject([{ event: 'result', status: 'error', error: { code: 'BUG' } }]);
  });

  it('writes lines to stderr too where they are asked for', async () => {
    const { stderr } = await run({ progress: 'plain' }, async ({ progress }) => {
      progress.phaseFinished(record);
      return { data: 'mine', warnings: [] };
    });
    expect(stderr).toContain('✔ Image');
  });
});
