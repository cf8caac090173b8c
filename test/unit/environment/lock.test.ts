import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ownMark } from '../../../src/engine/process/identity.js';
import { type HeldLock, undoneOf, withEnvironmentLock } from '../../../src/environment/lock.js';
import { InterruptedError, TimedOutError } from '../../../src/errors.js';

const program = mkdtempSync(join(tmpdir(), 'kserve-env-lock-program-'));
const bundle = join(program, 'lock-child.mjs');
beforeAll(async () => {
  const entry = fileURLToPath(new URL('lock-child.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile: bundle, bundle: true, platform: 'node', format: 'esm' });
});
afterAll(() => rmSync(program, { recursive: true, force: true }));

let stateDir: string;
let waitedFor: number[];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kserve-env-lock-'));
  waitedFor = [];
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

function take<T>(
  work: (lock: HeldLock) => Promise<T>,
  change: { name?: string; timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const { signal } = new AbortController();
  const onWait = (pid: number) => waitedFor.push(pid);
  return withEnvironmentLock({ stateDir, name: 'mine', timeoutMs: 10_000, signal, onWait, ...change }, work);
}

function child(...args: string[]): ChildProcess {
  return spawn(process.execPath, [bundle, stateDir, 'mine', join(stateDir, 'journal'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** A process that holds the lock until its standard input ends. */
async function holder(): Promise<ChildProcess> {
  const process_ = child('hold');
  if (process_.stdout) await once(process_.stdout, 'data');
  return process_;
}

/** A file that a claimant left, who has this mark. */
function plant(mark: string, content = '', name = 'mine'): void {
  mkdirSync(join(stateDir, '.locks'), { recursive: true });
  writeFileSync(join(stateDir, '.locks', `${name}~${mark}~${randomBytes(16).toString('hex')}`), content);
}

const readJournal = () => {
  const path = join(stateDir, 'journal');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

const exitOf = async (process_: ChildProcess) =>
  process_.exitCode ?? process_.signalCode ?? ((await once(process_, 'exit'))[0] as number | null);

const files = () => readdirSync(join(stateDir, '.locks'));

/** Nobody was in while somebody else was: each `in` is followed by its own `out`, unless its process was killed. */
function expectOneAtATime(killed: ReadonlySet<number> = new Set()): number {
  const lines = readJournal().trim().split('\n');
  let inside: string | undefined;
  let rounds = 0;
  for (const line of lines) {
    const [what = '', pid = ''] = line.split(' ');
    if (what === 'in') {
      if (inside !== undefined) expect(killed).toContain(Number(inside));
      inside = pid;
    } else {
      expect(pid).toBe(inside);
      inside = undefined;
      rounds += 1;
    }
  }
  return rounds;
}

describe('the lock of an environment', () => {
  it('lets many processes in, one after the other', async () => {
    const rounds = 3;
    const children = Array.from({ length: 16 }, () => child(String(rounds)));
    const codes = await Promise.all(children.map(async (process_) => (await once(process_, 'exit'))[0] as number));
    expect(codes).toEqual(children.map(() => 0));
    expect(expectOneAtATime()).toBe(children.length * rounds);
    expect(files()).toEqual([]);
  });

  it('lets one in at a time among stale claims, while processes are killed at any moment', async () => {
    const strangers = Array.from({ length: 10 }, () => `${randomInt(2, 4_000_000)}-${randomBytes(8).toString('hex')}`);
    for (const mark of strangers) plant(mark);
    const children = Array.from({ length: 12 }, () => child('25'));
    const victims = children.slice(0, 6);
    const killed = new Set(victims.flatMap(({ pid }) => pid ?? []));
    await expect.poll(() => readJournal().length, { timeout: 15_000 }).toBeGreaterThan(0);
    for (const victim of victims) {
      await setTimeout(randomInt(0, 40));
      victim.kill('SIGKILL');
    }
    const codes = await Promise.all(children.map(async (process_) => exitOf(process_)));
    expect(codes.slice(6)).toEqual(Array(6).fill(0));
    expect(expectOneAtATime(killed)).toBeGreaterThanOrEqual(6 * 25);
    expect(await take(async () => files().length)).toBe(1);
    expect(files()).toEqual([]);
  });

  it('is free again after the work, and leaves no file', async () => {
    expect(await take(async () => 42)).toBe(42);
    await expect(take(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(files()).toEqual([]);
    expect(waitedFor).toEqual([]);
  });

  it('is one for each environment', async () => {
    const inner = await take(() => take(async () => 'both', { name: 'other' }));
    expect(inner).toBe('both');
    expect(waitedFor).toEqual([]);
  });

  it('is waited for, and the waiter is told once by whom it is held', async () => {
    const other = await holder();
    let entered = false;
    const waiting = take(async () => {
      entered = true;
    });
    await expect.poll(() => waitedFor).toEqual([other.pid]);
    expect(entered).toBe(false);
    other.stdin?.end();
    await waiting;
    expect(waitedFor).toEqual([other.pid]);
  });

  it('is free when the process that held it was killed', async () => {
    const other = await holder();
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(files()).toHaveLength(1);
    expect(await take(async () => 'mine now')).toBe('mine now');
    expect(waitedFor).toEqual([]);
    expect(files()).toEqual([]);
  });

  it('goes to one of many that wait for a process that is killed', async () => {
    const other = await holder();
    const children = Array.from({ length: 4 }, () => child('2'));
    other.kill('SIGKILL');
    await Promise.all(children.map((process_) => once(process_, 'exit')));
    expect(expectOneAtATime()).toBe(8);
  });

  it.each([
    { what: 'nothing', content: '' },
    { what: 'garbage', content: 'garbage' },
    { what: 'JSON without its digest', content: '{"ticket":1}' },
    { what: 'a digest that is wrong', content: `${'0'.repeat(16)} {"ticket":1}\n` },
    { what: 'zeros, as after a power cut', content: '\0'.repeat(4096) },
  ])('does not wait for a dead claimant whose file says $what', async ({ content }) => {
    plant(`4194399-${'0'.repeat(16)}`, content);
    expect(await take(async () => 'mine now')).toBe('mine now');
    expect(files()).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('does not wait for a claimant whose number another process has', async () => {
    plant(`${process.pid}-${'0'.repeat(16)}`);
    expect(await take(async () => 'mine now')).toBe('mine now');
    expect(files()).toEqual([]);
  });

  it('waits for a living claimant until it has written its ticket', async () => {
    plant(await ownMark());
    const error = await take(async () => 'never', { timeoutMs: 250 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TimedOutError);
    expect(files()).toHaveLength(1);
  });

  it.each(['mine.', 'mine', 'mine~', 'mine~1', '~1-0000000000000000~00', 'x~1-0~y'])(
    'lets a file alone that is no claim: %s',
    async (name) => {
      mkdirSync(join(stateDir, '.locks'), { recursive: true });
      writeFileSync(join(stateDir, '.locks', name), '');
      await take(async () => {});
      expect(files()).toEqual([name]);
    },
  );

  it('is as good for a name that begins like another', async () => {
    await take(() => take(async () => {}, { name: 'mine-2' }));
    expect(waitedFor).toEqual([]);
  });

  it('that does not come free in time is an error naming the holder and the way out', async () => {
    const error = await take(() => take(async () => 'never', { timeoutMs: 1 })).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TimedOutError);
    expect(error).toMatchObject({ exitCode: 124, details: { name: 'mine', pid: process.pid } });
    expect((error as TimedOutError).hint).toContain(`kill ${process.pid}`);
    expect(files()).toEqual([]);
  });

  it('is not waited for any longer when the command is interrupted', async () => {
    const controller = new AbortController();
    const reason = new InterruptedError('SIGINT');
    const waiting = take(async () => {
      queueMicrotask(() => controller.abort(reason));
      return await take(async () => 'never', { signal: controller.signal });
    });
    await expect(waiting).rejects.toBe(reason);
    expect(files()).toEqual([]);
  });

  it('that somebody took away with the whole directory is no error', async () => {
    await take(async () => rmSync(stateDir, { recursive: true, force: true }));
  });
});

describe('what a command was doing', () => {
  const intent = { kind: 'make', engine: 'process', endpoint: 'here' } as const;

  it('is known to the next one when it was killed, until that has ended it', async () => {
    const other = child('intend');
    if (other.stdout) await once(other.stdout, 'data');
    expect(await undoneOf(stateDir)).toEqual([]);
    other.kill('SIGKILL');
    await once(other, 'exit');
    await take(async (lock) => {
      const [undone] = await lock.undone();
      expect(undone).toMatchObject({ name: 'mine', pid: other.pid, intent });
    });
    await take(async (lock) => {
      for (const undone of await lock.undone()) await undone.done();
    });
    expect(files()).toEqual([]);
  });

  it('is known to the next one when it could not end it itself, and keeps nobody out', async () => {
    await take((lock) => lock.intend(intent));
    expect(files()).toHaveLength(1);
    await take(async (lock) => {
      expect(await lock.undone()).toMatchObject([{ name: 'mine', pid: process.pid, intent }]);
    });
    expect(waitedFor).toEqual([]);
  });

  it('is forgotten when it is done', async () => {
    await take(async (lock) => {
      await lock.intend(intent);
      await lock.intend(undefined);
    });
    expect(files()).toEqual([]);
  });

  it('is written in place: whoever reads meanwhile waits, and never goes in', async () => {
    const children = Array.from({ length: 4 }, () => child('10'));
    await take(async (lock) => {
      const before = readJournal();
      for (let at = 0; at < 300; at += 1) await lock.intend({ ...intent, instance: 'x'.repeat(at) });
      await lock.intend(undefined);
      expect(readJournal()).toBe(before);
    });
    await Promise.all(children.map(exitOf));
    expectOneAtATime();
  });
});
