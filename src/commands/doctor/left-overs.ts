/** The check for what killed commands, and servers that have ended, left behind. */
import type { EngineKind } from '../../engine/engine.js';
import { foreseeSweep, type Swept } from '../sweeping.js';
import { type Finding, passed, warned } from './finding.js';
import type { Scene } from './scene.js';

/** What is of no use to anybody. */
export interface LeftOvers {
  /** What the next `up` or `down` removes by itself. */
  toBeSwept: Swept[];
  /** Environments whose server has ended: the name is taken, and nobody is served. */
  ended: { name: string; engine: EngineKind }[];
}

/** Neither keeps `up` from working. */
export function judgeLeftOvers({ toBeSwept, ended }: LeftOvers): Finding {
  if (toBeSwept.length + ended.length === 0) return passed('none');
  const swept = toBeSwept.map(({ name, engine, reason }) => `${name} (${engine}): ${reason}`);
  const over = ended.map(({ name, engine }) => `${name} (${engine}): its server has ended`);
  const names = [...new Set([...toBeSwept, ...ended].map(({ name }) => name))];
  const remedy = names.map((name) => `kserve-env down --name ${name}`).join(' && ');
  return warned([...swept, ...over].join('\n'), remedy, { toBeSwept, ended });
}

/** Looks in every engine that answers. */
export async function lookForLeftOvers({ search, processes, stateDir, context }: Scene): Promise<LeftOvers> {
  const { signal } = context;
  const daemon = await search.then(
    ({ found }) => found?.engine,
    () => undefined,
  );
  const engines = [daemon, await processes].filter((engine) => engine !== undefined);
  const directory = await stateDir;
  const toBeSwept = directory === undefined ? [] : await foreseeSweep(directory, engines, undefined, signal);
  const lists = engines.map(async (engine) =>
    (await engine.list(signal)).flatMap(({ name, state }) =>
      state === 'exited' ? [{ name, engine: engine.kind }] : [],
    ),
  );
  const isSwept = (name: string) => toBeSwept.some((one) => one.name === name);
  return { toBeSwept, ended: (await Promise.all(lists)).flat().filter(({ name }) => !isSwept(name)) };
}
