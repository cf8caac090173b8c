/** The sweep of a command: with the engines that it has open, and any other that something was left in. */
import { connectEngine, engineContext } from '../engine/detect.js';
import type { Engine } from '../engine/engine.js';
import { sweepRecords } from '../engine/process/record.js';
import type { Intent } from '../environment/claim.js';
import { type HeldLock, undoneOf } from '../environment/lock.js';
import { isMeant } from '../environment/observe.js';
import { sweepSecrets } from '../environment/secrets-sweep.js';
import { reasonOf, reasonToGo, type Swept, sweepEngine, sweepOthers, sweepOwn } from '../environment/sweep.js';
import { KServeEnvError } from '../errors.js';
import type { CommandContext } from './context.js';

export type { Swept } from '../environment/sweep.js';

/** Removes left-overs, and tells of each. Dispose it: it may have connected to further engines. */
export interface Sweeper extends AsyncDisposable {
  /** What was left undone with the environment whose lock is held. */
  own(lock: HeldLock): Promise<void>;
  /** What was left elsewhere. An engine that fails at it is no failure of the command: left-overs stay for the next. */
  others(): Promise<void>;
  readonly swept: Swept[];
}

/** What a sweep begins with. */
export interface SweeperOptions {
  stateDir: string;
  /** Open engines; they stay the caller's. */
  engines: Engine[];
  /** Environments whose locks the caller takes itself. */
  except: string[];
  /** Told of what was removed, a line each. */
  note?: (text: string) => void;
}

/** Does nothing by itself. */
export function openSweeper({ stateDir, engines, except, note }: SweeperOptions, context: CommandContext): Sweeper {
  const { env, signal } = context;
  const opened: Engine[] = [];
  const swept: Swept[] = [];
  const tell = (found: Swept[]) => {
    for (const { name, reason } of found) note?.(`Removed ${name}: ${reason}`);
    swept.push(...found);
  };

  async function engineOf(intent: Intent): Promise<Engine | undefined> {
    for (const engine of [...engines, ...opened]) if (isMeant(engine, intent)) return engine;
    const { endpoint, engine: kind } = intent;
    const there = { ...env, DOCKER_HOST: endpoint, CONTAINER_HOST: endpoint };
    try {
      const { engine } = await connectEngine(kind, engineContext(kind === 'process' ? env : there), signal);
      opened.push(engine);
      return isMeant(engine, intent) ? engine : undefined;
    } catch (error) {
      if (error instanceof KServeEnvError && !signal.aborted) return undefined;
      throw error;
    }
  }

  return {
    swept,
    async own(lock) {
      tell(await sweepOwn(lock, { stateDir, signal, engineOf }));
    },
    async others() {
      const attempts = [
        () => sweepOthers(except, { stateDir, signal, engineOf }),
        ...engines.map((engine) => () => sweepEngine(engine, except, { stateDir, signal })),
        () => sweepRecords(stateDir).then(() => []),
        () => sweepSecrets({ stateDir, engines, signal }, except).then(() => []),
      ];
      for (const attempt of attempts) {
        try {
          tell(await attempt());
        } catch (error) {
          if (signal.aborted || !(error instanceof KServeEnvError)) throw error;
        }
      }
    },
    async [Symbol.asyncDispose]() {
      for (const engine of opened) await engine[Symbol.asyncDispose]();
    },
  };
}

/** What a sweep would remove now, the environment of that name left out where it is a matter of the plan. */
export async function foreseeSweep(
  stateDir: string,
  engines: Engine[],
  name: string | undefined,
  signal: AbortSignal,
): Promise<Swept[]> {
  const undone = (await undoneOf(stateDir)).map((one) => ({
    name: one.name,
    engine: one.intent.engine,
    reason: reasonOf(one),
  }));
  const found = engines.map(async (engine) =>
    (await engine.list(signal)).flatMap((instance) => {
      const reason = instance.name === name ? undefined : reasonToGo(instance);
      return reason === undefined ? [] : [{ name: instance.name, engine: engine.kind, reason }];
    }),
  );
  return [...undone, ...(await Promise.all(found)).flat()];
}
