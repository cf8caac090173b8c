/** What several checks look at, each looked up once: the config, the engine, and the machine that it runs on. */
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { type ConfigFlags, type LoadedConfig, loadConfig, loadName } from '../../config/load.js';
import { dockerArchitecture } from '../../engine/architecture.js';
import { connectEngine, type EngineContext, engineContext, type Tried } from '../../engine/detect.js';
import { type Engine, type EngineInfo, EngineUnreachableError } from '../../engine/engine.js';
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
    const { engine, tried, hint } = await connectDaemon(preference, engines, signal);
    if (engine === undefined) {
      const namedBy = ['DOCKER_HOST', 'CONTAINER_HOST'].find((name) => env[name]);
      return { preference, tried, found: undefined, ...(hint !== undefined && { hint }), ...(namedBy && { namedBy }) };
    }
    const info = await keep(engine).info(signal);
    return { preference, tried, found: { engine, info }, daemon: info };
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

interface Connection {
  engine?: Engine;
  tried: Tried[];
  hint?: string;
}

/** As `up` would choose, but for local processes: to open them would make a directory. */
async function connectDaemon(
  preference: 'auto' | 'docker' | 'podman',
  engines: EngineContext,
  signal: AbortSignal,
): Promise<Connection> {
  if (preference !== 'auto') return await connectEngine(preference, engines, signal);
  const missed: EngineUnreachableError[] = [];
  for (const kind of ['docker', 'podman'] as const) {
    try {
      return await connectEngine(kind, engines, signal);
    } catch (error) {
      if (!(error instanceof EngineUnreachableError)) throw error;
      missed.push(error);
    }
  }
  const all = missed.flatMap(({ details }) => details.tried as Tried[]);
  const tried = all.filter(({ endpoint }, index) => all.findIndex((one) => one.endpoint === endpoint) === index);
  const hint = missed.find((error) => error.hint !== undefined)?.hint;
  return { tried, ...(hint !== undefined && { hint }) };
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
