/** Machines on which the clock jumps, or the user has no home that can be written to. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { leftBehind } from './oracle.js';
import { type Sandbox, sandbox } from './run-cli.js';

describe.runIf(process.platform === 'linux')('a user', () => {
  /** Without a directory for state that is named, as users have it. */
  function withHome(box: Sandbox, home: string): Sandbox {
    const temp = `${box.directory}/state`;
    mkdirSync(temp);
    delete box.env.KSERVE_ENV_STATE_DIR;
    delete box.env.KSERVE_ENV_CACHE_DIR;
    Object.assign(box.env, { HOME: home, TMPDIR: temp });
    return box;
  }

  it.each([
    // Nobody, not even root, makes a directory there.
    { who: 'with a home that cannot be written to', home: '/proc' },
    { who: 'with a home that does not exist', home: '/proc/nowhere' },
    { who: 'with a home that is a file', home: '/etc/passwd' },
    { who: 'with a home of no name', home: '' },
  ])('$who has up, status and down all the same', async ({ home }) => {
    using box = withHome(sandbox(), home);
    if (home === '') box.env.XDG_STATE_HOME = '/proc/nowhere';
    expect((await box.run(['up', '--engine', 'process'])).code).toBe(0);
    expect((await box.json(['status'])).answer.data.state).toBe('running');
    expect((await box.run(['down'])).code).toBe(0);
    expect(leftBehind(box)).toEqual([]);
  });

  it('with no place for state at all is told so, and what to set', async () => {
    using box = withHome(sandbox(), '/proc');
    box.env.TMPDIR = '/proc';
    const { code, answer } = await box.json(['up', '--engine', 'process']);
    expect(code).not.toBe(1);
    expect(code).not.toBe(0);
    expect(answer.error).toMatchObject({
      code: 'ENGINE_FAILED',
      hint: expect.stringContaining('KSERVE_ENV_STATE_DIR'),
    });
    box.env.TMPDIR = box.directory;
  });
});

const preload = faketimeLibrary();

describe.runIf(preload !== undefined)('a clock that jumps', () => {
  /** The wall clock alone: no system lets its monotonic clock jump. */
  function withClock(box: Sandbox, spec: string): string {
    const path = `${box.directory}/clock`;
    writeFileSync(path, spec);
    Object.assign(box.env, {
      LD_PRELOAD: preload,
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    });
    return path;
  }

  it.each([
    { how: 'forward', before: '+0', after: '+40d' },
    { how: 'back', before: '+0', after: '-40d' },
  ])('$how in the midst of up ends no wait and begins no second one', async ({ before, after }) => {
    for (const phase of ['Engine', 'Create', 'Server live']) {
      using box = sandbox();
      const path = withClock(box, before);
      const { sees, done } = box.start(['up', '--engine', 'process', '--timeout', '20s']);
      await sees(`✔ ${phase}`);
      writeFileSync(path, after);
      const { code, stderr } = await done;
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/-\d|\d{5,} s/) });
      const { answer } = await box.json(['up', '--engine', 'process']);
      expect(answer.data.outcome).toBe('unchanged');
      expect((await box.run(['down'])).code).toBe(0);
      expect(leftBehind(box)).toEqual([]);
    }
  });

  it('does not make what it measures negative, or longer than it was', async () => {
    using box = sandbox();
    const path = withClock(box, '+0');
    const { sees, done } = box.start(['up', '--engine', 'process', '--json']);
    await sees('✔ Create');
    writeFileSync(path, '-1h');
    const { data } = JSON.parse((await done).stdout);
    for (const { ms } of data.phases) expect(ms).toBeGreaterThanOrEqual(0);
    expect(data.budget.over).toBe(false);
    await box.run(['down']);
  });
});

/** The library of Debian's package faketime: the one for programs with threads. */
function faketimeLibrary(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const path = execFileSync('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' }).trim();
    return path.replace('libfaketime.so', 'libfaketimeMT.so');
  } catch {
    return undefined;
  }
}
