/** Clocks that jump, and users without a home. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
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
  // What sees to the end of an environment with a ttl takes a moment to see that it is gone.
  await expect.poll(() => leftBehind(box), { timeout: 10_000 }).toEqual([]);
  box[Symbol.dispose]();
});

/** The one for programs with threads. */
const library = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

describe.skipIf(library === undefined)('a wall clock (with libfaketime of Debian’s package faketime)', () => {
  /** Only the wall clock is another: nobody can set the monotonic one. */
  const clock = (more: Record<string, string>) => ({
    env: { LD_PRELOAD: library ?? '', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1', ...more },
  });

  it.each(['+400d', '-400d'])('that is off by %s keeps nobody from setting up, waiting and removing', async (off) => {
    const wrong = clock({ FAKETIME: off });
    const results = await Promise.all([box.json(['up'], wrong), box.json(['up']), box.json(['up'], wrong)]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(results.filter(({ answer }) => answer.data.outcome === 'create')).toHaveLength(1);
    expect((await box.json(['status'], wrong)).answer.data.state).toBe('running');
    expect((await box.run(['down'], wrong)).code).toBe(0);
  });

  const jumps = ['+400d', '-400d'].flatMap((jump) =>
    ['Engine', 'Create', 'Server live'].map((phase) => ({ jump, phase })),
  );

  it.each(jumps)(
    'that jumps by $jump after $phase changes neither the patience of up nor its timings',
    async (trial) => {
      writeFileSync(
        join(box.directory, 'kserve-env.yaml'),
        'models: [{ name: slow, kind: identity, loadDelay: 2s }]\n',
      );
      const file = join(box.directory, 'clock');
      writeFileSync(file, '+0\n');
      const jumping = clock({ FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1' });
      const { sees, done } = box.start(['up', '--engine', 'process', '--json', '--timeout', '50s'], jumping);
      await sees(`✔ ${trial.phase}`);
      writeFileSync(file, `${trial.jump}\n`);
      const { code, stdout, stderr } = await done;
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/-\d|\d{5,} s/) });
      const { budget, phases } = JSON.parse(stdout).data;
      const milliseconds: number[] = [budget.totalMs, ...phases.map(({ ms }: { ms: number }) => ms)];
      expect(milliseconds.filter((ms) => ms < 0 || ms > 60_000)).toEqual([]);
      expect(budget.totalMs).toBeGreaterThan(0);
      expect(budget.over).toBe(false);
      expect((await box.json(['up'])).answer.data.outcome).toBe('unchanged');
    },
  );

  it('that says that a ttl is over is believed, and what is then made has the whole of it', async () => {
    await box.run(['up', '--ttl', '1h']);
    const { answer } = await box.json(['up', '--ttl', '1h'], clock({ FAKETIME: '+2h' }));
    expect(answer.data.outcome).toBe('recreate');
  });
});

describe.skipIf(process.platform !== 'linux')('a home', () => {
  /** Where nothing can be written, not even by root. */
  const readOnly = '/proc/self';

  it.each([
    { what: 'that cannot be written to', home: readOnly },
    { what: 'that is no directory', home: '/dev/null' },
    { what: 'that does not exist', home: '/proc/nowhere' },
    { what: 'that is not named', home: '' },
  ])('$what is done without: state and cache go among the temporary files', async ({ home }) => {
    const temporary = join(box.directory, 'state');
    mkdirSync(temporary, { recursive: true });
    const unset = { KSERVE_ENV_STATE_DIR: '', KSERVE_ENV_CACHE_DIR: '', XDG_STATE_HOME: '/proc/nowhere' };
    const env = { HOME: home, TMPDIR: temporary, ...unset };
    const { code, answer } = await box.json(['up'], { env });
    expect({ code, error: answer.error }).toEqual({ code: 0, error: null });
    expect(readdirSync(temporary).join()).toContain('kserve-env-');
    expect((await box.json(['status'], { env })).answer.data.state).toBe('running');
    expect((await box.json(['ls'], { env })).answer.data.environments).toHaveLength(1);
    expect(await box.run(['down'], { env })).toMatchObject({ code: 0, stdout: expect.stringContaining('Removed') });
  });

  it('without a place among the temporary files is no place, and what to set is said', async () => {
    const nowhere = { HOME: '/proc', TMPDIR: '/proc', KSERVE_ENV_STATE_DIR: '', KSERVE_ENV_CACHE_DIR: '' };
    const { code, answer } = await box.json(['up'], { env: nowhere });
    expect(code).toBe(5);
    expect(answer.error).toMatchObject({
      code: 'ENGINE_FAILED',
      hint: expect.stringContaining('KSERVE_ENV_STATE_DIR'),
    });
  });

  it('is not fallen back to where a directory was named that cannot be used', async () => {
    const { code, answer } = await box.json(['up'], { env: { KSERVE_ENV_STATE_DIR: `${readOnly}/state` } });
    expect(code).toBe(5);
    expect(answer.error).toMatchObject({
      code: 'ENGINE_FAILED',
      hint: expect.stringContaining('KSERVE_ENV_STATE_DIR'),
    });
  });
});
