/** Orders faults of an environment for the cases of smoke. */
import type { FaultPort } from '../checks/fault-port.js';
import type { CommandContext, CommonOptions } from './context.js';
import { openFaultTarget } from './fault-target.js';
import { orderedFaults } from './fault-words.js';

/** How long taking faults back may last, in milliseconds: it is done after an interruption, too. */
const takeBackMs = 10_000;

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
      const added = await control.add(ordered.server, context.signal);
      return added.map(({ id }) => id);
    },
    async clear(ids) {
      if (ids.length > 0) await control.clear(ids, AbortSignal.timeout(takeBackMs));
    },
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  };
}
