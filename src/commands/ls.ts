/** `ls`: every environment of this user on this machine, across engines and projects. */
import { engineContext } from '../engine/detect.js';
import type { Engine, EngineKind, Instance, InstanceState } from '../engine/engine.js';
import { openStateDir } from '../engine/process/state-dir.js';
import { makersOf, undoneOf } from '../environment/lock.js';
import {
  configFileOfLabels,
  endpointAddresses,
  expiresAtOfLabels,
  madeByOfLabels,
  specOfLabels,
} from '../environment/spec.js';
import { reasonOf, reasonToGo } from '../environment/sweep.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { openEngines, silentOnes } from './find-environment.js';

/** One environment in one engine. */
export interface ListedEnvironment {
  name: string;
  state: InstanceState;
  engine: EngineKind;
  id: string;
  endpoints?: { grpc: string; http: string };
  /** ISO 8601: when its server was started, or else when it was made. */
  since?: string;
  /** How many models are declared; absent where the labels do not say. */
  models?: number;
  /** Path of the config file that it was made from, if there was one. */
  configFile?: string;
  /** ISO 8601: when it ends by itself. */
  expiresAt?: string;
  /** It is half made, or its time is over: why, for people. The next `up` or `down` removes what no command works on. */
  unfinished?: string;
}

/** All that was found. */
export interface LsReport {
  environments: ListedEnvironment[];
}

/** Lists what every engine that answers has, by name; an engine that cannot be asked is a warning. */
export async function ls(options: CommonOptions, context: CommandContext): Promise<CommandResult<LsReport>> {
  const { signal, env } = context;
  await using open = await openEngines(options, context, 'whatever there is');
  const unfinished = await unfinishedOnes(openStateDir(engineContext(env)));
  const rows = await Promise.all(open.engines.map((engine) => listOne(engine, unfinished, signal)));
  const environments = rows.flat().sort((one, other) => one.name.localeCompare(other.name));
  return { data: { environments }, warnings: silentOnes(open) };
}

async function listOne(
  engine: Engine,
  unfinished: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<ListedEnvironment[]> {
  const instances = await engine.list(signal);
  return instances.map((instance) => describe(engine.kind, instance, unfinished));
}

function describe(
  engine: EngineKind,
  instance: Instance,
  unfinishedOnes: ReadonlyMap<string, string>,
): ListedEnvironment {
  const { name, id, state, labels, endpoints } = instance;
  const since = instance.startedAt ?? instance.createdAt;
  const spec = specOfLabels(labels);
  const models = spec?.server.models.length;
  const configFile = configFileOfLabels(labels);
  const expiresAt = expiresAtOfLabels(labels);
  const unfinished = unfinishedOnes.get(madeByOfLabels(labels) ?? '') ?? reasonToGo(instance);
  return {
    name,
    state,
    engine,
    id,
    ...(state === 'running' && endpoints && { endpoints: endpointAddresses(endpoints, spec?.access) }),
    ...(since !== undefined && { since }),
    ...(models !== undefined && { models }),
    ...(configFile !== undefined && { configFile }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(unfinished !== undefined && { unfinished }),
  };
}

/** By the nonce that is in the label of what is being made, or was when its command was killed. */
async function unfinishedOnes(stateDir: string): Promise<Map<string, string>> {
  const makers = [...(await makersOf(stateDir))].map(([nonce, pid]) => [nonce, `process ${pid} is making it`] as const);
  const undone = (await undoneOf(stateDir))
    .filter(({ intent }) => intent.kind === 'make')
    .map((one) => [one.nonce, reasonOf(one)] as const);
  return new Map([...makers, ...undone]);
}
