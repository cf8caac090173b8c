/** Reads environments back from the daemon: the labels of containers and networks are the only record. */
import { constants } from 'node:os';
import type { Endpoints, ExitInfo, Instance, InstanceState } from '../engine.js';
import { nameLabel } from '../labels.js';
import { callDaemon, type Daemon } from './call.js';
import { containerPorts } from './create-options.js';
import { isGone } from './dialect.js';
import { findNetworks, type Network } from './networks.js';
import { type ContainerReply, containerListReply, containerReply, readReply } from './replies.js';

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

function toInstance(container: ContainerReply): Instance {
  const state = toState(container.State.Status);
  const endpoints = state === 'running' || state === 'paused' ? toEndpoints(container) : undefined;
  return {
    name: container.Config.Labels[nameLabel] ?? container.Name.replace(/^\//, ''),
    id: container.Id,
    state,
    labels: container.Config.Labels,
    imageId: container.Image,
    createdAt: isoTime(container.Created),
    ...(endpoints && { endpoints }),
    // Docker writes the year 1 for what has not happened.
    ...(!container.State.StartedAt.startsWith('0001-') && { startedAt: isoTime(container.State.StartedAt) }),
    ...(state === 'exited' && { exit: exitInfo(container.State.ExitCode, container.State.OOMKilled) }),
  };
}

function toState(status: string): InstanceState {
  switch (status) {
    case 'created':
    case 'running':
    case 'paused':
      return status;
    case 'restarting':
      return 'running';
    default:
      return 'exited';
  }
}

function toEndpoints(container: ContainerReply): Endpoints | undefined {
  const grpcPort = hostPort(container, containerPorts.grpc);
  const httpPort = hostPort(container, containerPorts.http);
  if (grpcPort === undefined || httpPort === undefined) return undefined;
  return { host: '127.0.0.1', grpcPort, httpPort };
}

function hostPort(container: ContainerReply, containerPort: string): number | undefined {
  const binding = container.NetworkSettings.Ports?.[containerPort]?.[0];
  return binding ? Number(binding.HostPort) : undefined;
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [128 + number, name]));

/** The init in the container reports a death by signal as 128 and the signal's number. */
export function exitInfo(exitCode: number, oomKilled: boolean): ExitInfo {
  const signal = signalNames.get(exitCode);
  return { exitCode, oomKilled, ...(signal !== undefined && { signal }) };
}

/** The daemon writes nanoseconds, or its own time zone; ours are ISO 8601 in UTC with milliseconds. */
function isoTime(text: string): string {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? text : new Date(milliseconds).toISOString();
}
