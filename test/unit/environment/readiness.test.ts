import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ExitInfo } from '../../../src/engine/engine.js';
import { NotReadyInTimeError, poll, ServerExitedError, whileAlive } from '../../../src/environment/readiness.js';
import { InterruptedError } from '../../../src/errors.js';

const never = new AbortController().signal;
const goal = 'The server was not live';

describe('poll', () => {
  it('asks until the answer is yes', async () => {
    const answers = [false, new Error('connection refused'), false, true];
    const heard: string[] = [];
    await poll(
      async () => {
        const answer = answers.shift() ?? false;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      { timeoutMs: 10_000, signal: never, goal, intervalMs: 1, onAnswer: (answer) => heard.push(answer) },
    );
    expect(answers).toEqual([]);
    expect(heard).toEqual(['not yet', 'connection refused', 'not yet']);
  });

  it('that runs out of time tells the goal, the time in whole milliseconds, and the last answer', async () => {
    const failing = poll(() => Promise.reject(new Error('connection refused')), {
      timeoutMs: 20.5,
      signal: never,
      goal,
      intervalMs: 1,
    });
    const error = await failing.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NotReadyInTimeError);
    expect(error).toMatchObject({
      code: 'TIMED_OUT',
      exitCode: 124,
      retryable: true,
      message: 'The server was not live within 21 ms; last answer: connection refused',
      details: { lastProbe: 'connection refused' },
    });
  });

  it('gives no probe more than its share of the time, nor more than is left', async () => {
    const given: number[] = [];
    const probe = async ({ timeoutMs }: { timeoutMs: number }) => given.push(timeoutMs) > 2;
    await poll(probe, { timeoutMs: 60_000, signal: never, goal, intervalMs: 1, probeMs: 700 });
    expect(given).toEqual([700, 700, 700]);
    await poll(probe, { timeoutMs: 500, signal: never, goal, intervalMs: 1 });
    expect(given.at(-1)).toBeLessThanOrEqual(500);
  });

  it('has more and more patience with a probe, where it begins with little', async () => {
    const given: number[] = [];
    const probe = async ({ timeoutMs }: { timeoutMs: number }) => given.push(timeoutMs) > 3;
    await poll(probe, { timeoutMs: 60_000, signal: never, goal, intervalMs: 1, firstProbeMs: 400, probeMs: 1_000 });
    expect(given).toEqual([400, 600, 900, 1_000]);
  });

  it('ends with the reason of an abort, between two probes and in the middle of one', async () => {
    const reason = new InterruptedError('SIGINT');
    for (const hang of [false, true]) {
      const controller = new AbortController();
      const waiting = poll(
        ({ signal }) => {
          queueMicrotask(() => controller.abort(reason));
          if (!hang) return Promise.resolve(false);
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cancelled'))));
        },
        { timeoutMs: 60_000, signal: controller.signal, goal, intervalMs: 10_000 },
      );
      await expect(waiting).rejects.toBe(reason);
    }
  });

  it('asks nobody when it is aborted already', async () => {
    const reason = new Error('stop');
    const asked = poll(() => Promise.reject(new Error('asked')), {
      timeoutMs: 1000,
      signal: AbortSignal.abort(reason),
      goal,
    });
    await expect(asked).rejects.toBe(reason);
  });
});

describe('whileAlive', () => {
  const died = async (exit: ExitInfo) => new ServerExitedError('mine', exit, ['last words']);
  /** Work that ends only when it is told to. */
  const obedient = (events: string[]) => (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        events.push('work ended');
        reject(new Error('cancelled'));
      });
    });

  it('passes on what the work returns, and how it fails', async () => {
    const alive = new Promise<ExitInfo>(() => {});
    await expect(whileAlive(alive, never, died, async () => 42)).resolves.toBe(42);
    const failure = new Error('no');
    await expect(whileAlive(alive, never, died, () => Promise.reject(failure))).rejects.toBe(failure);
  });

  it('ends at once when the server dies, with exit code and last log lines', async () => {
    const events: string[] = [];
    const exit = Promise.resolve({ exitCode: 3, oomKilled: false });
    const error = await whileAlive(exit, never, died, obedient(events)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ServerExitedError);
    expect(error).toMatchObject({
      exitCode: 8,
      message: 'The server of mine exited with code 3\nIts last log lines:\n  last words',
      details: { exitCode: 3, oomKilled: false, lastLogLines: ['last words'] },
    });
    expect(events).toEqual(['work ended']);
  });

  it('tells the death rather than what it made fail', async () => {
    const exit = Promise.resolve({ exitCode: 1, oomKilled: false });
    const work = async () => {
      await setImmediate();
      throw new Error('connection reset');
    };
    await expect(whileAlive(exit, never, died, work)).rejects.toBeInstanceOf(ServerExitedError);
  });

  it('tells the death of a server that lived just long enough', async () => {
    const exit = Promise.resolve({ exitCode: 1, oomKilled: false });
    await expect(whileAlive(exit, never, died, () => setImmediate(1))).rejects.toBeInstanceOf(ServerExitedError);
  });

  it('leaves no work behind when nobody can watch any more', async () => {
    const events: string[] = [];
    const lost = new Error('the daemon went away');
    await expect(whileAlive(Promise.reject(lost), never, died, obedient(events))).rejects.toBe(lost);
    expect(events).toEqual(['work ended']);
  });

  it('hands an abort to the work', async () => {
    const events: string[] = [];
    const controller = new AbortController();
    const alive = new Promise<ExitInfo>(() => {});
    const running = whileAlive(alive, controller.signal, died, obedient(events));
    controller.abort();
    await expect(running).rejects.toThrow('cancelled');
    expect(events).toEqual(['work ended']);
  });
});

describe('how a server ended', () => {
  it.each([
    { exit: { exitCode: 2, oomKilled: false }, says: 'exited with code 2', hint: '--keep-on-failure' },
    { exit: { exitCode: null, signal: 'SIGKILL', oomKilled: false }, says: 'was ended by SIGKILL', hint: 'log' },
    { exit: { exitCode: null, oomKilled: false }, says: 'mine exited', hint: 'log' },
    { exit: { exitCode: 137, oomKilled: true }, says: 'out of memory: OOMKilled', hint: 'resources.memoryMiB' },
  ])('$says', ({ exit, says, hint }) => {
    const error = new ServerExitedError('mine', exit, []);
    expect(error.message).toContain(says);
    expect(error.hint).toContain(hint);
    expect(error.message).not.toContain('log lines');
  });
});
