/** Looks for an environment in every engine that can be asked: what runs is the engines' to say. */
import type { Engine, EngineKind, Instance } from '../engine/engine.js';

/** An environment, and the engine that has it. */
export interface Observed {
  engine: Engine;
  instance: Instance;
}

/** Whether a file of ours means exactly this engine. A process is of this machine, wherever that is. */
export function isMeant(
  { kind, endpoint }: Pick<Engine, 'kind' | 'endpoint'>,
  told: { engine: EngineKind; endpoint: string },
): boolean {
  return kind === told.engine && (kind === 'process' || endpoint === told.endpoint);
}

/** The environment of that name, wherever it is; one in each engine if somebody made two. */
export async function observe(engines: Engine[], name: string, signal: AbortSignal): Promise<Observed[]> {
  const found = await Promise.all(
    engines.map(async (engine) => ({ engine, instance: await engine.inspect(name, signal) })),
  );
  return found.flatMap(({ engine, instance }) => (instance === undefined ? [] : [{ engine, instance }]));
}
