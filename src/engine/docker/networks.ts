/** The bridge network of each environment. */
import type { z } from 'zod';
import { EngineFailedError, type InstanceSpec } from '../engine.js';
import { containerName, nameLabel } from '../labels.js';
import { pause } from '../settle.js';
import { callDaemon, type Daemon, type DaemonRequest } from './call.js';
import { networkOptions } from './create-options.js';
import { DaemonRefusal } from './daemon-errors.js';
import { isNetworkInUse, isNetworkThere, isPassing, isPoolTaken } from './dialect.js';
import { addressesOf, addressesReply, type BridgeAddresses } from './isolation.js';
import { networkListReply, networkReply, readReply } from './replies.js';

export type Network = z.output<typeof networkListReply>[number];

/** Networks that carry the label of this environment, or of any. */
export async function findNetworks(daemon: Daemon, name: string | undefined, signal?: AbortSignal): Promise<Network[]> {
  const label = name === undefined ? nameLabel : `${nameLabel}=${name}`;
  const reply = await callDaemon(daemon, {
    method: 'GET',
    path: '/networks',
    query: { filters: JSON.stringify({ label: [label] }) },
    signal,
  });
  return readReply(networkListReply, reply, daemon.transport.endpoint);
}

/**
 * Makes the network of an environment. Only the owner of the container's name may call this: what stands under the
 * network's name with our label then is a left-over, and goes.
 */
export async function claimNetwork(
  daemon: Daemon,
  { name, network }: Pick<InstanceSpec, 'name' | 'network'>,
  signal?: AbortSignal,
): Promise<void> {
  await claimBridge(daemon, name, signal);
  if (network === 'isolated') await isolate(daemon, name, signal);
}

async function claimBridge(daemon: Daemon, name: string, signal?: AbortSignal): Promise<void> {
  try {
    await createNetwork(daemon, name, signal);
  } catch (error) {
    if (!isNetworkThere(error)) throw error;
    const leftOvers = await findNetworks(daemon, name, signal);
    for (const network of leftOvers.filter(({ Name }) => Name === containerName(name)))
      await removeNetwork(daemon, network.Id, undefined, signal);
    await createNetwork(daemon, name, signal);
  }
}

/**
 * Makes the network anew, on the addresses that the daemon chose for it, with no way out. Somebody else may be given them
 * in between; then the daemon chooses others.
 */
async function isolate(daemon: Daemon, name: string, signal?: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const path = `/networks/${containerName(name)}`;
    const reply = await callDaemon(daemon, { method: 'GET', path, signal });
    const addresses = addressesOf(readReply(addressesReply, reply, daemon.transport.endpoint));
    if (addresses === undefined)
      throw new EngineFailedError(`The daemon gave the network of ${name} no IPv4 addresses, which isolated needs`);
    await changeNetworks(daemon, { method: 'DELETE', path, limit: 'work', signal });
    try {
      await createNetwork(daemon, name, signal, addresses);
      return;
    } catch (error) {
      if (!isPoolTaken(error) || attempt === mostAttempts) throw error;
      await createNetwork(daemon, name, signal);
    }
  }
}

/** Sees to it that there is a network of this name, with our label. Whose it is, the container's name decides. */
export async function ensureNetwork(daemon: Daemon, name: string, signal?: AbortSignal): Promise<void> {
  try {
    await createNetwork(daemon, name, signal);
  } catch (error) {
    const ours = isNetworkThere(error) && (await findNetworks(daemon, name, signal)).length > 0;
    if (!ours) throw error;
  }
}

/**
 * Removes a network, and takes out of it what others attached. Nothing there is no error.
 * @param inUse asked where something is attached: the network stays when it belongs to an environment by now
 */
export async function removeNetwork(
  daemon: Daemon,
  id: string,
  inUse: () => Promise<boolean> = async () => false,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await changeNetworks(daemon, { method: 'DELETE', path: `/networks/${id}`, limit: 'work', signal });
  } catch (error) {
    if (!(error instanceof DaemonRefusal)) throw error;
    if (error.status === 404) return;
    if (!isNetworkInUse(error)) throw error;
    if (await inUse()) return;
    await detachAll(daemon, id, signal);
    await changeNetworks(daemon, { method: 'DELETE', path: `/networks/${id}`, limit: 'work', signal });
  }
}

/** So often, and so many milliseconds apart, a change is tried that others' changes got in the way of. */
const mostAttempts = 8;
const attemptMs = 100;

async function changeNetworks(daemon: Daemon, request: DaemonRequest): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await callDaemon(daemon, request);
      return;
    } catch (error) {
      if (!isPassing(error) || attempt === mostAttempts) throw error;
      await pause(attemptMs, request.signal);
    }
  }
}

async function createNetwork(
  daemon: Daemon,
  name: string,
  signal?: AbortSignal,
  isolated?: BridgeAddresses,
): Promise<void> {
  await changeNetworks(daemon, {
    method: 'POST',
    path: '/networks/create',
    body: networkOptions(name, isolated),
    limit: 'work',
    signal,
  });
}

async function detachAll(daemon: Daemon, id: string, signal?: AbortSignal): Promise<void> {
  const reply = await callDaemon(daemon, { method: 'GET', path: `/networks/${id}`, signal });
  for (const container of Object.keys(readReply(networkReply, reply, daemon.transport.endpoint).Containers ?? {})) {
    const body = { Container: container, Force: true };
    await callDaemon(daemon, { method: 'POST', path: `/networks/${id}/disconnect`, body, signal });
  }
}
