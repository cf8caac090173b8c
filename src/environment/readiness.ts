/** Waits until a server is live, its models are ready and one of them has answered; sees a death at once. */
import type { ExitInfo, InstanceState } from '../engine/engine.js';
import { pause } from '../engine/settle.js';
import { ExitCode, KServeEnvError, TimedOutError } from '../errors.js';
import type { InferenceClient } from '../protocol/client.js';

/** The server ended while it was waited for, or was found dead. */
export class ServerExitedError extends KServeEnvError {
  constructor(name: string, exit: ExitInfo, lastLogLines: string[]) {
    const how =
      exit.exitCode !== null
        ? `exited with code ${exit.exitCode}`
        : exit.signal !== undefined
          ? `was ended by ${exit.signal}`
          : 'exited';
    const oom = exit.oomKilled ? ' (out of memory: OOMKilled)' : '';
    super('SERVER_EXITED', ExitCode.serverExited, `The server of ${name} ${how}${oom}${withLog(lastLogLines)}`, {
      hint: exit.oomKilled
        ? 'give it more with resources.memoryMiB in kserve-env.yaml'
        : 'the log above says why; --keep-on-failure keeps it for a closer look',
      details: { name, ...exit, lastLogLines },
    });
  }
}

/** The server runs and is not ready in time. */
export class NotReadyInTimeError extends TimedOutError {
  /** The same error as told by whoever set the whole time-out, and can look at the server. */
  readonly inAll: (timeoutMs: number, seen: SeenServer) => NotReadyInTimeError;

  constructor(goal: string, timeoutMs: number, lastProbe: string, { lastLogLines = [], state }: SeenServer = {}) {
    const still = state === undefined ? '' : `; the server is ${state}`;
    const message = `${goal} within ${Math.round(timeoutMs)} ms; last answer: ${lastProbe}${still}`;
    super(`${message}${withLog(lastLogLines)}`, {
      hint: 'give it more with --timeout, or keep it for a closer look with --keep-on-failure',
      details: { timeoutMs, lastProbe, lastLogLines, ...(state !== undefined && { state }) },
    });
    this.inAll = (total, seen) => new NotReadyInTimeError(goal, total, lastProbe, seen);
  }
}

/** What an engine tells of a server that is not ready; what it cannot tell is absent. */
interface SeenServer {
  lastLogLines?: string[];
  state?: InstanceState | 'gone';
}

function withLog(lines: string[]): string {
  return lines.length === 0 ? '' : `\nIts last log lines:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** How long, how often and for what is asked. */
export interface PollOptions {
  /** Milliseconds until it is given up. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Names the goal in the error: `The server was not live`. */
  goal: string;
  /** Called with every unsuccessful answer, for a display. */
  onAnswer?: (answer: string) => void;
  /** Between two probes; grows from here to ten times as much. */
  intervalMs?: number;
  /** Most that one probe may take: it may hang where the next would be answered. */
  probeMs?: number;
  /** What the first probe may take, where less; later ones get more and more, up to `probeMs`. */
  firstProbeMs?: number;
}

/**
 * Asks again and again until the probe says true. A probe that throws is asked again too, unless it throws an error of
 * ours.
 * @throws NotReadyInTimeError with the last answer; the signal's reason when aborted; what the probe gave up with
 */
export async function poll(
  probe: (options: { timeoutMs: number; signal: AbortSignal }) => Promise<boolean>,
  { timeoutMs, signal, goal, onAnswer, intervalMs = 10, probeMs = 2_000, firstProbeMs = probeMs }: PollOptions,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let answer = 'none';
  let patience = firstProbeMs;
  for (let wait = intervalMs; ; wait = Math.min(wait * 1.05, intervalMs * 10)) {
    signal.throwIfAborted();
    const left = deadline - performance.now();
    if (left <= 0) throw new NotReadyInTimeError(goal, timeoutMs, answer);
    try {
      if (await probe({ timeoutMs: Math.min(left, patience), signal })) return;
      answer = 'not yet';
    } catch (error) {
      signal.throwIfAborted();
      // Ours, and so a verdict: no later answer will be another.
      if (error instanceof KServeEnvError) throw error;
      answer = error instanceof Error ? error.message : String(error);
    }
    onAnswer?.(answer);
    patience = Math.min(patience * 1.5, probeMs);
    await pause(Math.min(wait, Math.max(deadline - performance.now(), 0)), signal);
  }
}

/** Live over both transports: a port that only accepts connections is not an answer. */
export function pollLive(clients: InferenceClient[], options: Omit<PollOptions, 'goal'>): Promise<void> {
  return poll(
    async (call) => {
      for (const client of clients) if (!(await client.serverLive(call))) return false;
      return true;
    },
    // A packet to a container whose network is just coming up may be lost, and is sent again after a second: a new
    // connection is quicker.
    { firstProbeMs: 250, ...options, goal: 'The server was not live' },
  );
}

/**
 * Runs work that needs the server alive; the server's death ends it at once. When this settles, the work has ended too.
 * @param exit settles when the server has ended; should it reject, nobody watches any more, and that ends the work
 * @param died makes the error, with the log
 * @param work obeys its signal
 */
export async function whileAlive<T>(
  exit: Promise<ExitInfo>,
  signal: AbortSignal,
  died: (exit: ExitInfo) => Promise<Error>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  // Stop the probes first; the log may take a moment.
  const stop = () => controller.abort(new Error('the server has exited'));
  const dead = exit.finally(stop).then(async (info): Promise<never> => {
    throw await died(info);
  });
  dead.catch(() => {});
  try {
    const value = await work(AbortSignal.any([signal, controller.signal]));
    return controller.signal.aborted ? await dead : value;
  } catch (error) {
    // The work stopped because the server died: the death is the cause worth telling.
    if (controller.signal.aborted) return await dead;
    throw error;
  }
}
