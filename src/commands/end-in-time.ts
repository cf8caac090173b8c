/** Removes one environment when its time is over. Runs in a small process of its own, which ends with the environment. */
import { connectEngine, engineContext } from '../engine/detect.js';
import type { Engine, EngineKind, Instance } from '../engine/engine.js';
import { pause } from '../engine/settle.js';
import { withEnvironmentLock } from '../environment/lock.js';
import { tidyUnused } from '../environment/secrets-sweep.js';
import { KServeEnvError } from '../errors.js';

/** What is to end, and when. Travels as JSON to the process that sees to it. */
export interface EndInTime {
  stateDir: string;
  name: string;
  /** Of the instance: another one of that name is none of our business. */
  id: string;
  engine: EngineKind;
  /** Milliseconds from now. */
  restMs: number;
}

/** The server ends by itself, and may still answer what it was asked before: for so long, in milliseconds. */
const lastAnswersMs = 10_000;
/** Between two looks, where nothing tells of a change; in milliseconds. */
const pollMs = { first: 50, longest: 15_000 };
/** How long an engine that does not answer is tried after the time is over; then the next command does it. */
const patienceMs = 30 * 60_000;
const lockTimeoutMs = 10 * 60_000;

/**
 * Resolves when the instance is gone, because its time was over or because somebody removed it before.
 * @param env of this process: DOCKER_HOST or CONTAINER_HOST names the engine
 */
export async function endInTime(task: EndInTime, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + task.restMs;
  if (await goneBefore(deadline, task, env, signal)) return;
  const lastTry = deadline + patienceMs;
  for (let wait = pollMs.first; ; wait = longer(wait)) {
    try {
      await remove(task, env, signal);
      return;
    } catch (error) {
      if (!(error instanceof KServeEnvError) || performance.now() > lastTry) throw error;
      await pause(wait, signal);
    }
  }
}

/** Waits for the end of the server, then looks now and then whether what it left is still there. */
async function goneBefore(
  deadline: number,
  task: EndInTime,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<boolean> {
  for (let wait = pollMs.first; ; wait = longer(wait)) {
    const left = deadline - performance.now();
    if (left <= 0) return false;
    try {
      await using engine = await connect(task, env, signal);
      const instance = await find(engine, task, signal);
      if (instance === undefined) return true;
      if (instance.state === 'running') {
        await waitForExit(engine, instance, left, signal);
        wait = pollMs.first;
      }
    } catch (error) {
      // A daemon that is started anew is back in a while.
      if (!(error instanceof KServeEnvError)) throw error;
    }
    await pause(Math.max(0, Math.min(wait, deadline - performance.now())), signal);
  }
}

async function remove(task: EndInTime, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const { stateDir, name } = task;
  await using engine = await connect(task, env, signal);
  const running = await find(engine, task, signal);
  if (running?.state === 'running') await waitForExit(engine, running, lastAnswersMs, signal);
  const lock = { stateDir, name, timeoutMs: lockTimeoutMs, signal, onWait: () => {} };
  await withEnvironmentLock(lock, async () => {
    const instance = await find(engine, task, signal);
    if (instance) await engine.remove(instance, signal);
    await tidyUnused(stateDir, name, engine, signal);
  });
}

async function connect({ engine }: EndInTime, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Engine> {
  return (await connectEngine(engine, engineContext(env), signal)).engine;
}

async function find(engine: Engine, { name, id }: EndInTime, signal: AbortSignal): Promise<Instance | undefined> {
  const instance = await engine.inspect(name, signal);
  return instance?.id === id ? instance : undefined;
}

async function waitForExit(engine: Engine, instance: Instance, limitMs: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), limitMs);
  try {
    await engine.waitForExit(instance, AbortSignal.any([signal, over.signal]));
  } catch (error) {
    if (!over.signal.aborted) throw error;
    signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
  }
}

function longer(wait: number): number {
  return Math.min(wait * 2, pollMs.longest);
}
