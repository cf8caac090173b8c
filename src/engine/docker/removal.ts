/** Removes a container, and all that belongs to it, for certain. */
import { EngineFailedError, type Instance } from '../engine.js';
import { nameLabel } from '../labels.js';
import { pause } from '../settle.js';
import { callDaemon, type Daemon } from './call.js';
import { DaemonRefusal } from './daemon-errors.js';
import { isRemovalUnderWay } from './dialect.js';
import { listContainers, readContainer } from './instances.js';
import { findNetworks, type Network, removeNetwork } from './networks.js';

const pollMs = 50;

/** Removes exactly this container, and the networks of its name unless the name is somebody else's by now. */
export async function removeAll(
  daemon: Daemon,
  instance: Pick<Instance, 'id' | 'name'>,
  signal?: AbortSignal,
): Promise<void> {
  // Read before: a network made after this belongs to somebody who took the name after us.
  const networks = await findNetworks(daemon, instance.name, signal);
  if (!networks.some(({ Id }) => Id === instance.id)) await removeContainer(daemon, instance.id, signal);
  await removeUnused(daemon, instance.name, networks, signal);
}

/** Removes the networks of this name where no container has it. */
export async function removeUnusedNetworks(daemon: Daemon, name: string): Promise<void> {
  await removeUnused(daemon, name, await findNetworks(daemon, name));
}

async function removeUnused(daemon: Daemon, name: string, networks: Network[], signal?: AbortSignal): Promise<void> {
  const inUse = async () => (await listContainers(daemon, `${nameLabel}=${name}`, signal)).length > 0;
  for (const network of networks) if (!(await inUse())) await removeNetwork(daemon, network.Id, inUse, signal);
}

/** Kills and removes the container and its anonymous volumes. Resolves when it is gone, whoever removed it. */
async function removeContainer(daemon: Daemon, id: string, signal?: AbortSignal): Promise<void> {
  const path = `/containers/${id}`;
  try {
    await callDaemon(daemon, { method: 'DELETE', path, query: { force: true, v: true }, limit: 'work', signal });
  } catch (error) {
    if (!(error instanceof DaemonRefusal)) throw error;
    if (error.status === 404) return;
    // Somebody else is removing it already; then it is waited for.
    if (!isRemovalUnderWay(error)) throw error;
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
    hint: `${daemon.kind} rm -f ${id.slice(0, 12)}`,
    retryable: true,
  });
}
