/** Faults that the engine makes, and how they are taken back. */
import { engineContext } from '../engine/detect.js';
import type { Instance } from '../engine/engine.js';
import { openStateDir } from '../engine/process/state-dir.js';
import { pause } from '../engine/settle.js';
import { withEnvironmentLock } from '../environment/lock.js';
import type { Observed } from '../environment/observe.js';
import { startAgain } from '../environment/restore.js';
import { type EngineFaultName, type StandingEngineFault, standingEngineFaults } from '../faults/engine-faults.js';
import type { CommandContext } from './context.js';
import { lockOf } from './environment-lock.js';
import type { EngineFault } from './fault-words.js';

/** How long a server that was ended may take until it serves again, in milliseconds. */
const startTimeoutMs = 60_000;
/** How long a server may take to end when it is asked to, in milliseconds. */
const stopGraceMs = 10_000;
/** How long another command on the same environment is waited for, in milliseconds. */
const lockTimeoutMs = 30_000;
/** How long an interrupted command goes on to take back what it did, in milliseconds. */
const takeBackMs = 15_000;

/** What was done to a server by its engine. */
export interface EngineFaultReport {
  name: EngineFaultName;
  /** How long it was to last. */
  forMs?: number;
  /** Whether the server is as it was before: after its time, or for a restart. */
  takenBack: boolean;
}

/**
 * Does it; where it has a time, waits, and takes it back, at once when the context's signal aborts.
 * @throws EngineCannotError; the signal's reason, with everything taken back
 */
export async function doEngineFault(
  environment: Observed,
  { name, forMs }: EngineFault,
  context: CommandContext,
): Promise<EngineFaultReport> {
  const { signal, progress } = context;
  await strike(environment, name, signal);
  const report = { name, ...(forMs !== undefined && { forMs }) };
  if (forMs === undefined && name !== 'restart') return { ...report, takenBack: false };
  try {
    if (forMs !== undefined) {
      progress.note(`${environment.instance.name} ${doneTo[name]}; taken back in ${forMs / 1000} s, or with Ctrl-C`);
      await pause(forMs, signal);
    }
  } finally {
    await restoreEngine(environment, stillAble(context));
  }
  return { ...report, takenBack: true };
}

/** What became of a server, for people. */
const doneTo: Record<EngineFaultName, string> = {
  pause: 'is paused',
  kill: 'was killed',
  restart: 'was ended',
  disconnect: 'is disconnected',
};

/** The first half of a fault: what it takes away. */
export async function strike(
  { engine, instance }: Observed,
  name: EngineFaultName,
  signal: AbortSignal,
): Promise<void> {
  switch (name) {
    case 'pause':
      return await engine.pause(instance, signal);
    case 'kill':
      return await engine.kill(instance, signal);
    case 'restart':
      return await engine.stop(instance, stopGraceMs, signal);
    case 'disconnect':
      return await engine.disconnect(instance, signal);
  }
}

/**
 * Has a server that is paused go on, one that is cut off be reached, and one that has ended run again. An environment
 * that is gone, or was made anew, is left alone.
 * @param only what to take back; everything unless given
 * @returns what was taken back
 */
export async function restoreEngine(
  environment: Observed,
  context: CommandContext,
  only?: readonly string[],
): Promise<StandingEngineFault[]> {
  const { signal } = context;
  const { engine, instance } = environment;
  const stateDir = openStateDir(engineContext(context.env));
  return await withEnvironmentLock(lockOf(instance.name, stateDir, context, lockTimeoutMs), async () => {
    const now = await asItIsNow(environment, signal);
    if (now === undefined) return [];
    const standing = standingEngineFaults(now).filter(({ id }) => only === undefined || only.includes(id));
    for (const { id } of standing) await undo(id, { engine, instance: now }, signal);
    return standing;
  });
}

async function undo(id: StandingEngineFault['id'], { engine, instance }: Observed, signal: AbortSignal): Promise<void> {
  switch (id) {
    case 'pause':
      return await engine.unpause(instance, signal);
    case 'disconnect':
      return await engine.reconnect(instance, signal);
    case 'exit':
      await startAgain(engine, instance, { timeoutMs: startTimeoutMs, signal });
  }
}

/** A context for what has to be done even where the command was interrupted. */
export function stillAble(context: CommandContext): CommandContext {
  return context.signal.aborted ? { ...context, signal: AbortSignal.timeout(takeBackMs) } : context;
}

/** What the engine has done to it, as it is now; nothing where it is gone. */
export async function standingNow(environment: Observed, signal: AbortSignal): Promise<StandingEngineFault[]> {
  const now = await asItIsNow(environment, signal);
  return now === undefined ? [] : standingEngineFaults(now);
}

/** Undefined where it is gone, or another one has its name. */
async function asItIsNow({ engine, instance }: Observed, signal: AbortSignal): Promise<Instance | undefined> {
  const now = await engine.inspect(instance.name, signal);
  return now?.id === instance.id ? now : undefined;
}
