/** The faults of an environment, as `status` tells them: quickly, or that they cannot be asked. */
import type { Engine, Instance } from '../engine/engine.js';
import { controlOf } from '../environment/fault-control.js';
import { KServeEnvError } from '../errors.js';
import { standingEngineFaults } from '../faults/engine-faults.js';
import { engineRow, type FaultRow, serverRow } from './fault-rows.js';

/** How long the server may take to tell its faults, in milliseconds. */
const patienceMs = 3_000;

export interface FaultsNow {
  /** Those in force; where the server cannot be asked only those of the engine. */
  faults: FaultRow[];
  /** Why there may be more. */
  warning?: string;
}

/** Never throws but for the signal. A server that has exited by itself has no fault. */
export async function faultsNow(engine: Engine, instance: Instance, signal: AbortSignal): Promise<FaultsNow> {
  const standing = standingEngineFaults(instance).filter(({ id }) => id !== 'exit');
  const faults = standing.map(engineRow);
  if (instance.state !== 'running') return { faults };
  const limit = AbortSignal.timeout(patienceMs);
  try {
    const list = await controlOf(engine, instance).list(AbortSignal.any([signal, limit]));
    return { faults: [...faults, ...list.map(serverRow)] };
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted && !(error instanceof KServeEnvError)) throw error;
    const why = limit.aborted ? `it does not answer within ${patienceMs / 1000} s` : (error as Error).message;
    return { faults, warning: `The server cannot be asked for its faults: ${why}` };
  }
}
