/** Chooses the engine, and says what it chose and why. */
import { access } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { KServeEnvError } from '../errors.js';
import { type DockerEndpoint, dockerEndpoints } from './endpoints.js';
import { type Engine, type EngineKind, EngineUnreachableError } from './engine.js';
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
}

export interface ConnectedEngine {
  engine: Engine;
  /** One line for people: what was chosen and why. */
  reason: string;
  tried: Tried[];
}

const defaultProbeMs = 3_000;

/** The context of this process. */
export function engineContext(env: Readonly<Record<string, string | undefined>> = process.env): EngineContext {
  return {
    env,
    homeDir: safeHomeDir(),
    tempDir: tmpdir(),
    platform: process.platform,
    uid: process.getuid?.(),
  };
}

/**
 * Connects to the preferred engine; `auto` takes a Docker daemon that answers, else local processes.
 * @throws EngineUnreachableError when Docker is asked for by name and no daemon answers
 */
export async function connectEngine(
  preference: EnginePreference,
  context: EngineContext = engineContext(),
  signal?: AbortSignal,
): Promise<ConnectedEngine> {
  if (preference === 'process')
    return { engine: await connectProcess(context), reason: 'asked for with --engine process', tried: [] };
  const { engine, tried } = await connectDocker(context, signal);
  if (engine) {
    const where = tried.at(-1)?.endpoint ?? '';
    const reason = preference === 'docker' ? `asked for, answers at ${where}` : `answers at ${where}`;
    return { engine, reason, tried };
  }
  const outcomes = tried.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);
  if (preference === 'auto')
    return { engine: await connectProcess(context), reason: `no Docker: ${inShort(tried)}`, tried };
  throw new EngineUnreachableError(`No Docker daemon could be reached: ${outcomes.join('; ')}`, {
    hint: hintFor(tried),
    details: { tried },
  });
}

/** Every engine that can be asked what runs: a Docker daemon if one answers, and local processes always. */
export async function reachableEngines(
  context: EngineContext = engineContext(),
  signal?: AbortSignal,
): Promise<{ engines: Engine[]; tried: Tried[] }> {
  const [docker, local] = await Promise.all([connectDocker(context, signal), connectProcess(context)]);
  return { engines: docker.engine ? [docker.engine, local] : [local], tried: docker.tried };
}

async function connectDocker(
  context: EngineContext,
  signal?: AbortSignal,
): Promise<{ engine: Engine | undefined; tried: Tried[] }> {
  const tried: Tried[] = [];
  for (const candidate of dockerEndpoints(context)) {
    const { engine, outcome } = await probe(candidate, context, signal);
    tried.push({ kind: 'docker', endpoint: candidate.endpoint, outcome, reachable: engine !== undefined });
    if (engine) return { engine, tried };
  }
  return { engine: undefined, tried };
}

async function probe(
  candidate: DockerEndpoint,
  context: EngineContext,
  signal?: AbortSignal,
): Promise<{ engine?: Engine; outcome: string }> {
  signal?.throwIfAborted();
  if (candidate.refused !== undefined) return { outcome: candidate.refused };
  // Asked before the adapter is loaded, which a machine without Docker has no use for.
  const missing = context.platform !== 'win32' && (await access(candidate.socketPath).catch(errorCode));
  if (missing === 'ENOENT' || missing === 'ENOTDIR') return { outcome: 'does not exist' };
  const { answers } = await import('./docker/connect.js');
  const probeMs = context.probeMs ?? defaultProbeMs;
  try {
    return { engine: await answers(candidate.socketPath, probeMs, signal), outcome: 'answers' };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof KServeEnvError)) throw error;
    return { outcome: outcomeOf(error, probeMs) };
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
  switch (error.details.code) {
    case undefined:
      return error instanceof EngineUnreachableError
        ? `did not answer within ${probeMs / 1000} s`
        : `is no Docker daemon: ${error.message}`;
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return `failed with ${String(error.details.code)}`;
  }
}

function hintFor(tried: Tried[]): string {
  if (tried.some(({ outcome }) => outcome === 'permission denied'))
    return 'sudo usermod -aG docker "$USER" and log in again, run with sudo, or use --engine process';
  return 'start Docker, or use --engine process';
}

async function connectProcess(context: EngineContext): Promise<Engine> {
  const { localProcesses } = await import('./process/connect.js');
  return localProcesses(context);
}

/** A user without an entry in the list of users has no home, and Node throws. */
function safeHomeDir(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
