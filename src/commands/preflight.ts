/** What an `up` looks at before it changes anything. */
import type { LoadedConfig } from '../config/load.js';
import { engineContext, reachableEngines } from '../engine/detect.js';
import {
  type Engine,
  type EngineKind,
  EngineUnreachableError,
  InstanceExistsError,
  PortTakenError,
} from '../engine/engine.js';
import { assertPortFree } from '../engine/port-check.js';
import { reasonToGo } from '../environment/sweep.js';
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
  const { signal } = context;
  const [files, elsewhere] = await Promise.all([
    servedFiles(loaded, info, context),
    otherEngines(engine.kind, loaded.config.engine === 'auto', context),
  ]);
  try {
    await Promise.all(elsewhere.map((other) => assertNotThere(other, loaded.name, signal)));
    const observed = await engine.inspect(loaded.name, signal);
    const own = observed?.state === 'running' ? Object.values(observed.endpoints ?? {}) : [];
    const fixed = Object.values(loaded.config.ports).filter((port) => port !== 'auto');
    for (const port of fixed) if (!own.includes(port)) await assertFree([engine, ...elsewhere], port, signal);
    const ports = fixed.length === 0 ? 'the engine chooses the ports' : `free on 127.0.0.1: ${fixed.join(', ')}`;
    return { value: { observed, files }, detail: own.length > 0 ? `${loaded.name} is running` : ports };
  } finally {
    for (const other of elsewhere) await other[Symbol.asyncDispose]();
  }
}

/** A daemon that does not answer within this many milliseconds is not asked whether it has the name, too. */
const quickProbeMs = 300;

/**
 * The engines that were not chosen and answer at once.
 * @param daemonsWereTried what answers of them was chosen already
 */
async function otherEngines(
  chosen: EngineKind,
  daemonsWereTried: boolean,
  { env, signal }: CommandContext,
): Promise<Engine[]> {
  if (chosen === 'process' && daemonsWereTried) return [];
  const { engines } = await reachableEngines({ ...engineContext(env), probeMs: quickProbeMs }, signal);
  const [same, others] = [engines.filter(({ kind }) => kind === chosen), engines.filter(({ kind }) => kind !== chosen)];
  for (const engine of same) await engine[Symbol.asyncDispose]();
  return others;
}

/** One name in two engines would be two servers, and nobody could say which of them a command means. */
async function assertNotThere(engine: Engine, name: string, signal: AbortSignal): Promise<void> {
  const there = await engine.inspect(name, signal).catch((error: unknown) => {
    // That it went silent just now is no reason not to set up elsewhere.
    if (error instanceof EngineUnreachableError && !signal.aborted) return undefined;
    throw error;
  });
  if (there === undefined || reasonToGo(there) !== undefined) return;
  const what = engine.kind === 'process' ? 'a local process' : `a container of ${titles[engine.kind]}`;
  throw new InstanceExistsError(name, {
    hint: `it is ${what}; kserve-env down --name ${name} removes it, --engine ${engine.kind} keeps it`,
  });
}

const titles = { docker: 'Docker', podman: 'Podman' } as const;

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
