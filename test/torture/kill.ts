/** kill -9 in the midst of `up` and of `down`, and then the next command: nothing may be left that it does not sweep. */
import { type Allowed, type Arena, type Outcome, openArena, type Torture } from './arena.js';
import type { Failure, Row } from './report.js';

type Verb = 'up' | 'down';
type Next = 'up' | 'down' | 'down of another';

/** When a command is killed, and in which words that is told. */
interface Blow {
  words: string;
  /** Prepares the blow, and resolves with what to do once the command runs. */
  strike(arena: Arena, run: () => ReturnType<Arena['start']>): Promise<{ stderr: string }>;
}

/** Before the daemon hears of the n-th call, and after it has done what was asked, but before the command knows. */
export async function killAtEveryCall(torture: Torture): Promise<Outcome> {
  const failures: Failure[] = [];
  const rows: Row[] = [];
  await using arena = await openArena(torture, 'docker');
  for (const verb of ['up', 'down'] as const) {
    const calls = await callsOf(arena, verb);
    let trials = 0;
    const failed = failures.length;
    for (let call = 1; call <= calls.length; call += 1) {
      for (const moment of ['before', 'after'] as const) {
        // In the short form each call is hit once, by turns before and after it.
        if (torture.short && (call % 2 === 0) !== (moment === 'after')) continue;
        const words = `kill -9 ${moment} call ${call} (${calls[call - 1]})`;
        trials += 1;
        const failure = await trial(torture, arena, 'kill-calls', verb, { words, strike: atCall(call, moment) });
        if (failure) failures.push(failure);
      }
    }
    torture.say(`kill-calls: ${verb} has ${calls.length} calls, ${trials} trials`);
    rows.push(row(`kill -9 at every API call of ${verb}`, trials, failures.length - failed));
  }
  return { rows, failures };
}

/** At any moment from the start of the process to its end, in both engines. */
export async function killAtRandom(torture: Torture): Promise<Outcome> {
  const failures: Failure[] = [];
  const rows: Row[] = [];
  const trials = torture.short ? 6 : 125;
  for (const engine of ['docker', 'process'] as const) {
    await using arena = await openArena(torture, engine);
    for (const verb of ['up', 'down'] as const) {
      const failed = failures.length;
      const usualMs = await durationOf(arena, verb);
      for (let i = 0; i < trials; i += 1) {
        const atMs = torture.random.below(usualMs * 1.1);
        const words = `${engine}, kill -9 after ${atMs.toFixed(0)} ms`;
        const failure = await trial(torture, arena, 'kill-random', verb, { words, strike: atTime(atMs) });
        if (failure) failures.push(failure);
        if (i % 25 === 24) torture.say(`kill-random: ${engine} ${verb}, ${i + 1} of ${trials}`);
      }
      rows.push(row(`kill -9 at random times of ${verb} (${engine})`, trials, failures.length - failed));
    }
  }
  return { rows, failures };
}

function row(what: string, trials: number, leaks: number): Row {
  return { what, trials, figures: { leaks }, goal: '0 after the next command', ok: leaks === 0 };
}

/** One command is killed, the next one sweeps, and a last `down` leaves nothing at all. */
async function trial(
  torture: Torture,
  arena: Arena,
  experiment: string,
  verb: Verb,
  blow: Blow,
): Promise<Failure | undefined> {
  const next = torture.random.pick<Next>(['up', 'down', 'down of another']);
  const step = `${verb}, ${blow.words}, then ${next}`;
  if (verb === 'down') await must(arena, ['up']);
  const { stderr } = await blow.strike(arena, () => arena.start([verb]));
  const ended = await arena.start(argsOf(next)).done;
  const problems = ended.code === 0 ? [] : [`${next} exits ${ended.code}: ${ended.stderr.slice(-500)}`];
  const found = [...problems, ...(await arena.left(allowedAfter(verb, next, stderr)))];
  const last = await arena.start(['down']).done;
  if (last.code !== 0) found.push(`the last down exits ${last.code}: ${last.stderr.slice(-500)}`);
  found.push(...(await arena.left()).map((thing) => `after the last down: ${thing}`));
  if (found.length === 0) return undefined;
  await arena.clear();
  const failure = { experiment, step, found };
  torture.failed(failure);
  return failure;
}

function argsOf(next: Next): string[] {
  return next === 'down of another' ? ['down', '--name', 'torture-of-another'] : [next];
}

function allowedAfter(verb: Verb, next: Next, stderr: string): Allowed {
  if (next === 'up') return 'one';
  if (next === 'down') return 'nothing';
  // A command about something else sweeps what is half made, and no environment that is ready.
  return verb === 'down' || stderr.includes('✔ Warm-up') ? 'nothing or one' : 'nothing';
}

function atCall(call: number, moment: 'before' | 'after'): Blow['strike'] {
  return async (arena, run) => {
    const { proxy } = arena;
    proxy.forget();
    const running = run();
    const hit = async ({ index }: { index: number }) => {
      if (index !== call) return;
      running.child.kill('SIGKILL');
      await running.done;
    };
    if (moment === 'before') proxy.onRequest = hit;
    else proxy.onAnswer = hit;
    try {
      return await running.done;
    } finally {
      proxy.onRequest = undefined;
      proxy.onAnswer = undefined;
    }
  };
}

function atTime(milliseconds: number): Blow['strike'] {
  return async (_, run) => {
    const running = run();
    const timer = setTimeout(() => running.child.kill('SIGKILL'), milliseconds);
    try {
      return await running.done;
    } finally {
      clearTimeout(timer);
    }
  };
}

/** The calls that the verb makes when nothing disturbs it, such as `POST /networks/create`. */
async function callsOf(arena: Arena, verb: Verb): Promise<string[]> {
  await must(arena, ['up']);
  if (verb === 'up') await must(arena, ['down']);
  arena.proxy.forget();
  await must(arena, [verb]);
  const calls = arena.proxy.requests.map((request) => request.split('?', 1)[0]?.replace(/[0-9a-f]{64}/, '{id}') ?? '');
  await must(arena, ['down']);
  return calls;
}

/** How long the verb takes when nothing disturbs it, in milliseconds. */
async function durationOf(arena: Arena, verb: Verb): Promise<number> {
  await must(arena, ['up']);
  if (verb === 'up') await must(arena, ['down']);
  const begin = performance.now();
  await must(arena, [verb]);
  const duration = performance.now() - begin;
  await must(arena, ['down']);
  return duration;
}

async function must(arena: Arena, args: string[]): Promise<void> {
  const { code, stderr } = await arena.start(args).done;
  if (code !== 0) throw new Error(`kserve-env ${args.join(' ')} exits ${code} though nothing disturbs it: ${stderr}`);
}
