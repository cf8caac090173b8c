/** Waits for a server that was started, or that ran already, phase by phase. */
import type { Endpoints, Engine, ExitInfo, Instance } from '../engine/engine.js';
import type { ConnectionSettings } from '../protocol/connection.js';
import { createRestClient } from '../protocol/rest-client.js';
import { createExcuse } from './excuse.js';
import { controlOf, type InstalledFault } from './fault-control.js';
import { readLastLogLines, stateNow } from './last-words.js';
import { type ExpectedModels, pollModelsReady } from './model-readiness.js';
import type { PhaseRecorder, Progress } from './phases.js';
import { NotReadyInTimeError, pollLive, ServerExitedError, whileAlive } from './readiness.js';
import { pollControl } from './restore.js';
import { endpointAddresses } from './spec.js';
import { pollWarmUp } from './warm-up.js';

/** What is waited for, and how long. */
export interface AwaitOptions {
  engine: Engine;
  /** What must be ready. */
  models: ExpectedModels;
  phases: PhaseRecorder;
  progress: Progress;
  /** For everything from start to the warm-up inference, in milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
  /** What lets a client in; nothing where everybody may come in plain text. */
  reach?: ConnectionSettings;
  /** Whether it has faults from the start: then its ports are left alone, and it is asked by its control socket. */
  faulty?: boolean;
  /** Called with the faults in force, where there are some. */
  onFaults?: (faults: readonly InstalledFault[]) => void;
}

/** gRPC takes longer to load than anything else here. */
export function loadGrpc() {
  return import('../protocol/grpc-client.js');
}

/**
 * Both transports live, then every model ready, then an inference; a server that turns out to have faults is excused.
 * @param ranBefore whether faults may have been added to it by now
 * @throws ServerExitedError, ModelLoadFailedError, NotReadyInTimeError with the server's last words
 */
export async function awaitReady(
  instance: Instance,
  exit: ReturnType<Engine['waitForExit']>,
  options: AwaitOptions,
  ranBefore: boolean,
): Promise<void> {
  const { phases, models, timeoutMs, engine, progress } = options;
  const died = async (info: ExitInfo) =>
    new ServerExitedError(instance.name, info, await readLastLogLines(engine, instance));
  // It may have ended before anybody could ask where it listens.
  if (instance.state === 'exited') throw await died(instance.exit ?? (await exit));
  if (options.faulty) return await awaitFaulty(instance, exit, died, options);
  const endpoints = endpointsOf(instance);
  const { reach } = options;
  const { createGrpcClient } = await loadGrpc();
  await using grpc = createGrpcClient({ endpoint: endpointAddresses(endpoints).grpc, ...reach });
  await using rest = createRestClient({ baseUrl: endpointAddresses(endpoints, reach).http, ...reach });
  const begin = performance.now();
  const left = () => Math.max(timeoutMs - (performance.now() - begin), 1);
  const onAnswer = (answer: string) => progress.phaseDetail(answer);
  const excuse = createExcuse(ranBefore ? controlOf(engine, instance) : undefined);

  await whileAlive(exit, options.signal, died, async (signal) => {
    try {
      await phases.run('live', async () => {
        // REST first: a refused connection there costs next to nothing.
        const live = await excuse.unlessExcused(signal, (within) =>
          pollLive([rest, grpc], { timeoutMs: left(), signal: within, onAnswer }),
        );
        return { value: undefined, detail: live ? 'ServerLive over gRPC and REST' : byFaults };
      });
      await phases.run('models', async () => {
        const ready = await excuse.unlessExcused(signal, (within) =>
          pollModelsReady(grpc, models, { timeoutMs: left(), signal: within, onAnswer }),
        );
        if (!ready) return { value: undefined, detail: byFaults };
        const count = new Set(models.versions.map(({ name }) => name)).size;
        return { value: undefined, detail: count === 1 ? '1 model' : `${count} models` };
      });
      const [first] = models.versions;
      if (first === undefined) return;
      await phases.run('warm-up', async () => {
        let detail = byFaults;
        await excuse.unlessExcused(signal, async (within) => {
          detail = await pollWarmUp(grpc, first.name, { timeoutMs: left(), signal: within, onAnswer });
        });
        return { value: undefined, detail };
      });
    } catch (error) {
      if (!(error instanceof NotReadyInTimeError)) throw error;
      const [lastLogLines, state] = await Promise.all([readLastLogLines(engine, instance), stateNow(engine, instance)]);
      throw error.inAll(timeoutMs, { lastLogLines, ...(state !== undefined && { state }) });
    }
  });
  if (excuse.faults.length > 0) options.onFaults?.(excuse.faults);
}

/** What a phase says that was left out. */
const byFaults = 'not so, by its faults';

/** A server that is broken from the start: a question to its ports might be struck, or be counted by a fault. */
async function awaitFaulty(
  instance: Instance,
  exit: ReturnType<Engine['waitForExit']>,
  died: (info: ExitInfo) => Promise<Error>,
  { phases, engine, models, timeoutMs, progress, signal, onFaults }: AwaitOptions,
): Promise<void> {
  const control = controlOf(engine, instance);
  const onAnswer = (answer: string) => progress.phaseDetail(answer);
  await whileAlive(exit, signal, died, async (within) => {
    await phases.run('live', async () => {
      const faults = await pollControl(control, {
        timeoutMs,
        signal: within,
        onAnswer,
        serverReady: models.serverReady,
      });
      onFaults?.(faults);
      const count = `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} in force`;
      return { value: undefined, detail: `${count}; its ports were not asked` };
    });
  });
}

/** Of an instance that runs. */
function endpointsOf({ endpoints }: Instance): Endpoints {
  if (endpoints === undefined) throw new Error('A running instance has endpoints');
  return endpoints;
}
