/** Starts the server's process, detached, so that it outlives the command. */
import { open } from 'node:fs/promises';
import { constants } from 'node:os';
import type { ExitInfo, PortRequest } from '../engine.js';
import { withSources } from '../files.js';
import { oldSpaceMiB } from '../memory.js';
import type { InstanceRecord } from './record.js';

/** Set for each server, so that one whose number was never noted is found by it. */
export const instanceIdVariable = 'KSERVE_ENV_INSTANCE_ID';

const serverConfigVariable = 'KSERVE_ENV_SERVER_CONFIG';

/** What a Node process needs of its surroundings. All else, tokens above all, stays with the user. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'LC_ALL', 'TZ', 'SystemRoot', 'windir'];

export interface Launched {
  /** Undefined when not even a process came of it. */
  pid: number | undefined;
  /** Resolves at the end of the process, as its parent sees it. Does not keep this process alive. */
  exit: Promise<ExitInfo>;
  /** Bytes that were in the log before: what this server writes begins there. */
  logStart: number;
}

export interface LaunchOptions {
  record: InstanceRecord;
  bundlePath: string;
  directory: string;
  logPath: string;
  surroundings: Readonly<Record<string, string | undefined>>;
}

/** Runs `node kserve-server.cjs` with its output in the log file. */
export async function launch(options: LaunchOptions): Promise<Launched> {
  // Loaded here only: a `status` or `down` starts no process, and should not wait for what starts one.
  const { execa } = await import('execa');
  const log = await open(options.logPath, 'a', 0o600);
  try {
    const logStart = (await log.stat()).size;
    const heap = `--max-old-space-size=${oldSpaceMiB(options.record.resources.memoryMiB)}`;
    // The types know descriptors up to 9 only; every number works.
    const output = log.fd as 3;
    const child = execa(process.execPath, [heap, options.bundlePath], {
      cwd: options.directory,
      env: serverEnvironment(options.record, options.surroundings),
      extendEnv: false,
      stdio: ['ignore', output, output],
      // A group of its own, so that Ctrl-C in the terminal does not reach it.
      detached: true,
      cleanup: false,
      buffer: false,
      reject: false,
      windowsHide: true,
    });
    child.unref();
    const exit = child.then((result): ExitInfo => {
      const signal = result.signal;
      const exitCode = result.exitCode ?? (signal === undefined ? null : 128 + constants.signals[signal]);
      return { exitCode, oomKilled: false, ...(signal !== undefined && { signal }) };
    });
    return { pid: child.pid, exit, logStart };
  } finally {
    await log.close();
  }
}

/**
 * The variables of the server, with the addresses of this machine: what the container maps has to be bound here.
 * `auto` becomes port 0, and the server says what it got: a free port that we looked for could be gone by then.
 */
function serverEnvironment(
  record: InstanceRecord,
  surroundings: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of inherited) {
    const value = surroundings[name];
    if (value !== undefined) env[name] = value;
  }
  Object.assign(env, record.env, { [instanceIdVariable]: record.id });
  const config = env[serverConfigVariable];
  if (config !== undefined) {
    env[serverConfigVariable] = withSources(onThisMachine(config, record), record.files);
  }
  return env;
}

function onThisMachine(config: string, { ports, endpoints, controlSocket }: InstanceRecord): string {
  const parsed = objectOf(config);
  // The server will say what is wrong with it, and it can only say so of what was written.
  if (parsed === undefined) return config;
  return JSON.stringify({
    ...parsed,
    host: '127.0.0.1',
    // One that ran before has the ports that it had then.
    grpcPort: endpoints?.grpcPort ?? toPort(ports.grpc),
    httpPort: endpoints?.httpPort ?? toPort(ports.http),
    ...(controlSocket !== undefined && { controlSocket }),
  });
}

/** Whether the server that these variables are for is asked to have a control socket. */
export function wantsControl(env: Readonly<Record<string, string>>): boolean {
  return objectOf(env[serverConfigVariable] ?? '')?.controlSocket !== undefined;
}

function objectOf(json: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function toPort(request: PortRequest): number {
  return request === 'auto' ? 0 : request;
}
