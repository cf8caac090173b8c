/** Chooses the engine, and says what it chose and why. */
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { KServeEnvError } from '../errors.js';
import { homeDir } from '../home.js';
import { currentDockerContext } from './docker-context.js';
import { type DaemonEndpoint, dockerEndpoints, podmanEndpoints } from './endpoints.js';
import { type Engine, type EngineKind, EngineUnreachableError, engineNames } from './engine.js';
import { errorCode } from './error-code.js';

export type EnginePreference = EngineKind | 'auto';

/** What the choice depends on; taken in as a value, so that a test needs no other machine. */
export interface EngineContext {
  env: Readonly<Record<string, string | undefined>>;
  /** Undefined where the user has none. */
  homeDir: string | undefined;
  tempDir: string;
  platform: NodeJS.Platform;
  /** Numeric user ID; undefined on Windows. */
  uid: number | undefined;
  /** Longest wait for a daemon's first answer, in milliseconds. */
  probeMs?: number;
  /** The server's file for the process engine; the built one when absent. */
  serverBundle?: () => string;
}

/** One engine that was looked for, and how that went. */
export interface Tried {
  kind: EngineKind;
  /** `unix:///var/run/docker.sock` */
  endpoint: string;
  /** For people: `does not exist`, `answered`. */
  outcome: string;
  reachable: boolean;
  /** The command that mends it, where that is known. */
  hint?: string;
}

export interface ConnectedEngine {
  engine: Engine;
  /** One line for people: what was chosen and why. */
  reason: string;
  tried: Tried[];
}

/** The context of this process. */
export function engineContext(env: Readonly<Record<string, string | undefined>> = process.env): EngineContext {
  return {
    env,
    homeDir: homeDir(),
    tempDir: tmpdir(),
    platform: process.platform,
    uid: process.getuid?.(),
  };
}

/**
 * Connects to the preferred engine; `auto` takes a Docker daemon that answers, else Podman, else local processes.
 * @throws EngineUnreachableError when a daemon is asked for by name and none of that kind answers
 */
export async function connectEngine(
  preference: EnginePreference,
  context: EngineContext = engineContext(),
  signal?: AbortSignal,
): Promise<ConnectedEngine> {
  if (preference === 'process')
    return { engine: await connectProcess(context), reason: 'asked for with --engine process', tried: [] };
  const places = await placesOf(preference, context);
  const { engine, tried } = await firstToAnswer(places, preference, context, signal);
  if (engine) {
    const where = tried.at(-1)?.endpoint ?? '';
    const reason = preference === 'auto' ? `answers at ${where}` : `asked for, answers at ${where}`;
    return { engine, reason, tried };
  }
  if (preference === 'auto') {
    const looked = places.some(({ expected }) => expected === 'podman') ? 'no Docker, no Podman' : 'no Docker';
    return { engine: await connectProcess(context), reason: `${looked}: ${inShort(tried)}`, tried };
  }
  const outcomes = tried.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);
  throw new EngineUnreachableError(`No ${engineNames[preference]} daemon could be reached: ${outcomes.join('; ')}`, {
    hint: hintFor(preference, tried),
    details: { tried },
  });
}

/**
 * The daemon that `connectEngine` would choose, with nothing thrown where none answers, and no local processes in its
 * place. `hint` is what helps then.
 */
export async function findDaemon(
  preference: 'auto' | 'docker' | 'podman',
  context: EngineContext,
  signal?: AbortSignal,
): Promise<{ engine: Engine | undefined; tried: Tried[]; hint: string }> {
  const places = await placesOf(preference, context);
  const { engine, tried } = await firstToAnswer(places, preference, context, signal);
  return { engine, tried, hint: hintFor(preference === 'auto' ? 'docker' : preference, tried) };
}

/** Every engine that can be asked what runs: Docker and Podman where they answer, and local processes always. */
export async function reachableEngines(
  context: EngineContext = engineContext(),
  signal?: AbortSignal,
): Promise<{ engines: Engine[]; tried: Tried[] }> {
  const places = await placesOf('auto', context);
  const search = (expected: DaemonEndpoint['expected']) => {
    const some = places.filter((place) => place.expected === expected);
    return firstToAnswer(some, 'any', context, signal);
  };
  const [docker, podman, local] = await Promise.all([search('docker'), search('podman'), connectProcess(context)]);
  const engines = [docker, podman].flatMap(({ engine }) => engine ?? []);
  // Docker's socket may be a link to Podman's: then both searches ended at one daemon.
  if (engines.length === 2 && docker.identity === podman.identity) await engines.pop()?.[Symbol.asyncDispose]();
  return { engines: [...engines, local], tried: [...docker.tried, ...podman.tried] };
}

/** Where to look, in order; none of them was tried yet. */
async function placesOf(preference: 'auto' | 'docker' | 'podman', context: EngineContext): Promise<DaemonEndpoint[]> {
  const { DOCKER_HOST: host, CONTAINER_HOST: container } = context.env;
  const ofPodman = podmanEndpoints(context);
  if (preference === 'podman') return host && !container ? [...dockerEndpoints(context), ...ofPodman] : ofPodman;
  const ofDocker = dockerEndpoints(context, host ? undefined : await currentDockerContext(context));
  if (preference === 'docker') return ofDocker;
  // Whoever names a daemon in the surroundings means that one: what else runs here is not looked at.
  return host && !container ? ofDocker : [...ofDocker, ...ofPodman];
}

interface Search {
  engine: Engine | undefined;
  tried: Tried[];
  /** What two ways to one daemon have in common: the socket without links, or the address. */
  identity?: string;
}

async function firstToAnswer(
  places: DaemonEndpoint[],
  wanted: 'auto' | 'any' | 'docker' | 'podman',
  context: EngineContext,
  signal?: AbortSignal,
): Promise<Search> {
  const tried: Tried[] = [];
  for (const place of places) {
    const { expected, endpoint } = place;
    const remember = (kind: EngineKind, outcome: string, reachable: boolean, hint?: string) =>
      tried.push({ kind, endpoint, outcome, reachable, ...(hint !== undefined && { hint }) });
    if (place.elsewhere && wanted === 'auto') {
      remember(expected, 'is on another machine, and publishes ports there only', false, elsewhereHint);
      continue;
    }
    const { engine, outcome, hint, identity = endpoint } = await probe(place, context, signal);
    if (engine === undefined) {
      remember(expected, outcome, false, hint);
      continue;
    }
    if (wanted === 'auto' || wanted === 'any' || engine.kind === wanted) {
      remember(engine.kind, outcome, true);
      return { engine, tried, identity };
    }
    await engine[Symbol.asyncDispose]();
    remember(
      engine.kind,
      `is ${engineNames[engine.kind]}, not ${engineNames[wanted]}`,
      false,
      `use --engine ${engine.kind}`,
    );
  }
  return { engine: undefined, tried };
}

const elsewhereHint = 'set DOCKER_HOST=ssh://user@host, which brings the ports here, or use --engine process';

/** Longest waits for a first answer, in milliseconds: on this machine, and where a network and a log-in are between. */
const nearbyMs = 3_000;
const farMs = 15_000;

interface Probed {
  engine?: Engine;
  outcome: string;
  hint?: string;
  identity?: string;
}

async function probe(place: DaemonEndpoint, context: EngineContext, signal?: AbortSignal): Promise<Probed> {
  signal?.throwIfAborted();
  const { way, expected, refused, hint } = place;
  if (way === undefined) return { outcome: refused ?? 'cannot be used', ...(hint !== undefined && { hint }) };
  let identity: string | undefined;
  if (way.kind === 'socket' && context.platform !== 'win32') {
    // Asked before the adapter is loaded, which a machine without a daemon has no use for.
    try {
      identity = await realpath(way.path);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return { outcome: 'does not exist' };
    }
  }
  const { reach } = await import('./docker/connect.js');
  const probeMs = context.probeMs ?? (way.kind === 'ssh' || place.elsewhere ? farMs : nearbyMs);
  try {
    const engine = await reach(
      { way, expected, context, probeMs, ...(place.elsewhere && { elsewhere: true }) },
      signal,
    );
    return { engine, outcome: 'answers', ...(identity !== undefined && { identity }) };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof KServeEnvError)) throw error;
    // Only what is known of this way: the usual hint of an error is about daemons at large.
    const own = error.details.outcome !== undefined && error.hint !== undefined ? { hint: error.hint } : {};
    return { outcome: outcomeOf(error, probeMs), ...own };
  }
}

/** What is there and does not answer; where nothing is, the usual place, and how many others were looked at. */
function inShort(tried: Tried[]): string {
  const there = tried.filter(({ outcome }) => outcome !== 'does not exist');
  const told = there.length > 0 ? there : tried.slice(0, 1);
  const others = there.length > 0 || tried.length < 2 ? '' : `, nor ${tried.length - 1} other known sockets`;
  return told.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`).join('; ') + others;
}

function outcomeOf(error: KServeEnvError, probeMs: number): string {
  const { outcome, code } = error.details;
  if (outcome !== undefined) return String(outcome);
  switch (code) {
    case undefined:
      return error instanceof EngineUnreachableError
        ? `did not answer within ${probeMs / 1000} s`
        : `is no daemon: ${error.message}`;
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return `failed with ${String(code)}`;
  }
}

function hintFor(preference: 'docker' | 'podman', tried: Tried[]): string {
  const known = tried.find(({ hint }) => hint !== undefined)?.hint;
  if (known !== undefined) return known;
  const denied = tried.some(({ outcome }) => outcome === 'permission denied');
  if (preference === 'podman')
    return denied
      ? 'systemctl --user enable --now podman.socket for a Podman of your own, or use --engine process'
      : 'systemctl --user enable --now podman.socket, or podman machine start, or use --engine process';
  if (denied) return 'sudo usermod -aG docker "$USER" and log in again, run with sudo, or use --engine process';
  return 'start Docker, or use --engine process';
}

async function connectProcess(context: EngineContext): Promise<Engine> {
  const { localProcesses } = await import('./process/connect.js');
  return localProcesses(context);
}
