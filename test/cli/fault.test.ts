import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engineFaultNames } from '../../src/faults/engine-faults.js';
import { faultKindNames } from '../../src/faults/kinds.js';
import { answerOf } from './json-schemas.js';
import { leftBehind } from './oracle.js';
import { type Sandbox, sandbox } from './run-cli.js';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(async () => {
  await box.run(['down', '--all']);
  expect(leftBehind(box)).toEqual([]);
  box[Symbol.dispose]();
});

const up = async (config?: string) => {
  if (config !== undefined) writeFileSync(join(box.directory, 'kserve-env.yaml'), config);
  const { code, answer } = await box.json(['up']);
  expect(code).toBe(0);
  return answer.data;
};
const infer = async () => (await box.run(['infer', 'simple_scaler', '1'])).stdout.trim();
const right = 'scaled_result FP64 [1]: 2';
const faults = async () => (await box.json(['fault', 'list'])).answer.data.faults;
const stateOf = async () => (await box.json(['status'])).answer.data.state;

describe('faults of a server that runs', () => {
  it('are added, listed, told by status, and taken back', async () => {
    await up();
    const added = await box.run(['fault', 'add', 'status=UNAVAILABLE', 'message=try later', '--first', '1']);
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(added.stdout).toBe('Added 1: status=UNAVAILABLE message="try later" first=1\n');
    expect(await faults()).toMatchObject([{ id: '1', by: 'server', struck: 0, conditions: 'first=1' }]);
    expect((await box.run(['infer', 'simple_scaler', '1'])).stderr).toContain('try later');
    expect(await infer()).toBe(right);
    const { answer } = await box.json(['status']);
    expect(answer.data.faults).toMatchObject([{ text: 'status=UNAVAILABLE message="try later"', struck: 1 }]);
    expect((await box.run(['status'])).stdout).toContain('  fault   1: status=UNAVAILABLE message="try later" first=1');
    expect((await box.run(['fault', 'clear', '1'])).stdout).toContain('(struck 1 call)');
    expect(await faults()).toEqual([]);
    expect(await box.run(['fault', 'clear'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Nothing to/) });
  });

  it('choose the same calls for the same seed', async () => {
    await up();
    const struckOf = async () => {
      await box.run(['fault', 'add', 'wrong-value', '--percent', '40', '--seed', '11']);
      const answers: string[] = [];
      for (let call = 0; call < 8; call += 1) answers.push(await infer());
      await box.run(['fault', 'clear']);
      return answers.map((answer) => answer !== right);
    };
    const first = await struckOf();
    expect(new Set(first)).toEqual(new Set([true, false]));
    expect(await struckOf()).toEqual(first);
  });

  it.each<[string[], RegExp]>([
    [['fault', 'add', 'hnag'], /there is no fault hnag; there are not-ready/],
    [['fault', 'add', 'hang', '--model', 'nope'], /The server refuses: .*no model nope/],
    [['fault', 'add', 'loading', '--percent', '5'], /loading: percent: expected nothing/],
    [['fault', 'add', 'expired-certificate'], /tls: auto/],
    [['fault', 'add', 'disconnect'], /no network of its own/],
    [['fault', 'add', 'pause', '--model', 'simple_scaler'], /takes no model/],
    [['fault', 'add', 'nan', '--percent', '0'], /Expected a number above 0/],
    [['fault', 'run', 'nope'], /There is no scenario nope/],
  ])('%j is refused in words, with code 2', async (args, words) => {
    await up();
    const { code, stderr, stdout } = await box.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(words);
    expect(stderr).toMatch(/\n {2}→ /);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await faults()).toEqual([]);
  });
});

describe('a server that a fault has ended', () => {
  it.each([['crash'], ['kill']])('by %s runs again after fault clear, on the same ports', async (kind) => {
    const { endpoints } = await up();
    expect((await box.run(['fault', 'add', kind])).code).toBe(0);
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('exited');
    const listed = await box.json(['fault', 'list']);
    expect(listed.answer.data.faults).toMatchObject([{ id: 'exit', by: 'engine' }]);
    const refused = await box.json(['fault', 'add', 'hang']);
    expect(refused).toMatchObject({ code: 3, answer: { error: { hint: 'kserve-env fault clear brings it back' } } });
    const cleared = await box.json(['fault', 'clear']);
    expect(cleared.answer.data.cleared).toMatchObject([{ id: 'exit', by: 'engine' }]);
    expect((await box.json(['status'])).answer.data).toMatchObject({ state: 'running', endpoints });
    expect(await infer()).toBe(right);
  });

  it('is left alone where only another fault is named', async () => {
    await up();
    await box.run(['fault', 'add', 'kill']);
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('exited');
    const { answer } = await box.json(['fault', 'clear', 'pause']);
    expect(answer).toMatchObject({ data: { cleared: [], missing: ['pause'] }, warnings: [/fault pause/] });
    expect(await stateOf()).toBe('exited');
  });

  it('has the faults of its config again, until they are cleared', async () => {
    await up('faults: [{ kind: not-ready }]\n');
    await box.run(['fault', 'add', 'kill']);
    const { answer } = await box.json(['fault', 'clear', 'exit']);
    expect(answer.data.cleared).toMatchObject([{ id: 'exit' }]);
    expect(await faults()).toMatchObject([{ text: 'not-ready' }]);
    await box.run(['fault', 'clear']);
    expect(await infer()).toBe(right);
  });
});

describe('a fault of the engine with a time', () => {
  it('is waited for, and taken back', async () => {
    await up();
    const { code, stdout, stderr } = await box.run(['fault', 'add', 'pause', '--for', '200ms']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/was paused for 200 ms; it is back\n$/),
    });
    expect(stderr).toMatch(/is paused; taken back in 0.2 s/);
    expect(await infer()).toBe(right);
  });

  it.each([['pause'], ['kill'], ['restart']])('%s is taken back at once on Ctrl-C', async (kind) => {
    await up();
    const { child, sees, done } = box.start(['fault', 'add', kind, '--for', '10m']);
    await sees('taken back in');
    child.kill('SIGINT');
    expect(await done).toMatchObject({ code: 130 });
    expect(await stateOf()).toBe('running');
    expect(await infer()).toBe(right);
  });

  it('does no harm to an environment that was made anew meanwhile', async () => {
    await up();
    const { child, sees, done } = box.start(['fault', 'add', 'pause', '--for', '10m']);
    await sees('taken back in');
    await up();
    await box.run(['fault', 'add', 'pause']);
    child.kill('SIGINT');
    expect(await done).toMatchObject({ code: 130 });
    expect(await stateOf()).toBe('paused');
  });
});

describe('an up of a server that is broken by its config', () => {
  it.each([
    ['not-ready'],
    ['loading'],
    ['load-failed'],
    ['unloaded'],
    ['refuse'],
    ['unresponsive'],
    ['hang'],
    ['reset'],
    ['status'],
  ])('%s comes to its end, and says so', async (kind) => {
    const data = await up(`faults: [{ kind: ${kind} }]\n`);
    expect(data.faults).toMatchObject([{ id: '1', by: 'server', fault: { kind }, struck: 0 }]);
    const again = await box.json(['up']);
    expect(again.answer.data).toMatchObject({ outcome: 'unchanged', faults: [{ fault: { kind } }] });
    await box.run(['fault', 'clear']);
    expect(await infer()).toBe(right);
  });

  it('is made anew where they change, and says what differs', async () => {
    await up('faults: [{ kind: delay, time: 10ms }]\n');
    const data = await up('faults: [{ kind: delay, time: 20ms }]\n');
    expect(data).toMatchObject({ outcome: 'recreate', changes: ['server.faults.0.time: "10ms" → "20ms"'] });
    const { stdout } = await box.run(['up', '--progress', 'quiet']);
    expect(stdout).toMatch(/with faults in force: it took .*\n/);
    expect(stdout).toContain('  fault   1: delay=20ms');
  });

  it('does not wait for one that was broken on command', async () => {
    await up();
    await box.run(['fault', 'add', 'refuse,', 'not-ready']);
    const { code, answer } = await box.json(['up']);
    expect({ code, answer }).toMatchObject({
      code: 0,
      answer: { data: { outcome: 'unchanged', faults: [{ text: 'refuse' }, { text: 'not-ready' }] } },
    });
  });

  it('fails where it crashes, with its code', async () => {
    writeFileSync(join(box.directory, 'kserve-env.yaml'), 'faults: [{ kind: crash, exitCode: 77 }]\n');
    expect(await box.json(['up'])).toMatchObject({ code: 8, answer: { error: { code: 'SERVER_EXITED' } } });
  });
});

describe('a scenario', () => {
  const write = (text: string) => writeFileSync(join(box.directory, 'mine.yaml'), text);

  it('does what it says in its order, and takes the rest back', async () => {
    await up();
    write(
      'steps:\n  - { at: 0s, add: wrong-value }\n  - { at: 200ms, engine: kill, for: 200ms }\n  - { at: 3s, add: hang }\n',
    );
    await box.run(['fault', 'add', 'delay=1ms', '--model', 'identity']);
    const { code, answer } = await box.json(['fault', 'run', 'mine.yaml', '--seed', '7']);
    expect(code).toBe(0);
    expect(answerOf('fault run', 'ok').safeParse(answer).error).toBeUndefined();
    const { steps, takenBack } = answer.data;
    expect(steps.map(({ text }: { text: string }) => text)).toEqual([
      'add wrong-value=1',
      'engine kill',
      'engine start',
      'add hang',
    ]);
    expect(takenBack).toMatchObject([{ text: 'hang' }]);
    expect(await infer()).toBe(right);
  });

  it('leaves what somebody else added', async () => {
    await up();
    await box.run(['fault', 'add', 'delay=1ms']);
    write(
      'steps:\n  - { at: 0s, add: [nan, wrong-value] }\n  - { at: 100ms, clear: nan }\n  - { at: 200ms, clear: all }\n',
    );
    const { answer } = await box.json(['fault', 'run', './mine.yaml']);
    expect(answer.data).toMatchObject({ takenBack: [], planned: 3 });
    expect(await faults()).toMatchObject([{ text: 'delay=1ms' }]);
  });

  it('takes everything back on Ctrl-C, and tells what was done', async () => {
    await up();
    write('steps:\n  - { at: 0s, add: hang }\n  - { at: 10ms, engine: pause }\n  - { at: 10m, clear: all }\n');
    const { child, sees, done } = box.start(['fault', 'run', './mine.yaml', '--json']);
    await sees('engine pause');
    child.kill('SIGINT');
    const { code, stdout } = await done;
    const answer = JSON.parse(stdout);
    expect(answerOf('fault run', 'error').safeParse(answer).error).toBeUndefined();
    expect({ code, answer }).toMatchObject({ code: 130, answer: { error: { code: 'INTERRUPTED' } } });
    expect(answer.data.steps).toHaveLength(2);
    expect(answer.data.takenBack).toMatchObject([{ id: 'pause' }, { text: 'hang' }]);
    expect(await infer()).toBe(right);
  });

  it('ends at a step that fails, and takes back what was done', async () => {
    await up();
    write('steps:\n  - { at: 0s, add: hang }\n  - { at: 1ms, engine: disconnect }\n  - { at: 2ms, add: nan }\n');
    const { code, answer } = await box.json(['fault', 'run', './mine.yaml']);
    expect({ code, answer }).toMatchObject({ code: 2, answer: { error: { code: 'ENGINE_CANNOT' } } });
    expect(answer.data).toMatchObject({ steps: [{ text: 'add hang' }], takenBack: [{ text: 'hang' }] });
  });

  it('is printed and not run with --dry-run, even where nothing runs', async () => {
    const { code, stdout } = await box.run(['fault', 'run', 'server-down-and-back', '--dry-run', '--speed', '10']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^server-down-and-back would take 2.00 s.*\n {2}\+0.50 s {2}engine kill\n {2}\+1.00 s {2}engine/,
    );
  });

  it('that is wrong is told of with its lines', async () => {
    write('steps:\n  - at: 0s\n    add: hnag\n  - at: soon\n    colour: red\n');
    expect(await box.run(['fault', 'run', './mine.yaml', '--dry-run'])).toMatchObject({ code: 2 });
    const { answer } = await box.json(['fault', 'run', './mine.yaml', '--dry-run']);
    expect(answer.error).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('docs/faults.md') });
    expect(answer.error?.details.problems).toMatchObject([
      { source: 'mine.yaml', line: 4, path: 'steps.1.at' },
      { source: 'mine.yaml', line: 5, path: 'steps.1.colour', got: '"colour"' },
    ]);
    write('steps:\n  - at: 0s\n    add: [nan, hnag]\n');
    const second = (await box.json(['fault', 'run', './mine.yaml', '--dry-run'])).answer;
    expect(second.error?.details.problems).toMatchObject([{ line: 3, path: 'steps.0.add.1', got: '"hnag"' }]);
  });
});

describe('help and completion', () => {
  it('name every fault', async () => {
    const names = [...faultKindNames, ...engineFaultNames];
    const { stdout } = await box.run(['fault', 'add', '--help']);
    expect(names.filter((name) => !new RegExp(`[ ,]${name}[,\\n]`).test(stdout))).toEqual([]);
    const kinds = (await box.run(['fault', 'kinds'])).stdout;
    expect(names.filter((name) => !new RegExp(`^${name}\\b`, 'm').test(kinds))).toEqual([]);
    const offered = (await box.run(['complete', 'fault', 'add', ''])).stdout;
    expect(names.filter((name) => !offered.includes(`${name}\t`))).toEqual([]);
  });

  it('is told that no action was given', async () => {
    expect(await box.run(['fault'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('Actions:'),
    });
    const { code, answer } = await box.json(['fault']);
    expect({ code, answer }).toMatchObject({ code: 2, answer: { command: 'fault', error: { code: 'USAGE' } } });
  });
});
