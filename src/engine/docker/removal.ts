/** Removes one container for certain. */
import { EngineFailedError } from '../engine.js';
import { pause } from '../settle.js';
import { callDaemon, type Daemon } from './call.js';
import { DaemonRefusal } from './daemon-errors.js';
import { readContainer } from './instances.js';

const pollMs = 50;

/** Kills and removes the container and its anonymous volumes. Resolves when it is gone, whoever removed it. */
export async function removeContainer(daemon: Daemon, id: string, signal?: AbortSignal): Promise<void> {
  const path = `/containers/${id}`;
  try {
    await callDaemon(daemon, { method: 'DELETE', path, query: { force: true, v: true }, limit: 'work', signal });
  } catch (error) {
    if (!(error instanceof DaemonRefusal)) throw error;
    if (error.status === 404) return;
    // 409: somebody else is removing it already; then it is waited for.
    if (error.status !== 409) throw error;
    await untilGone(daemon, id, error, signal);
  }
}

async function untilGone(daemon: Daemon, id: string, cause: DaemonRefusal, signal?: AbortSignal): Promise<void> {
  for (let waited = 0; waited < daemon.limits.callMs; waited += pollMs) {
    if (!(await readContainer(daemon, id, signal))) return;
    await pause(pollMs, signal);
  }
  throw new EngineFailedError(`Container ${id.slice(0, 12)} is still there: ${cause.words}`, {
    cause,
    hint: `docker rm -f ${id.slice(0, 12)}`,
    retryable: true,
  });
}
