import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { identify } from '../../../src/engine/process/identity.js';
import { withEnvironmentLock } from '../../../src/environment/lock.js';
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

const lockFile = (name = 'mine') => join(stateDir, '.locks', name);

function take<T>(work: () => Promise<T>, change: { name?: string; timeoutMs?: number; signal?: AbortSignal } = {}) {
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

function plant(content: string): void {
  mkdirSync(join(stateDir, '.locks'), { recursive: true });
  writeFileSync(lockFile(), content);
}

describe('the lock of an environment', () => {
  it('lets many processes in, one after the other', async () => {
    const rounds = 4;
    const children = Array.from({ length: 6 }, () => child(String(rounds)));
    const codes = await Promise.all(children.map(async (process_) => (await once(process_, 'exit'))[0] as number));
    expect(codes).toEqual(children.map(() => 0));
    const lines = readFileSync(join(stateDir, 'journal'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(children.length * rounds * 2);
    for (let at = 0; at < lines.length; at += 2) {
      expect(lines[at + 1]).toBe(lines[at]?.replace('in', 'out'));
    }
  });

  it('is free again after the work, and leaves no file', async () => {
    expect(await take(async () => 42)).toBe(42);
    await expect(take(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(readdirSync(join(stateDir, '.locks'))).toEqual([]);
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

  it('is taken over from a process that was killed', async () => {
    const other = await holder();
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(readdirSync(join(stateDir, '.locks'))).toEqual(['mine']);
    expect(await take(async () => 'mine now')).toBe('mine now');
    expect(waitedFor).toEqual([]);
  });

  it('is taken over by one of many that wait for a process that is killed', async () => {
    const other = await holder();
    const children = Array.from({ length: 4 }, () => child('2'));
    other.kill('SIGKILL');
    await Promise.all(children.map((process_) => once(process_, 'exit')));
    const lines = readFileSync(join(stateDir, 'journal'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(16);
    for (let at = 0; at < lines.length; at += 2) expect(lines[at + 1]).toBe(lines[at]?.replace('in', 'out'));
  });

  it.each([
    '',
    'garbage',
    '{}',
    '{"pid":-1,"startTime":"","bootId":""}',
    '{"pid":1e9,"startTime":"1","bootId":"x"}',
    '\0',
  ])('is taken over from a file that says %j', async (content) => {
    plant(content);
    expect(await take(async () => 'mine now')).toBe('mine now');
    expect(readdirSync(join(stateDir, '.locks'))).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('is taken over where the number lives on in another process', async () => {
    const living = await identify(process.pid);
    plant(JSON.stringify({ ...living, startTime: '1', nonce: 'x' }));
    expect(await take(async () => 'mine now')).toBe('mine now');
  });

  it.skipIf(process.platform !== 'linux')('is taken over from before the last boot', async () => {
    const living = await identify(process.pid);
    plant(JSON.stringify({ ...living, bootId: 'another', nonce: 'x' }));
    expect(await take(async () => 'mine now')).toBe('mine now');
  });

  it('that does not come free in time is an error naming the holder and the way out', async () => {
    const error = await take(() => take(async () => 'never', { timeoutMs: 1 })).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TimedOutError);
    expect(error).toMatchObject({ exitCode: 124, details: { name: 'mine', pid: process.pid } });
    expect((error as TimedOutError).hint).toContain(`kill ${process.pid}`);
    expect(readdirSync(join(stateDir, '.locks'))).toEqual([]);
  });

  it('is not waited for any longer when the command is interrupted', async () => {
    const controller = new AbortController();
    const reason = new InterruptedError('SIGINT');
    const waiting = take(async () => {
      queueMicrotask(() => controller.abort(reason));
      return await take(async () => 'never', { signal: controller.signal });
    });
    await expect(waiting).rejects.toBe(reason);
    expect(readdirSync(join(stateDir, '.locks'))).toEqual([]);
  });

  it('that somebody took away with the whole directory is no error', async () => {
    await take(async () => rmSync(stateDir, { recursive: true, force: true }));
  });
});
