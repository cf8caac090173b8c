/** What is done to a running container from outside: paused, killed, cut off from its network, and the way back. */
import { type Instance, isUp } from '../engine.js';
import { containerName } from '../labels.js';
import { notRunning } from '../refusals.js';
import { pause as wait } from '../settle.js';
import { callDaemon, type Daemon, openAnswer } from './call.js';
import { DaemonRefusal } from './daemon-errors.js';
import { readContainer } from './instances.js';
import { requireFreePorts } from './ports.js';
import { networksOf, toState } from './to-instance.js';

type Which = Pick<Instance, 'id' | 'name'>;

const pollMs = 20;

/** @throws EngineFailedError where it does not run */
export async function pauseContainer(daemon: Daemon, which: Which, signal?: AbortSignal): Promise<void> {
  const { state } = await runningContainer(daemon, which, signal);
  if (state === 'running') await post(daemon, `/containers/${which.id}/pause`, undefined, signal);
}

/** What is not paused stays as it is. */
export async function unpauseContainer(daemon: Daemon, which: Which, signal?: AbortSignal): Promise<void> {
  if ((await stateOf(daemon, which, signal)) === 'paused')
    await post(daemon, `/containers/${which.id}/unpause`, undefined, signal);
}

/** Resolves when it has ended; one that does not run is left as it is. */
export async function killContainer(daemon: Daemon, which: Which, signal?: AbortSignal): Promise<void> {
  const path = `/containers/${which.id}/kill`;
  const state = await stateOf(daemon, which, signal);
  if (!isUp(state)) return;
  // Podman kills none that is paused.
  if (state === 'paused' && daemon.kind === 'podman') await unpauseContainer(daemon, which, signal);
  try {
    await callDaemon(daemon, { method: 'POST', path, query: { signal: 'SIGKILL' }, limit: 'work', signal });
  } catch (error) {
    // It ended by itself just before.
    if (!(error instanceof DaemonRefusal) || isUp(await stateOf(daemon, which, signal))) throw error;
  }
  for (let waited = 0; waited < daemon.limits.callMs && isUp(await stateOf(daemon, which, signal)); waited += pollMs)
    await wait(pollMs, signal);
}

/** Takes it out of every network that it is in, also of those that somebody else put it in. */
export async function disconnectContainer(daemon: Daemon, which: Which, signal?: AbortSignal): Promise<void> {
  const { container } = await runningContainer(daemon, which, signal);
  for (const network of networksOf(container)) {
    const body = { Container: which.id, Force: true };
    await post(daemon, `/networks/${encodeURIComponent(network)}/disconnect`, body, signal);
  }
}

/** Puts it back into its own network. What it published before, the daemon publishes again. */
export async function reconnectContainer(daemon: Daemon, which: Which, signal?: AbortSignal): Promise<void> {
  const { container } = await runningContainer(daemon, which, signal);
  const network = containerName(which.name);
  if (networksOf(container).includes(network)) return;
  // Podman's conmon holds them for as long as the container runs.
  if (daemon.kind === 'docker') await requireFreePorts(daemon, container, signal);
  await post(daemon, `/networks/${network}/connect`, { Container: which.id }, signal);
}

async function post(daemon: Daemon, path: string, body: object | undefined, signal?: AbortSignal): Promise<void> {
  const answer = await openAnswer(daemon, { method: 'POST', path, ...(body && { body }), limit: 'work', signal });
  // Podman says OK, which is no JSON.
  for await (const _ of answer.body);
}

async function runningContainer(daemon: Daemon, which: Which, signal?: AbortSignal) {
  const container = await readContainer(daemon, which.id, signal);
  const state = container && toState(container.State.Status);
  if (container === undefined || !isUp(state)) throw notRunning(which.name, state);
  return { container, state };
}

async function stateOf(daemon: Daemon, { id }: Which, signal?: AbortSignal) {
  const container = await readContainer(daemon, id, signal);
  return container && toState(container.State.Status);
}
