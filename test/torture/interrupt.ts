/** Ctrl-C in every phase of `up`, while it waits for the lock, and in `down`: exit 130 within two seconds, nothing left. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CliResult, RunningCli } from '../cli/run-cli.js';
import { type Arena, type Outcome, openArena, seenOrEnded, type Torture, type TrialEngine } from './arena.js';
import { type Failure, percentile, type Row, seconds } from './report.js';

const experiment = 'ctrl-c';
/** What `reliability` promises, in milliseconds. */
const limitMs = 2_000;

/** A phase of `up`: after which line of its progress it begins. */
interface Phase {
  name: string;
  after: string | undefined;
  engines: TrialEngine[];
}

const both: TrialEngine[] = ['docker', 'process'];
const phases: Phase[] = [
  { name: 'engine', after: undefined, engines: ['docker'] },
  { name: 'preflight', after: '✔ Engine', engines: both },
  { name: 'image', after: '✔ Preflight', engines: ['docker'] },
  { name: 'create', after: '✔ Image', engines: both },
  { name: 'start', after: '✔ Create', engines: both },
  { name: 'live', after: '✔ Start', engines: both },
  { name: 'models', after: '✔ Server live', engines: both },
  { name: 'warm-up', after: '✔ Models ready', engines: both },
  { name: 'smoke', after: '✔ Warm-up', engines: both },
];

export async function interruptEveryPhase(torture: Torture): Promise<Outcome> {
  const outcome: Outcome = { rows: [], failures: [] };
  for (const engine of both) {
    await using arena = await openArena(torture, engine);
    const usual = await usualTimes(arena);
    for (const phase of phases.filter(({ engines }) => engines.includes(engine))) {
      const usualMs = usual.get(phase.name) ?? 50;
      const count = torture.short ? 2 : 100;
      const attempt = () => interruptUp(torture, arena, engine, phase, usualMs);
      add(outcome, torture, `Ctrl-C in ${phase.name} (${engine})`, await series(count, attempt));
    }
    const count = torture.short ? 2 : 100;
    add(
      outcome,
      torture,
      `Ctrl-C in down (${engine})`,
      await series(count, () => interruptDown(torture, arena, usual)),
    );
  }
  await using arena = await openArena(torture, 'process');
  const count = torture.short ? 2 : 100;
  add(outcome, torture, 'Ctrl-C while another has the lock', await interruptWaiting(torture, arena, count));
  return outcome;
}

/** What came of one signal; `late` when the command had ended well before it arrived. */
interface Interrupted {
  late: boolean;
  milliseconds: number;
  /** The daemon was too slow to take everything back in time; that was on record, and the next command did it. */
  swept?: boolean;
  failure?: Failure;
}

async function series(count: number, attempt: () => Promise<Interrupted>): Promise<Interrupted[]> {
  const results: Interrupted[] = [];
  // A signal that comes after the end proves nothing, and is not counted; but there is an end to that, too.
  for (let i = 0; i < count * 3 && results.filter(({ late }) => !late).length < count; i += 1)
    results.push(await attempt());
  return results;
}

function add(outcome: Outcome, torture: Torture, what: string, results: Interrupted[]): void {
  const hits = results.filter(({ late }) => !late);
  const failures = results.flatMap(({ failure }) => failure ?? []);
  const times = hits.map(({ milliseconds }) => milliseconds);
  const p99 = percentile(times, 99);
  const ok = failures.length === 0 && hits.length > 0 && p99 <= limitMs;
  const swept = hits.filter((hit) => hit.swept).length;
  const figures = {
    failed: failures.length,
    'left to the next': swept,
    p50: seconds(percentile(times, 50)),
    p99: seconds(p99),
  };
  const row: Row = { what, trials: hits.length, figures, goal: '130, p99 ≤ 2 s, 0 leaks', ok };
  outcome.rows.push(row);
  outcome.failures.push(...failures);
  for (const failure of failures) torture.failed(failure);
  torture.say(`ctrl-c: ${what}, ${hits.length} trials, ${results.length - hits.length} too late, p99 ${figures.p99}`);
}

async function interruptUp(
  torture: Torture,
  arena: Arena,
  engine: TrialEngine,
  { name, after }: Phase,
  usualMs: number,
): Promise<Interrupted> {
  if (name === 'image') await forgetImages(torture);
  const running = arena.start(['up', ...(name === 'smoke' ? ['--smoke'] : [])]);
  if (after !== undefined) await seenOrEnded(running, after);
  const waitMs = torture.random.below(usualMs);
  await pause(waitMs);
  const result = await interrupt(running);
  // Once it has said that the environment is up there is nothing to interrupt.
  const late = result.code === 0 || result.stdout.includes(' is up');
  const step = `up (${engine}), SIGINT ${waitMs.toFixed(0)} ms into ${name}`;
  const problems = late || isInterrupted(result, running) ? [] : [exitOf(result)];
  if (late) await arena.start(['down']).done;
  let found = await arena.left();
  // In a hurry what is still being made is left, on record: any next command ends it, and says so.
  const swept = !late && found.some((thing) => thing.startsWith('file .locks/'));
  if (swept) {
    await arena.start(['down', '--name', 'torture-of-another']).done;
    found = await arena.left();
  }
  return await judge(arena, { late, swept, milliseconds: result.milliseconds }, step, [...problems, ...found]);
}

/** What is half removed is what the next `down` removes; it may find nothing else. */
async function interruptDown(torture: Torture, arena: Arena, usual: Map<string, number>): Promise<Interrupted> {
  await arena.start(['up']).done;
  const running = arena.start(['down']);
  const waitMs = torture.random.below(usual.get('down') ?? 500);
  await pause(waitMs);
  const result = await interrupt(running);
  const late = result.code === 0;
  const problems = late || isInterrupted(result, running) ? [] : [exitOf(result)];
  const next = await arena.start(['down']).done;
  if (next.code !== 0) problems.push(`the next down: ${exitOf(next)}`);
  const found = [...problems, ...(await arena.left())];
  return await judge(
    arena,
    { late, milliseconds: result.milliseconds },
    `down, SIGINT after ${waitMs.toFixed(0)} ms`,
    found,
  );
}

/** The holder is stopped in its tracks, so that it keeps the lock for as long as it takes. */
async function interruptWaiting(torture: Torture, arena: Arena, count: number): Promise<Interrupted[]> {
  const holder = arena.start(['up']);
  await holder.sees('✔ Preflight');
  holder.child.kill('SIGSTOP');
  const holds = await arena.left();
  const results = await series(count, async () => {
    const running = arena.start(['up']);
    await seenOrEnded(running, `Process ${holder.child.pid}`);
    await pause(torture.random.below(100));
    const result = await interrupt(running);
    const left = (await arena.left()).filter((thing) => !holds.includes(thing));
    const found = [...(isInterrupted(result, running) ? [] : [exitOf(result)]), ...left];
    const step = 'up, SIGINT while another has the lock';
    return {
      late: false,
      milliseconds: result.milliseconds,
      ...(found.length > 0 && { failure: { experiment, step, found } }),
    };
  });
  holder.child.kill('SIGCONT');
  await holder.done;
  await arena.start(['down']).done;
  const left = await arena.left();
  if (left.length > 0)
    results.push({ late: true, milliseconds: 0, failure: { experiment, step: 'the holder, and down', found: left } });
  return results;
}

async function judge(arena: Arena, interrupted: Interrupted, step: string, found: string[]): Promise<Interrupted> {
  if (found.length === 0) return interrupted;
  await arena.clear();
  return { ...interrupted, failure: { experiment, step, found } };
}

async function interrupt(running: RunningCli): Promise<CliResult & { milliseconds: number }> {
  const begin = performance.now();
  running.child.kill('SIGINT');
  const result = await running.done;
  return { ...result, milliseconds: performance.now() - begin };
}

/** Before Node has run a line of ours the signal itself ends it; a shell calls that 130 as well. */
function isInterrupted({ code }: CliResult, { child }: RunningCli): boolean {
  return code === 130 || child.signalCode === 'SIGINT';
}

function exitOf({ code, stderr }: CliResult): string {
  return `exit code ${code}: ${stderr.slice(-500)}`;
}

/** Milliseconds of each phase of `up --smoke`, and of `down`, when nothing disturbs them. */
async function usualTimes(arena: Arena): Promise<Map<string, number>> {
  const { answer } = await arena.box.json(['up', '--smoke']);
  const records: { phase: string; ms: number }[] = answer.data.phases;
  const times = new Map(records.map(({ phase, ms }) => [phase, ms]));
  let begin = performance.now();
  await arena.start(['down']).done;
  times.set('down', performance.now() - begin);
  begin = performance.now();
  const running = arena.start(['up']);
  await running.sees('✔ Engine');
  // Nothing is seen before it: it has the start of the command in it.
  times.set('engine', performance.now() - begin);
  await running.done;
  await arena.start(['down']).done;
  // Of a cached image there is little to see: the load takes this long.
  return times.set('image', 1_500);
}

async function forgetImages({ daemon }: Torture): Promise<void> {
  for (const { Id } of await daemon.docker.listImages({ all: true })) {
    await daemon.docker
      .getImage(Id)
      .remove({ force: true })
      .catch(() => {});
  }
}
