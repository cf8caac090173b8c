/** What a record and the process it names say together about an environment; and the end of that process. */
import { EngineFailedError, type ExitInfo, type Instance, isUp } from '../engine.js';
import { errorCode } from '../error-code.js';
import { pause } from '../settle.js';
import { findByEnvironment, type ProcessIdentity, processState } from './identity.js';
import { instanceIdVariable } from './launch.js';
import type { InstanceRecord } from './record.js';

const pollMs = 20;

export type SeenState =
  | { state: 'created' }
  | { state: 'running' | 'paused'; process: ProcessIdentity }
  | { state: 'exited'; exit: ExitInfo };

/** The state of a record's process, asked of the process itself. */
export async function toState(record: InstanceRecord): Promise<SeenState> {
  if (record.startedAt === undefined) return { state: 'created' };
  if (record.exit) {
    const { exitCode, signal, oomKilled } = record.exit;
    return { state: 'exited', exit: { exitCode, oomKilled, ...(signal !== undefined && { signal }) } };
  }
  // A command that was killed between the start and its note left a process without a number.
  const process = record.process ?? (await findByEnvironment(instanceIdVariable, record.id));
  if (!process) return { state: 'created' };
  const state = await processState(process);
  if (state === 'gone') return { state: 'exited', exit: { exitCode: null, oomKilled: false } };
  return { state, process };
}

/** The instance as the port describes it. */
export async function toInstance(record: InstanceRecord): Promise<Instance> {
  const seen = await toState(record);
  return {
    name: record.name,
    id: record.id,
    state: seen.state,
    labels: record.labels,
    createdAt: record.createdAt,
    ...(record.startedAt !== undefined && seen.state !== 'created' && { startedAt: record.startedAt }),
    ...(isUp(seen.state) && record.endpoints && { endpoints: record.endpoints }),
    ...(seen.state === 'exited' && { exit: seen.exit }),
  };
}

export interface EndOptions {
  /** Milliseconds between the polite word and the last one; 0 kills at once. */
  graceMs: number;
  killLimitMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * Ends exactly this process, and resolves when it is gone.
 * @throws EngineFailedError when it may not be ended, or does not go
 */
export async function endProcess(identity: ProcessIdentity, options: EndOptions): Promise<void> {
  if (options.graceMs > 0) {
    send(identity.pid, 'SIGTERM');
    // A paused process takes its signals when it goes on.
    if (process.platform !== 'win32') send(identity.pid, 'SIGCONT');
    if (await goneWithin(identity, options.graceMs, options.signal)) return;
  }
  if ((await processState(identity)) === 'gone') return;
  sendGroup(identity.pid, 'SIGKILL');
  send(identity.pid, 'SIGKILL');
  if (await goneWithin(identity, options.killLimitMs, options.signal)) return;
  throw new EngineFailedError(`Process ${identity.pid} does not end`, { hint: `kill -9 ${identity.pid}` });
}

async function goneWithin(identity: ProcessIdentity, milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while ((await processState(identity)) !== 'gone') {
    if (performance.now() >= deadline) return false;
    await pause(pollMs, signal);
  }
  return true;
}

/**
 * Stops this process and its workers where they are, or lets them go on; resolves when it is seen so, or has ended.
 * @throws EngineFailedError when this user may not do it, or nothing comes of it
 */
export async function setPaused(identity: ProcessIdentity, paused: boolean, options: PauseOptions): Promise<void> {
  const wanted = paused ? 'paused' : 'running';
  if ((await processState(identity)) === 'gone') return;
  const signal = paused ? 'SIGSTOP' : 'SIGCONT';
  sendGroup(identity.pid, signal);
  send(identity.pid, signal);
  const deadline = performance.now() + options.limitMs;
  for (;;) {
    const seen = await processState(identity);
    if (seen === wanted || seen === 'gone') return;
    if (performance.now() >= deadline) throw new EngineFailedError(`Process ${identity.pid} is still ${seen}`);
    await pause(pollMs, options.signal);
  }
}

export interface PauseOptions {
  limitMs: number;
  signal?: AbortSignal | undefined;
}

/** It leads a group of its own, see launch.ts: workers that are too busy to see it go must go with it. */
function sendGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') return;
  try {
    process.kill(-pid, signal);
  } catch {
    // No such group, or not ours: what concerns the process itself is told by the signal to it.
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return;
    throw new EngineFailedError(`Process ${pid} may not be ended by this user`, { cause: error, hint: `kill ${pid}` });
  }
}
