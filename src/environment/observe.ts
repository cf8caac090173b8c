/** Looks for an environment in every engine that can be asked: what runs is the engines' to say. */
import type { Engine, Instance } from '../engine/engine.js';

/** An environment, and the engine that has it. */
export interface Observed {
  engine: Engine;
  instance: Instance;
}

/** The environment of that name, wherever it is; one in each engine if somebody made two. */
export async function observe(engines: Engine[], name: string, signal: AbortSignal): Promise<Observed[]> {
  const found = await Promise.all(
    engines.map(async (engine) => ({ engine, instance: await engine.inspect(name, signal) })),
  );
  return found.flatMap(({ engine, instance }) => (instance === undefined ? [] : [{ engine, instance }]));
}
