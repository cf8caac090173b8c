/** Brings back what a fault took away: a server that is paused, cut off or ended. */
import { type Engine, EngineFailedError, type Instance } from '../engine/engine.js';
import { type Fault, strikesCalls } from '../faults/fault.js';
import { type FaultKind, faultKinds } from '../faults/kinds.js';
import { controlOf, type FaultControl, FaultRefusedError, type InstalledFault } from './fault-control.js';
import { readLastLogLines } from './last-words.js';
import { expectedModels } from './model-readiness.js';
import { type PollOptions, poll, ServerExitedError, whileAlive } from './readiness.js';
import { specOfLabels } from './spec.js';

/** A control socket may be asked through a daemon, which has to start a program for it. */
const probeMs = 10_000;

/**
 * Starts a server that has ended, and waits until it says that it serves, or that only its faults keep it from that.
 * Its ports are not asked: they may be what is broken.
 * @returns the instance as it runs now
 * @throws ServerExitedError, NotReadyInTimeError, and what the engine throws
 */
export async function startAgain(
  engine: Engine,
  instance: Instance,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<Instance> {
  const { signal } = options;
  const started = await engine.start(instance, signal);
  const watch = new AbortController();
  const exit = engine.waitForExit(started, AbortSignal.any([signal, watch.signal]));
  const control = controlOf(engine, started);
  const died = async (info: Awaited<typeof exit>) =>
    new ServerExitedError(started.name, info, await readLastLogLines(engine, started));
  try {
    const { serverReady } = expectedModels(specOfLabels(instance.labels)?.server.models ?? []);
    await whileAlive(exit, signal, died, (work) => pollControl(control, { ...options, serverReady, signal: work }));
    return started;
  } finally {
    watch.abort();
  }
}

/**
 * Asks the control socket until the server serves, or says that only its faults keep it from being ready.
 * @param options `serverReady`: whether it can ever be ready, by the models that are declared
 * @returns the faults in force
 */
export async function pollControl(
  control: FaultControl,
  options: Omit<PollOptions, 'goal' | 'probeMs'> & { serverReady: boolean },
): Promise<InstalledFault[]> {
  let faults: InstalledFault[] = [];
  const probe = async ({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const ready = await control.ready(within);
      faults = await control.list(within);
      return ready || !options.serverReady || faults.some(({ fault }) => preventsReadiness(fault));
    } catch (error) {
      // Not there yet, as a port that refuses; it is asked again.
      if (error instanceof EngineFailedError || error instanceof FaultRefusedError)
        throw new Error(error.message, { cause: error });
      throw error;
    }
  };
  await poll(probe, { ...options, goal: 'The server did not say by its control socket that it serves', probeMs });
  return faults;
}

/** Whether a server with this fault has models that are not ready, whatever is waited for. */
function preventsReadiness(fault: { kind: string }): boolean {
  if (!Object.hasOwn(faultKinds, fault.kind)) return false;
  return faultKinds[fault.kind as FaultKind].concern === 'state' && !strikesCalls(fault as Fault);
}
