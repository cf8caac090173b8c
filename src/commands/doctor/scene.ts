/** What several checks look at, each looked up once: the config, the engine, and the machine that it runs on. */
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { type LoadedConfig, loadConfig } from '../../config/load.js';
import { loadName } from '../../config/load-name.js';
import type { ConfigFlags } from '../../config/overrides.js';
import { dockerArchitecture } from '../../engine/architecture.js';
import { connectEngine, type EngineContext, engineContext, findDaemon } from '../../engine/detect.js';
import { currentDockerContext } from '../../engine/docker-context.js';
import type { Engine, EngineInfo } from '../../engine/engine.js';
import type { EngineHost } from '../../engine/host.js';
import { stateDirCandidates } from '../../engine/process/state-dir.js';
import type { CommandContext } from '../context.js';
import type { EngineSearch } from './engine.js';

/** A daemon that answers. */
export interface FoundDaemon {
  engine: Engine;
  info: EngineInfo;
}

/** The machine that it runs on, as it tells. */
export interface DaemonMachine {
  host: EngineHost;
  /** Its clock minus ours, in milliseconds; undefined where it does not tell the time. */
  skewMs: number | undefined;
}

/** Promises that checks wait for; one that a check does not need does not hold it up. Dispose it. */
export interface Scene extends AsyncDisposable {
  context: CommandContext;
  engines: EngineContext;
  /** Rejects with a ConfigError. */
  loaded: Promise<LoadedConfig>;
  /** Rejects where an engine was asked for by name and is not there. */
  search: Promise<EngineSearch & { found: FoundDaemon | undefined }>;
  /** Undefined where no daemon was found. */
  machine: Promise<DaemonMachine | undefined>;
  /** Where this user's records and locks are; undefined where there have never been any. */
  stateDir: Promise<string | undefined>;
  /** Local environments; undefined likewise. */
  processes: Promise<Engine | undefined>;
}

/** A machine without a daemon in the words that an engine would use. */
export const thisMachine: EngineInfo = {
  kind: 'process',
  title: `local process (Node ${process.versions.node})`,
  endpoint: hostname(),
  os: process.platform,
  architecture: dockerArchitecture(process.arch),
};

/** Starts all the looking; nothing is changed by it, not even a directory made. */
export function openScene(flags: ConfigFlags, context: CommandContext): Scene {
  const { cwd, env, signal } = context;
  const engines = engineContext(env);
  const opened: Engine[] = [];
  const keep = (engine: Engine) => {
    opened.push(engine);
    return engine;
  };
  const search = async () => {
    const { engine: preference } = await loadName({ cwd, env, flags });
    if (preference === 'process') return { preference, tried: [], found: undefined };
    const { engine, tried, hint } = await look(preference, engines, signal);
    const namedBy = await whoNames(engines);
    const search = { preference, tried, hint, ...(namedBy && { namedBy }) };
    if (engine === undefined) return { ...search, found: undefined };
    const info = await keep(engine).info(signal);
    return { ...search, found: { engine, info }, daemon: info };
  };
  const searched = search();
  const stateDir = stateDirThere(engines);
  const scene: Scene = {
    context,
    engines,
    loaded: loadConfig({ cwd, env, flags }),
    search: searched,
    machine: searched.then(({ found }) => found && machineOf(found.engine, signal)),
    stateDir,
    // To open it where there is no directory would make one.
    processes: stateDir.then(async (there) =>
      there === undefined ? undefined : keep((await connectEngine('process', engines)).engine),
    ),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([scene.search, scene.processes]);
      await Promise.all(opened.map((engine) => engine[Symbol.asyncDispose]()));
    },
  };
  // Each is awaited by the checks that need it, maybe later than it fails.
  for (const promise of [scene.loaded, scene.search, scene.machine, scene.stateDir, scene.processes])
    promise.catch(() => {});
  return scene;
}

/**
 * As `up` would choose, but for local processes: to open them would make a directory.
 * @throws EngineUnreachableError where one was asked for by name
 */
async function look(preference: 'auto' | 'docker' | 'podman', engines: EngineContext, signal: AbortSignal) {
  // For the error that `up` would end with.
  return preference === 'auto'
    ? await findDaemon(preference, engines, signal)
    : { ...(await connectEngine(preference, engines, signal)), hint: '' };
}

/** What says which daemon is meant; undefined where the known sockets are looked at. */
async function whoNames(engines: EngineContext): Promise<string | undefined> {
  const variable = ['DOCKER_HOST', 'CONTAINER_HOST'].find((name) => engines.env[name]);
  if (variable !== undefined) return variable;
  const chosen = await currentDockerContext(engines);
  return chosen && `Docker context ${JSON.stringify(chosen.name)}`;
}

async function machineOf(engine: Engine, signal: AbortSignal): Promise<DaemonMachine | undefined> {
  const asked = Date.now();
  const host = await engine.host?.(signal);
  if (host === undefined) return undefined;
  // As if the daemon had read its clock half-way between the question and the answer.
  const ours = (asked + Date.now()) / 2;
  return { host, skewMs: host.time === undefined ? undefined : Date.parse(host.time) - ours };
}

/** The directory that would be opened, if it is there already. */
async function stateDirThere(engines: EngineContext): Promise<string | undefined> {
  const [first] = stateDirCandidates(engines);
  if (first === undefined) return undefined;
  return await stat(first).then(
    (info) => (info.isDirectory() ? first : undefined),
    () => undefined,
  );
}
