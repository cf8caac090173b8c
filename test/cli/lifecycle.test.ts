import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

/** Kills an `up` when it has told of this phase. */
async function killedUp(name: string, phase: string): Promise<number> {
  const { child, sees, done } = box.start(['up', '--name', name, '--smoke']);
  await sees(`✔ ${phase}`);
  child.kill('SIGKILL');
  await done;
  return child.pid ?? 0;
}

/** A command that holds the lock of a name until it is ended: an `up` that never gets its server ready. */
async function busyUp(name: string) {
  const config = join(box.directory, 'slow.yaml');
  writeFileSync(config, 'models: [{ name: slow, kind: identity, loadDelay: 60s }]\n');
  const running = box.start(['up', '--name', name, '--timeout', '60s', '--config', config]);
  await running.sees('✔ Server live');
  return running;
}

describe('an up that was killed', () => {
  it.each(['Create', 'Start', 'Warm-up'])('after “%s” is swept by a down of another name', async (phase) => {
    const pid = await killedUp('mine', phase);
    const before = (await box.json(['ls'])).answer.data.environments;
    expect(before).toMatchObject([{ name: 'mine', unfinished: expect.stringContaining(String(pid)) }]);
    const { stdout } = await box.run(['down', '--name', 'other', '--dry-run']);
    expect(stdout).toContain(`Would remove mine (process, half made by process ${pid}`);
    const { answer } = await box.json(['down', '--name', 'other']);
    expect(answer.data.swept).toMatchObject([{ name: 'mine', engine: 'process' }]);
    expect(leftBehind(box)).toEqual([]);
  });

  it('is swept by an up of another name, which says so', async () => {
    const pid = await killedUp('mine', 'Create');
    const { answer, stderr } = await box.json(['up', '--name', 'other', '--verbose', '--progress', 'plain']);
    expect(answer.data.swept).toMatchObject([{ name: 'mine' }]);
    expect(stderr).toContain(`Removed mine: half made by process ${pid}`);
    expect((await box.json(['ls'])).answer.data.environments).toMatchObject([{ name: 'other' }]);
  });

  it('costs nobody an environment that it found as it should be', async () => {
    const { answer } = await box.json(['up', '--name', 'mine']);
    await killedUp('mine', 'Warm-up');
    await box.run(['down', '--name', 'other']);
    const { answer: after } = await box.json(['status', '--name', 'mine']);
    expect(after.data).toMatchObject({ state: 'running', endpoints: answer.data.endpoints });
  });
});

describe('a command that finds another at work', () => {
  it('waits, and names the process', async () => {
    const { child, done } = await busyUp('mine');
    const down = box.start(['down', '--name', 'mine']);
    await down.sees(`Process ${child.pid} is changing mine; waiting for it`);
    child.kill('SIGINT');
    expect(await done).toMatchObject({ code: 130 });
    expect(await down.done).toMatchObject({ code: 0 });
  });

  it('can be told how long', async () => {
    const { child, done } = await busyUp('mine');
    const { code, answer } = await box.json(['down', '--name', 'mine', '--timeout', '200ms']);
    expect(code).toBe(124);
    expect(answer.error).toMatchObject({ code: 'TIMED_OUT', hint: expect.stringContaining(`kill ${child.pid}`) });
    child.kill('SIGTERM');
    await done;
  });

  it.each(['down', 'up'])('and is interrupted as it waits ends at once: %s', async (verb) => {
    const busy = await busyUp('mine');
    const waiting = box.start([verb, '--name', 'mine']);
    await waiting.sees('waiting for it');
    waiting.child.kill('SIGINT');
    expect(await waiting.done).toMatchObject({ code: 130 });
    busy.child.kill('SIGTERM');
    await busy.done;
  });
});

describe('down --all', () => {
  it('removes every environment, whatever its name, half-made ones too, and tells of each', async () => {
    await box.run(['up', '--name', 'one']);
    await box.run(['up', '--name', 'two']);
    await killedUp('three', 'Create');
    const { stdout } = await box.run(['down', '--all', '--dry-run']);
    expect(stdout.match(/^Would remove \w+/gm)?.sort()).toEqual(
      ['one', 'three', 'two'].map((name) => `Would remove ${name}`),
    );
    const { code, answer } = await box.json(['down', '--all']);
    expect(code).toBe(0);
    expect(answer.data.name).toBeNull();
    expect(answer.data.removed.map(({ name }: { name: string }) => name).sort()).toEqual(['one', 'two']);
    expect(answer.data.swept).toMatchObject([{ name: 'three' }]);
  });

  it('removes the others where one is being changed, and fails', async () => {
    await box.run(['up', '--name', 'one']);
    const { child, done } = await busyUp('busy');
    const { code, answer } = await box.json(['down', '--all', '--timeout', '100ms']);
    expect(code).toBe(124);
    expect(answer.data.removed).toMatchObject([{ name: 'one' }]);
    expect(answer.error).toMatchObject({ details: { name: 'busy' } });
    child.kill('SIGTERM');
    await done;
  });

  it('is content with nothing', async () => {
    expect(await box.run(['down', '--all'])).toMatchObject({
      code: 0,
      stdout: 'Nothing to remove: there is no environment\n',
    });
  });
});

it('ls has every environment, of whatever project, and the file that it was made from', async () => {
  const config = join(box.directory, 'one.yaml');
  writeFileSync(config, 'models: [{ name: a, kind: identity }]\n');
  await box.run(['up', '--name', 'one', '--config', config]);
  await box.run(['up', '--name', 'two']);
  const { answer } = await box.json(['ls']);
  expect(answer.data.environments).toMatchObject([
    { name: 'one', state: 'running', engine: 'process', models: 1, configFile: config },
    { name: 'two', state: 'running', models: 7 },
  ]);
  expect((await box.run(['ls'])).stdout).toContain(config);
});
