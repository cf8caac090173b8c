/** Carries a plan out, operation by operation, and takes back what it made if one of them fails. Decides nothing. */
import {
  type Engine,
  EngineUnreachableError,
  type Instance,
  type InstanceSpec,
  PortTakenError,
} from '../engine/engine.js';
import { withGrace } from '../engine/settle.js';
import { KServeEnvError } from '../errors.js';
import { type AwaitOptions, awaitReady, loadGrpc } from './await-ready.js';
import type { Intent } from './claim.js';
import type { HeldLock } from './lock.js';
import type { Plan } from './plan.js';
import { removeOnRecord } from './remove-on-record.js';
import { endpointAddresses } from './spec.js';

/** What a plan is carried out with. */
export interface ApplyOptions extends AwaitOptions {
  /** What is begun is written down in it. When all is done, something made is still on record: clear it when it stays. */
  lock: Pick<HeldLock, 'intend'>;
  spec: InstanceSpec;
  observed: Instance | undefined;
  /** Leaves a failed instance for a closer look. */
  keepOnFailure: boolean;
  /** Called with each instance that is made, before it is started. */
  onCreated?: (instance: Instance) => void;
}

/** Times that ports are asked for anew, where somebody took one that the engine had just chosen. */
const mostChoices = 3;
/** How long a call that changes something goes on after an interruption, in milliseconds; what is left is on record. */
const graceMs = 800;

/**
 * @returns the running instance, ready; where it was made here, `lock` still has it on record
 * @throws ServerExitedError, ModelLoadFailedError, NotReadyInTimeError, PortTakenError, InstanceExistsError and what the engine throws
 */
export async function applyPlan(plan: Plan, options: ApplyOptions): Promise<Instance> {
  const { engine, phases, signal } = options;
  const made: Made = {};
  let instance = options.observed;
  // Armed before the start, so that no death is missed; ended with this call.
  const watch = new AbortController();
  let exit: ReturnType<Engine['waitForExit']> | undefined;
  const arm = (target: Instance) => {
    exit = engine.waitForExit(target, AbortSignal.any([signal, watch.signal]));
    exit.catch(() => {});
    return exit;
  };
  try {
    for (const operation of plan.operations) {
      signal.throwIfAborted();
      switch (operation.kind) {
        case 'remove': {
          const old = required(instance);
          await phases.run('remove', async () => {
            await removeOnRecord(old, { ...options, graceMs });
            return { value: undefined, detail: operation.reason };
          });
          instance = undefined;
          break;
        }
        case 'create':
          instance = made.instance = await phases.run('create', async () => {
            const value = await createOnRecord(options);
            return { value, detail: operation.reason };
          });
          break;
        case 'start': {
          instance = await phases.run('start', async () => {
            const starting = startOnFreePorts(required(made.instance), made, arm, options);
            // Loaded while the engine is busy, and not while a server that is there waits for it.
            loadGrpc().catch(() => {});
            const value = await starting;
            return { value, detail: value.endpoints ? endpointAddresses(value.endpoints, options.reach).grpc : '' };
          });
          break;
        }
        case 'await-ready':
          await awaitReady(required(instance), exit ?? arm(required(instance)), options, made.instance === undefined);
      }
    }
    return required(instance);
  } catch (error) {
    await rollBack(made.instance, error, options);
    throw error;
  } finally {
    watch.abort();
  }
}

/** What this call made, to be taken back. */
interface Made {
  instance?: Instance | undefined;
}

/** What is being made, for the next command, should this one be killed. */
function making({ engine: { kind, endpoint } }: ApplyOptions, instance?: Instance): Intent {
  return { kind: 'make', engine: kind, endpoint, ...(instance && { instance: instance.id }) };
}

/** Written down first, so that the next command knows what to look for should this one be killed. */
async function createOnRecord(options: ApplyOptions): Promise<Instance> {
  const { engine, lock, spec, signal } = options;
  await lock.intend(making(options));
  let clean = false;
  const creating = engine.create(spec, signal).catch((error: unknown) => {
    // It took back what it made; of an engine that is silent nobody knows.
    clean = !(error instanceof EngineUnreachableError);
    throw error;
  });
  // A daemon is busy now for as long as this takes. A local process is made here, and would have to wait.
  if (engine.images !== undefined) loadGrpc().catch(() => {});
  try {
    const created = await withGrace(creating, graceMs, signal);
    await lock.intend(making(options, created));
    options.onCreated?.(created);
    return created;
  } catch (error) {
    if (clean) await lock.intend(undefined);
    else if (signal.aborted)
      options.progress.note(
        `${spec.name} may still be made (it takes too long); the next kserve-env up or down removes it`,
      );
    throw error;
  }
}

/** A port that the engine chooses may be somebody else's a moment later: then it chooses again. */
async function startOnFreePorts(
  created: Instance,
  made: Made,
  arm: (target: Instance) => void,
  options: ApplyOptions,
): Promise<Instance> {
  const { engine, spec, signal } = options;
  for (let choice = 1, next = created; ; choice += 1) {
    arm(next);
    try {
      made.instance = await withGrace(engine.start(next, signal), graceMs, signal);
      return made.instance;
    } catch (error) {
      const asked = Object.values(spec.ports);
      const chosen = error instanceof PortTakenError && asked.includes('auto') && !asked.includes(error.port);
      if (!chosen || choice === mostChoices) throw error;
      // Some engines choose when they create, and some hold on to what they could not have.
      await engine.remove(next);
      made.instance = undefined;
      next = made.instance = await createOnRecord(options);
    }
  }
}

/** Takes back what this call made. The command's own signal may be aborted already, so it only bounds the wait. */
async function rollBack(made: Instance | undefined, error: unknown, options: ApplyOptions): Promise<void> {
  const { engine, lock, keepOnFailure, progress, signal } = options;
  if (made === undefined) return;
  if (keepOnFailure && !signal.aborted) {
    await lock.intend(undefined);
    progress.note(`Kept ${made.name} as it is; kserve-env logs shows its output, kserve-env down removes it`);
    return;
  }
  try {
    // An engine that does not answer is not waited for a second time.
    const hurry = error instanceof EngineUnreachableError ? AbortSignal.abort(error) : signal;
    await withGrace(engine.remove(made), graceMs, hurry);
    await lock.intend(undefined);
  } catch (cause) {
    const why = signal.aborted ? 'it takes too long' : cause instanceof KServeEnvError ? cause.message : String(cause);
    progress.note(`Could not remove what was made (${why}); the next kserve-env up or down does it`);
  }
}

/** The plan's order guarantees a value here; its absence is a bug. */
function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The plan is out of order');
  return value;
}
