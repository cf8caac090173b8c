/** Carries a plan out, operation by operation, and takes back what it made if one of them fails. Decides nothing. */
import type { Engine, ExitInfo, Instance, InstanceSpec } from '../engine/engine.js';
import { KServeEnvError } from '../errors.js';
import { createGrpcClient } from '../protocol/grpc-client.js';
import { createRestClient } from '../protocol/rest-client.js';
import { type ExpectedModels, pollModelsReady } from './model-readiness.js';
import type { PhaseRecorder, Progress } from './phases.js';
import type { Plan } from './plan.js';
import { NotReadyInTimeError, pollLive, ServerExitedError, whileAlive } from './readiness.js';
import { endpointAddresses } from './spec.js';
import { pollWarmUp } from './warm-up.js';

/** What a plan is carried out with. */
export interface ApplyOptions {
  engine: Engine;
  spec: InstanceSpec;
  /** What must be ready. */
  models: ExpectedModels;
  observed: Instance | undefined;
  phases: PhaseRecorder;
  progress: Progress;
  /** For everything from start to the warm-up inference, in milliseconds. */
  timeoutMs: number;
  /** Leaves a failed instance for a closer look. */
  keepOnFailure: boolean;
  signal: AbortSignal;
}

const logLinesShown = 10;

/**
 * @returns the running instance, ready
 * @throws ServerExitedError, ModelLoadFailedError, NotReadyInTimeError, PortTakenError, InstanceExistsError and what the engine throws
 */
export async function applyPlan(plan: Plan, options: ApplyOptions): Promise<Instance> {
  const { engine, spec, phases, signal } = options;
  const made: { instance?: Instance } = {};
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
            await engine.remove(old, signal);
            return { value: undefined, detail: operation.reason };
          });
          instance = undefined;
          break;
        }
        case 'create':
          instance = made.instance = await phases.run('create', async () => {
            const value = await engine.create(spec, signal);
            return { value, detail: operation.reason };
          });
          break;
        case 'start': {
          const created = required(instance);
          arm(created);
          instance = made.instance = await phases.run('start', async () => {
            const value = await engine.start(created, signal);
            return { value, detail: value.endpoints ? endpointAddresses(value.endpoints).grpc : '' };
          });
          break;
        }
        case 'await-ready':
          await awaitReady(required(instance), exit ?? arm(required(instance)), options);
      }
    }
    return required(instance);
  } catch (error) {
    await rollBack(made.instance, options);
    throw error;
  } finally {
    watch.abort();
  }
}

async function awaitReady(
  instance: Instance,
  exit: ReturnType<Engine['waitForExit']>,
  options: ApplyOptions,
): Promise<void> {
  const { phases, models, timeoutMs, engine, progress } = options;
  const died = async (info: ExitInfo) =>
    new ServerExitedError(instance.name, info, await lastLogLines(engine, instance));
  // It may have ended before anybody could ask where it listens.
  if (instance.state === 'exited') throw await died(instance.exit ?? (await exit));
  const addresses = endpointAddresses(required(instance.endpoints));
  await using grpc = createGrpcClient({ endpoint: addresses.grpc });
  await using rest = createRestClient({ baseUrl: addresses.http });
  const begin = performance.now();
  const left = () => Math.max(timeoutMs - (performance.now() - begin), 1);
  const onAnswer = (answer: string) => progress.phaseDetail(answer);

  await whileAlive(exit, options.signal, died, async (signal) => {
    try {
      await phases.run('live', async () => {
        // REST first: a refused connection there costs next to nothing.
        await pollLive([rest, grpc], { timeoutMs: left(), signal, onAnswer });
        return { value: undefined, detail: 'ServerLive over gRPC and REST' };
      });
      await phases.run('models', async () => {
        await pollModelsReady(grpc, models, { timeoutMs: left(), signal, onAnswer });
        const count = new Set(models.versions.map(({ name }) => name)).size;
        return { value: undefined, detail: count === 1 ? '1 model' : `${count} models` };
      });
      const [first] = models.versions;
      if (first === undefined) return;
      await phases.run('warm-up', async () => {
        const model = first.name;
        return { value: undefined, detail: await pollWarmUp(grpc, model, { timeoutMs: left(), signal, onAnswer }) };
      });
    } catch (error) {
      if (!(error instanceof NotReadyInTimeError)) throw error;
      throw error.inAll(timeoutMs, await lastLogLines(engine, instance));
    }
  });
}

/** The end of the server's output; nothing if the engine cannot tell: the first error matters more. */
async function lastLogLines(engine: Engine, instance: Instance): Promise<string[]> {
  const lines: string[] = [];
  try {
    const signal = AbortSignal.timeout(2_000);
    for await (const { line } of engine.logs(instance, { tail: logLinesShown, signal })) lines.push(line);
  } catch {
    // What was read so far is what there is.
  }
  return lines;
}

/** Takes back what this call made. The command's own signal may be aborted already, so it is not used. */
async function rollBack(made: Instance | undefined, options: ApplyOptions): Promise<void> {
  const { engine, keepOnFailure, progress, signal } = options;
  if (made === undefined) return;
  if (keepOnFailure && !signal.aborted) {
    progress.note(`Kept ${made.name} as it is; kserve-env logs shows its output, kserve-env down removes it`);
    return;
  }
  try {
    await engine.remove(made);
  } catch (cause) {
    const why = cause instanceof KServeEnvError ? cause.message : String(cause);
    progress.note(`Could not remove what was made (${why}); kserve-env down removes it`);
  }
}

/** The plan's order guarantees a value here; its absence is a bug. */
function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The plan is out of order');
  return value;
}
