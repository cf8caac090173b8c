/** Reads environments back from the daemon: the labels of containers and networks are the only record. */
import type { Instance } from '../engine.js';
import { nameLabel } from '../labels.js';
import { callDaemon, type Daemon } from './call.js';
import { isGone } from './dialect.js';
import { findNetworks, type Network } from './networks.js';
import { type ContainerReply, containerListReply, containerReply, readReply } from './replies.js';
import { isoTime, toInstance } from './to-instance.js';

/** The result of a call about one container or network; undefined when the daemon says that there is none. */
export async function whileExists<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Containers in any state that carry the label (`key` or `key=value`). */
export async function listContainers(daemon: Daemon, label: string, signal?: AbortSignal) {
  const reply = await callDaemon(daemon, {
    method: 'GET',
    path: '/containers/json',
    query: { all: true, filters: JSON.stringify({ label: [label] }) },
    signal,
  });
  return readReply(containerListReply, reply, daemon.transport.endpoint);
}

/** The daemon's own record of one container, or undefined. */
export async function readContainer(
  daemon: Daemon,
  id: string,
  signal?: AbortSignal,
): Promise<ContainerReply | undefined> {
  const path = `/containers/${encodeURIComponent(id)}/json`;
  const reply = await whileExists(callDaemon(daemon, { method: 'GET', path, signal }));
  return reply === undefined ? undefined : readReply(containerReply, reply, daemon.transport.endpoint);
}

/** One instance by container ID, or undefined. */
export async function inspectContainer(
  daemon: Daemon,
  id: string,
  signal?: AbortSignal,
): Promise<Instance | undefined> {
  const container = await readContainer(daemon, id, signal);
  return container && toInstance(container);
}

/** One environment by name: its container, or the network that an interrupted command left, or undefined. */
export async function findInstance(daemon: Daemon, name: string, signal?: AbortSignal): Promise<Instance | undefined> {
  const [container] = await listContainers(daemon, `${nameLabel}=${name}`, signal);
  const instance = container && (await inspectContainer(daemon, container.Id, signal));
  if (instance) return instance;
  const [network] = await findNetworks(daemon, name, signal);
  return network && leftOver(network);
}

/** All environments, oldest first, left-over networks included. */
export async function listInstances(daemon: Daemon, signal?: AbortSignal): Promise<Instance[]> {
  // Networks first: one whose container was made in between then is not taken for a left-over.
  const networks = await findNetworks(daemon, undefined, signal);
  const containers = await listContainers(daemon, nameLabel, signal);
  const inspected = await Promise.all(containers.map(({ Id }) => inspectContainer(daemon, Id, signal)));
  const instances = inspected.filter((instance) => instance !== undefined);
  const named = new Set(instances.map(({ name }) => name));
  instances.push(...networks.map(leftOver).filter(({ name }) => !named.has(name)));
  return instances.sort((one, other) => (one.createdAt ?? '').localeCompare(other.createdAt ?? ''));
}

function leftOver(network: Network): Instance {
  return {
    name: network.Labels[nameLabel] ?? network.Name,
    id: network.Id,
    state: 'incomplete',
    labels: network.Labels,
    createdAt: isoTime(network.Created),
  };
}
