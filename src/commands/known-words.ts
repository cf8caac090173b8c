/** Names that a shell offers at Tab: quickly, or none. Whatever goes wrong is silence. */
import type { CommandContext } from './context.js';

/** Milliseconds in which an engine says what it has, before nobody waits for it any more. */
const patienceMs = 700;

/** Names of the environments on this machine. */
export async function knownEnvironments({ env, signal }: CommandContext): Promise<string[]> {
  try {
    const { engineContext, reachableEngines } = await import('../engine/detect.js');
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    const { engines } = await reachableEngines({ ...engineContext(env), probeMs: patienceMs }, bounded);
    const lists = await Promise.all(engines.map((engine) => engine.list(bounded).catch(() => [])));
    await Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]()));
    return unique(lists.flat().map(({ name }) => name));
  } catch {
    return [];
  }
}

/** Names of the models in the config; no server is asked. */
export async function knownModels({ cwd, env }: CommandContext): Promise<string[]> {
  try {
    const { loadConfig } = await import('../config/load.js');
    const { config } = await loadConfig({ cwd, env, flags: {} });
    return unique(config.models.map(({ name }) => name));
  } catch {
    return [];
  }
}

/** Kinds of faults. */
export async function knownFaults(): Promise<string[]> {
  const [{ faultKindNames }, { engineFaultNames }] = await Promise.all([
    import('../faults/kinds.js'),
    import('../faults/engine-faults.js'),
  ]);
  return [...faultKindNames, ...engineFaultNames];
}

/** Scenarios that are there by name. */
export async function knownScenarios(): Promise<string[]> {
  const { readyMadeScenarios } = await import('../faults/ready-made-scenarios.js');
  return Object.keys(readyMadeScenarios);
}

function unique(names: string[]): string[] {
  return [...new Set(names)].sort();
}
