import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesWith } from '../tools/processes.js';
import { leftBehind } from './oracle.js';
import { type Sandbox, sandbox } from './run-cli.js';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(async () => {
  await box.run(['down', '--all']);
  box[Symbol.dispose]();
});

const long = { timeout: 40_000, interval: 100 };
const guards = () => processesWith(box.directory).filter(({ command }) => command.includes('--no-opt'));
const stateOf = async () => (await box.json(['status'])).answer.data.state as string;

describe.skipIf(process.platform !== 'linux')('an environment with a ttl', () => {
  it.each(['1', '2'])('is gone after it, with all that saw to that: of %s workers', async (workers) => {
    writeFileSync(join(box.directory, 'kserve-env.yaml'), `server: { workers: ${workers} }\n`);
    const { answer } = await box.json(['up', '--ttl', '9s']);
    expect(Date.parse(answer.data.expiresAt) - Date.now()).toBeLessThanOrEqual(9000);
    const [listed] = (await box.json(['ls'])).answer.data.environments;
    expect(listed).toMatchObject({ expiresAt: answer.data.expiresAt, state: 'running', models: 7 });
    expect((await box.json(['status'])).answer.data.expiresAt).toBe(answer.data.expiresAt);
    await expect.poll(() => leftBehind(box), long).toEqual([]);
  });

  it('leaves no process when it is taken away before', async () => {
    await box.run(['up', '--ttl', '1h']);
    expect(guards()).toHaveLength(1);
    await box.run(['down']);
    await expect.poll(() => leftBehind(box), long).toEqual([]);
  });

  it('ends by itself with code 0 where nobody sees to it, and the next command removes it whatever its name', async () => {
    await box.run(['up', '--ttl', '8s', '--name', 'mine']);
    for (const { pid } of guards()) process.kill(pid, 'SIGKILL');
    const listed = async () => (await box.json(['ls'])).answer.data.environments[0];
    await expect.poll(listed, long).toMatchObject({ state: 'exited', unfinished: 'its time was over' });
    const { stdout } = await box.run(['logs', '--name', 'mine']);
    expect(stdout).toContain('"reason":"ttl"');
    const { answer } = await box.json(['down', '--name', 'other']);
    expect(answer.data).toMatchObject({ removed: [], swept: [{ name: 'mine', reason: 'its time was over' }] });
    expect(leftBehind(box)).toEqual([]);
  });

  it('outlives the terminal that it was made from', async () => {
    await box.run(['up', '--ttl', '1h']);
    const [guard] = guards();
    if (guard) process.kill(guard.pid, 'SIGHUP');
    expect(await stateOf()).toBe('running');
    expect(guards()).toEqual([guard]);
  });

  it('is left as it is by an up without one, and made anew where too little of the time is left', async () => {
    const { answer } = await box.json(['up', '--ttl', '20m']);
    const again = async (...flags: string[]) => (await box.json(['up', ...flags])).answer.data;
    expect(await again()).toMatchObject({ outcome: 'unchanged', expiresAt: answer.data.expiresAt });
    expect(await again('--ttl', '30m')).toMatchObject({ outcome: 'unchanged', expiresAt: answer.data.expiresAt });
    expect((await box.json(['status'])).answer.data.drift).toEqual([]);
    const { stdout } = await box.run(['up', '--ttl', '1h', '--dry-run']);
    expect(stdout).toMatch(/remove +the existing one ends in 1\dm.*, less than half of the 60m asked for/);
    expect((await again('--ttl', '1h')).outcome).toBe('recreate');
    expect(guards()).toHaveLength(1);
  });

  it('is refused where it is no duration', async () => {
    const { code, answer } = await box.json(['up', '--ttl', 'soon']);
    expect(code).toBe(2);
    expect(answer.error).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
