/** `fault add`: breaks a server on purpose, or one of its calls in so many. */
import type { Conditions, FaultInput } from '../faults/fault.js';
import type { CommandContext, CommandResult } from './context.js';
import { doEngineFault, type EngineFaultReport } from './fault-engine.js';
import { type FaultRow, serverRow } from './fault-rows.js';
import { type FaultTarget, type FaultTargetOptions, openFaultTarget, requiredEnvironment } from './fault-target.js';
import { orderedFaults } from './fault-words.js';
import { NotRunningError } from './find-environment.js';

/** Which faults, and where. */
export interface FaultAddOptions extends FaultTargetOptions {
  /** Each a text such as `delay=200ms jitter=50ms`, or the same as an object. */
  faults: readonly (string | FaultInput)[];
  /** For each of them that does not say otherwise. */
  conditions?: Conditions;
}

/** What was added, or done. */
export interface FaultAddReport {
  /** Name of the environment; absent for a server that only its socket is known of. */
  environment?: string;
  /** By the server. Those that happen once, such as a crash, are not there any more. */
  added: FaultRow[];
  /** By the engine. */
  engine?: EngineFaultReport;
}

/**
 * Adds faults to a running server; one of the engine lasts as long as its `for`, for which this waits.
 * @throws UsageError, FaultRefusedError, EngineCannotError, NotRunningError
 */
export async function faultAdd(
  options: FaultAddOptions,
  context: CommandContext,
): Promise<CommandResult<FaultAddReport>> {
  const ordered = orderedFaults(options.faults, options.conditions ?? {});
  await using target = await openFaultTarget(options, context);
  const { name } = target;
  const common = name === undefined ? {} : { environment: name };
  if ('engine' in ordered) {
    const environment = requiredEnvironment(target, ordered.engine.name);
    assertThere(target, ordered.engine.name === 'pause' || ordered.engine.name === 'disconnect');
    const engine = await doEngineFault(environment, ordered.engine, context);
    return { data: { ...common, added: [], engine }, warnings: [] };
  }
  assertThere(target, true);
  const added = (await target.control.add(ordered.server, context.signal)).map(serverRow);
  return { data: { ...common, added }, warnings: [] };
}

/** A server that has ended cannot be asked, and one that is paused cannot answer. */
export function assertThere({ environment }: FaultTarget, running: boolean): void {
  if (environment === undefined || !running || environment.instance.state === 'running') return;
  const { name, state } = environment.instance;
  throw new NotRunningError(name, `: it is ${state}`, [], {}, 'kserve-env fault clear brings it back');
}
