/** What an `up` looks at before it changes anything. */
import type { LoadedConfig } from '../config/load.js';
import { connectEngine, engineContext } from '../engine/detect.js';
import { type Engine, InstanceExistsError, PortTakenError } from '../engine/engine.js';
import { assertPortFree } from '../engine/port-check.js';
import type { ChosenEngine } from './choose-engine.js';
import type { CommandContext } from './context.js';
import { servedFiles } from './served-files.js';

/** The environment as it shall be, and what it will run on. */
export interface PreflightOptions {
  loaded: LoadedConfig;
  chosen: ChosenEngine;
  context: CommandContext;
}

/**
 * What is there, that the models' files can be read, and that the fixed ports are free or already ours.
 * @throws InstanceExistsError, PortTakenError, and what `servedFiles` throws
 */
export async function preflight({ chosen: { engine, info }, loaded, context }: PreflightOptions) {
  const { env, signal } = context;
  const files = await servedFiles(loaded, info, context);
  await using elsewhere =
    engine.kind === 'process' ? undefined : (await connectEngine('process', engineContext(env))).engine;
  if (elsewhere) await assertNoProcess(elsewhere, loaded.name, signal);
  const observed = await engine.inspect(loaded.name, signal);
  const own = observed?.state === 'running' ? Object.values(observed.endpoints ?? {}) : [];
  const fixed = Object.values(loaded.config.ports).filter((port) => port !== 'auto');
  const engines = elsewhere ? [engine, elsewhere] : [engine];
  for (const port of fixed) if (!own.includes(port)) await assertFree(engines, port, signal);
  const ports = fixed.length === 0 ? 'the engine chooses the ports' : `free on 127.0.0.1: ${fixed.join(', ')}`;
  return { value: { observed, files }, detail: own.length > 0 ? `${loaded.name} is running` : ports };
}

/** One name in two engines would be two servers, and nobody could say which of them a command means. */
async function assertNoProcess(processes: Engine, name: string, signal: AbortSignal): Promise<void> {
  if ((await processes.inspect(name, signal)) === undefined) return;
  throw new InstanceExistsError(name, {
    hint: `it is a local process; kserve-env down --name ${name} removes it, --engine process keeps it`,
  });
}

/**
 * The engines know best who has a port: what the machine sees is only a proxy, or a process without a name.
 * @throws PortTakenError with the holder, UsageError when this user may not listen there
 */
export async function assertFree(engines: Engine[], port: number, signal: AbortSignal): Promise<void> {
  try {
    await assertPortFree(port, signal);
  } catch (error) {
    if (!(error instanceof PortTakenError)) throw error;
    for (const engine of engines) {
      const holder = await engine.portHolder(port, signal);
      if (holder !== undefined) throw new PortTakenError(port, holder, { cause: error });
    }
    throw error;
  }
}
