/** `fault clear`: takes faults back, and brings back what they took away. */
import type { CommandContext, CommandResult } from './context.js';
import { restoreEngine } from './fault-engine.js';
import { engineRow, type FaultRow, serverRow } from './fault-rows.js';
import { type FaultTargetOptions, openFaultTarget, requiredEnvironment } from './fault-target.js';

/** Which faults, and where. */
export interface FaultClearOptions extends FaultTargetOptions {
  /** As `fault list` tells them; everything unless given. */
  ids?: readonly string[];
}

/** What was taken back. */
export interface FaultClearReport {
  /** Name of the environment; absent for a server that only its socket is known of. */
  environment?: string;
  cleared: FaultRow[];
  /** Asked for, and not there. */
  missing: string[];
}

const engineIds: readonly string[] = ['pause', 'disconnect', 'exit'];
/** The words by which faults of the engine are made stand for the states that they leave. */
const engineAliases: Readonly<Record<string, string>> = { kill: 'exit', restart: 'exit' };

/**
 * Nothing there to take back is no error.
 * @throws NotRunningError where there is no environment, ServerExitedError where it cannot be brought back
 */
export async function faultClear(
  options: FaultClearOptions,
  context: CommandContext,
): Promise<CommandResult<FaultClearReport>> {
  const { signal } = context;
  const ids = options.ids?.map((id) => engineAliases[id] ?? id);
  const ofServer = ids?.filter((id) => /^\d{1,15}$/.test(id));
  const ofEngine = ids?.filter((id) => engineIds.includes(id));
  await using target = await openFaultTarget(options, context);
  const { name, environment, control } = target;
  const cleared: FaultRow[] = [];
  if (ofEngine === undefined || ofEngine.length > 0) {
    const observed = ofEngine ? requiredEnvironment(target, ofEngine.join(' and ')) : environment;
    if (observed) cleared.push(...(await restoreEngine(observed, context, ofEngine)).map(engineRow));
  }
  if (ofServer === undefined || ofServer.length > 0)
    cleared.push(...(await control.clear(ofServer, signal)).map(serverRow));
  const missing = (ids ?? []).filter((id) => !cleared.some((row) => row.id === id));
  const warnings = missing.map((id) => `There is no fault ${id}; kserve-env fault list tells those in force`);
  return { data: { ...(name !== undefined && { environment: name }), cleared, missing }, warnings };
}
