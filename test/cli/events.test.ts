import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendHistory } from '../../src/environment/history.js';
import { listenSomewhere } from '../contract/probes.js';
import { setUpRecord } from '../unit/environment/set-up-records.js';
import { answerOf, errorAnswerOf, resultEvent, upEvent } from './json-schemas.js';
import { leftBehind } from './oracle.js';
import { bin, type Sandbox, sandbox } from './run-cli.js';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(async () => {
  await box.run(['down']);
  expect(leftBehind(box)).toEqual([]);
  box[Symbol.dispose]();
});

interface Event {
  event: string;
  phase?: string;
}

/** Every line as an object; the last one apart. */
function eventsOf(stdout: string): { events: Event[]; result: unknown } {
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const result = lines.pop();
  for (const line of lines) expect(upEvent.safeParse(line).error).toBeUndefined();
  return { events: lines, result };
}

describe('up --events', () => {
  it('tells each phase as it begins and ends, and the result last, alone on stdout', async () => {
    const { code, stdout, stderr } = await box.run(['up', '--smoke', '--events']);
    const { events, result } = eventsOf(stdout);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(answerOf('up', 'ok').extend(resultEvent).safeParse(result).error).toBeUndefined();
    const phases = (kind: string) => events.filter(({ event }) => event === kind).map(({ phase }) => phase);
    const all = ['engine', 'preflight', 'image', 'create', 'start', 'live', 'models', 'warm-up', 'smoke'];
    expect(phases('phase-started')).toEqual(all);
    expect(phases('phase-finished')).toEqual(all);
    expect(phases('phase-detail')).toContain('smoke');
  });

  it('tells the phase that failed, and the error as the result', async () => {
    writeFileSync(`${box.directory}/broken.mjs`, 'throw new Error("no");');
    writeFileSync(`${box.directory}/kserve-env.yaml`, 'models: [{ name: broken, kind: module, path: ./broken.mjs }]');
    const { code, stdout } = await box.run(['up', '--events', '--engine', 'process']);
    const { events, result } = eventsOf(stdout);
    expect(code).not.toBe(0);
    expect(events.at(-1)?.event).toBe('phase-failed');
    expect(errorAnswerOf('up').extend(resultEvent).safeParse(result).error).toBeUndefined();
  });

  it('warns of a phase that took much longer than it uses to, before the result', async () => {
    writeFileSync(
      `${box.directory}/kserve-env.yaml`,
      'name: mine\nengine: process\nmodels: [{ name: slow, kind: identity, loadDelay: 700ms }]',
    );
    const usual = setUpRecord({ name: 'mine', phases: [{ phase: 'models', ms: 10, cached: false }] });
    for (let count = 0; count < 5; count += 1) appendHistory(`${box.directory}/state`, usual);
    const { stdout } = await box.run(['up', '--events']);
    const { events, result } = eventsOf(stdout);
    const warning = expect.stringMatching(/^Models ready took .*, and 10 ms as a rule; kserve-env timings /);
    expect(events.at(-1)).toMatchObject({ event: 'warning', text: warning });
    expect(result).toMatchObject({ event: 'result', status: 'ok', warnings: [warning] });
  });

  it('is one line of error for what cannot be understood', async () => {
    for (const args of [
      ['up', '--events', '--wat'],
      ['up', '--events', '--budget', 'soon'],
    ]) {
      const { code, stdout, stderr } = await box.run(args);
      expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(errorAnswerOf('up').extend(resultEvent).safeParse(JSON.parse(stdout)).error).toBeUndefined();
    }
  });

  it('goes on to its end where nobody reads any more', async () => {
    const up = spawn(process.execPath, [bin, 'up', '--events'], {
      cwd: box.directory,
      env: box.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(up.stdout, 'data');
    up.stdout.destroy();
    expect(await once(up, 'exit')).toEqual([0, null]);
    expect((await box.run(['health'])).code).toBe(0);
  });

  it('shows lines on stderr too where they are asked for', async () => {
    const { stderr } = await box.run(['up', '--events', '--progress', 'plain']);
    expect(stderr).toContain('✔ Warm-up inference');
  });
});

describe('timings', () => {
  it('has every up, also those that failed, with how', async () => {
    await using listener = await listenSomewhere();
    expect((await box.run(['up'])).code).toBe(0);
    expect((await box.run(['up'])).code).toBe(0);
    await box.run(['down']);
    expect((await box.run(['up', '--http-port', String(listener.port)])).code).toBe(7);
    expect((await box.run(['up', '--budget', '1ms'])).code).toBe(10);
    const { answer } = await box.json(['timings']);
    expect(answerOf('timings', 'ok').safeParse(answer).error).toBeUndefined();
    const [group] = answer.data.groups;
    expect(group).toMatchObject({ engine: 'process', setUps: 2, unchanged: 1, failed: { PORT_IN_USE: 1 } });
    expect(group.runs.map(({ outcome, error }: { outcome: string; error?: string }) => [outcome, error])).toEqual([
      ['create', undefined],
      ['unchanged', undefined],
      ['failed', 'PORT_IN_USE'],
      ['create', 'OVER_BUDGET'],
    ]);
    expect(group.runs[2].failedPhase).toBe('preflight');
    const text = await box.run(['timings']);
    expect(text.stdout).toContain('2 set-ups, 1 found it up already, 1 failed (PORT_IN_USE)');
    expect(text.stdout).toMatch(/^ {2}Start +\d/m);
    expect((await box.run(['timings', '--markdown'])).stdout).toContain('| Start | ');
  });

  it('are of this environment, or of all, and can be forgotten', async () => {
    for (const name of ['one', 'two']) {
      await box.run(['up', '--name', name]);
      await box.run(['down', '--name', name]);
    }
    const names = async (...args: string[]) =>
      (await box.json(['timings', ...args])).answer.data.groups.map(({ name }: { name: string }) => name);
    expect(await names('--name', 'one')).toEqual(['one']);
    expect(await names('--all')).toEqual(['one', 'two']);
    const { stdout } = await box.run(['timings', '--name', 'one', '--clear']);
    expect(stdout).toBe('Forgot the set-ups of one (process)\n');
    expect(await names('--all')).toEqual(['two']);
    await box.run(['timings', '--all', '--clear']);
    expect(await names('--all')).toEqual([]);
    expect((await box.run(['timings'])).stdout).toMatch(/^There is no history of set-ups of /);
  });

  it('are not kept where nothing can be written, and that is no error', async () => {
    expect((await box.run(['up'])).code).toBe(0);
    await box.run(['timings', '--all', '--clear']);
    writeFileSync(`${box.directory}/state/.timings`, '');
    expect(await box.run(['up'])).toMatchObject({ code: 0 });
    expect((await box.json(['timings'])).answer.data.groups).toEqual([]);
    await box.run(['timings', '--all', '--clear']);
  });

  it.each([['0'], ['-1'], ['many']])('refuse a limit of %s', async (limit) => {
    const { code, stderr } = await box.run(['timings', '--limit', limit]);
    expect(code).toBe(2);
    expect(stderr).toContain('--limit');
  });
});
