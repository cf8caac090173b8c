/** `fault list`: the faults in force. */
import type { CommandContext, CommandResult } from './context.js';
import { standingNow } from './fault-engine.js';
import { engineRow, type FaultRow, serverRow } from './fault-rows.js';
import { type FaultTargetOptions, openFaultTarget } from './fault-target.js';

/** Faults in force, in the order in which they were added, those of the engine first. */
export interface FaultListReport {
  /** Name of the environment; absent for a server that only its socket is known of. */
  environment?: string;
  faults: FaultRow[];
}

/** @throws NotRunningError, and EngineFailedError where a server that runs cannot be asked */
export async function faultList(
  options: FaultTargetOptions,
  context: CommandContext,
): Promise<CommandResult<FaultListReport>> {
  const { signal } = context;
  await using target = await openFaultTarget(options, context);
  const { name, environment, control } = target;
  const standing = environment ? await standingNow(environment, signal) : [];
  const warnings: string[] = [];
  const silent = standing.some(({ id }) => id === 'pause' || id === 'exit');
  const faults = standing.map(engineRow);
  if (silent) warnings.push(`What faults ${name} has beside that cannot be asked now`);
  else faults.push(...(await control.list(signal)).map(serverRow));
  return { data: { ...(name !== undefined && { environment: name }), faults }, warnings };
}
