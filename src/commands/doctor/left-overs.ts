/** The check for what killed commands left behind. */
import type { Instance } from '../../engine/engine.js';
import { type Finding, passed, warned } from './finding.js';
import type { Scene } from './scene.js';

/** An environment that no running command and no user is in want of. */
export interface LeftOver {
  name: string;
  engine: string;
  state: Instance['state'];
}

/** Environments that have ended count, too: their names are taken, and nobody is served. */
export function judgeLeftOvers(leftOvers: LeftOver[]): Finding {
  if (leftOvers.length === 0) return passed('none');
  const list = leftOvers.map(({ name, engine, state }) => `${name} (${engine}, ${state})`).join(', ');
  const names = [...new Set(leftOvers.map(({ name }) => name))];
  return warned(list, names.map((name) => `kserve-env down --name ${name}`).join(' && '), { leftOvers });
}

/** Looks in every engine that answers. */
export async function lookForLeftOvers({ search, processes, context }: Scene): Promise<LeftOver[]> {
  const daemon = await search.then(
    ({ found }) => found?.engine,
    () => undefined,
  );
  const engines = [daemon, await processes].filter((engine) => engine !== undefined);
  const lists = await Promise.all(
    engines.map(async (engine) =>
      (await engine.list(context.signal)).map(({ name, state }) => ({ name, state, engine: engine.kind })),
    ),
  );
  return lists.flat().filter(({ state }) => state !== 'running' && state !== 'paused');
}
