/** `down`: removes the environment from every engine, like `rm -f`: nothing there is success. */
import { engineContext } from '../engine/detect.js';
import type { Engine, EngineKind } from '../engine/engine.js';
import type { ImageInfo } from '../engine/image-store.js';
import { contentLabel } from '../engine/labels.js';
import { openStateDir } from '../engine/process/state-dir.js';
import { undoneOf, withEnvironmentLock } from '../environment/lock.js';
import { type Observed, observe } from '../environment/observe.js';
import { removeOnRecord } from '../environment/remove-on-record.js';
import { ownerOf, tidySecrets } from '../environment/secrets.js';
import { KServeEnvError } from '../errors.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { lockOf } from './environment-lock.js';
import { openEngines, silentOnes } from './find-environment.js';
import { foreseeSweep, openSweeper, type Sweeper, type Swept } from './sweeping.js';

/** Options of `down`. */
export interface DownOptions extends CommonOptions {
  /** Remove every environment of this user on this machine. */
  all?: boolean;
  /** Asked before all are removed, with what there is; nothing is asked where it is absent. */
  confirm?: (found: RemovedEnvironment[]) => Promise<boolean>;
  /** Remove the images that kserve-env made, too. */
  rmi?: boolean;
  /** Say what would be removed, and remove nothing. */
  dryRun?: boolean;
  /** How long another command on the same environment is waited for, in milliseconds. */
  lockTimeoutMs?: number;
}

/** One environment in one engine. */
export interface RemovedEnvironment {
  name: string;
  engine: EngineKind;
  id: string;
  /** What it was in. */
  state: string;
}

/** What was removed, or would be. */
export interface DownReport {
  /** The environment that was meant; null where all were. */
  name: string | null;
  dryRun: boolean;
  /** Somebody was asked, and said no. */
  declined?: true;
  removed: RemovedEnvironment[];
  removedImages: string[];
  /** What earlier commands had left, and was removed. */
  swept: Swept[];
}

/** How long a removal goes on after an interruption, in milliseconds; the next command removes what is left then. */
const graceMs = 1_500;
/** Environments that are removed at the same time. */
const atOnce = 4;

/**
 * Removes the environment wherever it is; an engine that cannot be asked is a warning.
 * @throws LockedError when another command changes it and does not end; with `all` that is told when the rest is done
 */
export async function down(options: DownOptions, context: CommandContext): Promise<CommandResult<DownReport>> {
  const { env, signal } = context;
  const dryRun = options.dryRun === true;
  const stateDir = openStateDir(engineContext(env));
  await using open = await openEngines(options, context, 'whatever there is');
  const { engines } = open;
  const warnings = silentOnes(open);
  const name = options.all ? null : open.name;
  const report: DownReport = { name, dryRun, removed: [], removedImages: [], swept: [] };

  const names = name === null ? await allNames(stateDir, engines, signal) : [name];
  if (dryRun || (name === null && options.confirm)) {
    const found = (await Promise.all(names.map((one) => observe(engines, one, signal)))).flat();
    const foreseen = found.map((one) => told(one));
    if (dryRun) {
      const swept = await foreseeSweep(stateDir, engines, undefined, signal);
      const leftOvers = swept.filter((one) => !names.includes(one.name));
      const removedImages = options.rmi ? await removeImages(engines, true, signal) : [];
      const data = { ...report, removed: foreseen, removedImages, swept: leftOvers };
      return { data, warnings };
    }
    if (foreseen.length > 0 && !(await options.confirm?.(foreseen)))
      return { data: { ...report, declined: true }, warnings };
  }

  await using sweeper = openSweeper({ stateDir, engines, except: names }, context);
  const failures = await removeEach(names, async (one) => {
    await removeOne(one, { stateDir, engines, sweeper, report, options, context });
  });
  await sweeper.others();
  report.swept = sweeper.swept;
  signal.throwIfAborted();
  const [failure, ...more] = failures;
  if (name !== null && failure !== undefined) throw failure;
  if (options.rmi) report.removedImages = await removeImages(engines, false, signal);
  warnings.push(...more.map((error) => error.message));
  return { data: report, warnings, ...(failure && { failure }) };
}

/** Names of all that engines have, and of all that a command has begun to make. */
async function allNames(stateDir: string, engines: Engine[], signal: AbortSignal): Promise<string[]> {
  const found = await Promise.all(engines.map((engine) => engine.list(signal)));
  const begun = await undoneOf(stateDir);
  return [...new Set([...found.flat(), ...begun].map(({ name }) => name))];
}

/** A few at a time; one that fails does not keep the others from going. Errors that are bugs are thrown. */
async function removeEach(names: string[], remove: (name: string) => Promise<void>): Promise<KServeEnvError[]> {
  const failures: KServeEnvError[] = [];
  const left = names.values();
  const lane = async () => {
    for (const name of left) {
      try {
        await remove(name);
      } catch (error) {
        if (!(error instanceof KServeEnvError)) throw error;
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, names.length) }, lane));
  return failures;
}

interface Removal {
  stateDir: string;
  engines: Engine[];
  sweeper: Sweeper;
  report: DownReport;
  options: DownOptions;
  context: CommandContext;
}

async function removeOne(name: string, removal: Removal): Promise<void> {
  const { stateDir, engines, sweeper, report, options, context } = removal;
  const { signal } = context;
  await withEnvironmentLock(lockOf(name, stateDir, context, options.lockTimeoutMs), async (held) => {
    await sweeper.own(held);
    for (const one of await observe(engines, name, signal)) {
      signal.throwIfAborted();
      await removeOnRecord(one.instance, { engine: one.engine, lock: held, graceMs, signal });
      report.removed.push(told(one));
    }
    for (const engine of engines) await tidySecrets(stateDir, ownerOf(name, engine));
  });
}

function told({ engine, instance: { name, id, state } }: Observed): RemovedEnvironment {
  return { name, engine: engine.kind, id, state };
}

async function removeImages(engines: Engine[], dryRun: boolean, signal: AbortSignal): Promise<string[]> {
  const removed: string[] = [];
  for (const { images } of engines) {
    for (const image of (await images?.list(contentLabel, signal)) ?? []) {
      if (!dryRun) await images?.remove(image.id, signal);
      removed.push(imageName(image));
    }
  }
  return removed;
}

function imageName({ tags, id }: ImageInfo): string {
  return tags[0] ?? id;
}
