/** Orders faults of an environment for the cases of smoke. */
import type { FaultPort } from '../checks/fault-port.js';
import type { CommandContext, CommonOptions } from './context.js';
import { openFaultTarget } from './fault-target.js';
import { orderedFaults } from './fault-words.js';

/**
 * How long an order may last, in milliseconds. Neither ends with the command: faults are taken back after an interruption,
 * and to take them back one has to know which they are.
 */
const orderMs = 10_000;

/** Dispose it: it holds connections to engines. @throws NotRunningError */
export async function openFaultPort(
  options: CommonOptions,
  context: CommandContext,
): Promise<FaultPort & AsyncDisposable> {
  const { control, ...target } = await openFaultTarget({ ...(options.flags && { flags: options.flags }) }, context);
  return {
    async add(text) {
      const ordered = orderedFaults([text], {});
      if ('engine' in ordered) throw new Error(`${text} is no fault of the server`);
      const added = await control.add(ordered.server, AbortSignal.timeout(orderMs));
      return added.map(({ id }) => id);
    },
    async clear(ids) {
      if (ids.length > 0) await control.clear(ids, AbortSignal.timeout(orderMs));
    },
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  };
}
