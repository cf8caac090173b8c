/** Faults excuse a server that is not ready: nobody waits for what somebody broke on purpose. */
import { pause } from '../engine/settle.js';
import type { FaultControl, InstalledFault } from './fault-control.js';

/** How long a server is waited for until it is asked whether it has faults, in milliseconds. */
const patienceMs = 1_500;

export interface Excuse {
  /** The faults in force, as soon as it is known that there are some. */
  readonly faults: readonly InstalledFault[];
  /**
   * Runs work that waits for the server, and gives it up when the server turns out to have faults.
   * @param work obeys its signal
   * @returns whether it came to its end
   * @throws what the work throws, where the server has no faults
   */
  unlessExcused(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<boolean>;
}

/** @param control of a server that ran before; absent for one that can have no faults yet */
export function createExcuse(control: FaultControl | undefined): Excuse {
  let faults: readonly InstalledFault[] = [];
  const look = async (signal: AbortSignal): Promise<boolean> => {
    // One that cannot be asked has no excuse.
    faults = (await control?.list(signal).catch(() => [])) ?? [];
    return faults.length > 0;
  };
  return {
    get faults() {
      return faults;
    },
    async unlessExcused(signal, work) {
      if (faults.length > 0) return false;
      if (control === undefined) {
        await work(signal);
        return true;
      }
      const done = new AbortController();
      const giveUp = new AbortController();
      const watching = pause(patienceMs, AbortSignal.any([signal, done.signal]))
        .then(() => look(signal))
        .then(
          (found) => found && giveUp.abort(),
          () => {},
        );
      try {
        await work(AbortSignal.any([signal, giveUp.signal]));
        return true;
      } catch (error) {
        signal.throwIfAborted();
        if (faults.length > 0 || (await look(signal))) return false;
        throw error;
      } finally {
        done.abort();
        void watching;
      }
    },
  };
}
