/** What the daemon's record of a container says, in the words of the port. */
import { constants } from 'node:os';
import { type Endpoints, type ExitInfo, type Instance, type InstanceState, isUp } from '../engine.js';
import { nameLabel } from '../labels.js';
import { containerPorts } from './create-options.js';
import type { ContainerReply } from './replies.js';

/** The instance as the port describes it. */
export function toInstance(container: ContainerReply): Instance {
  const state = toState(container.State.Status);
  const up = isUp(state);
  const endpoints = up ? toEndpoints(container) : undefined;
  return {
    name: container.Config.Labels[nameLabel] ?? container.Name.replace(/^\//, ''),
    id: container.Id,
    state,
    labels: container.Config.Labels,
    imageId: container.Image,
    createdAt: isoTime(container.Created),
    ...(endpoints && { endpoints }),
    ...(up && isCutOff(container) && { disconnected: true as const }),
    // Docker writes the year 1 for what has not happened.
    ...(!container.State.StartedAt.startsWith('0001-') && { startedAt: isoTime(container.State.StartedAt) }),
    ...(state === 'exited' && { exit: exitInfo(container.State.ExitCode, container.State.OOMKilled) }),
  };
}

/** Docker's and Podman's words for a state, in ours. */
export function toState(status: string): InstanceState {
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
  const published = container.NetworkSettings.Ports?.[containerPort]?.[0];
  // One that is cut off publishes nothing, and will publish this again.
  const binding = published ?? container.HostConfig?.PortBindings?.[containerPort]?.[0];
  return Number(binding?.HostPort) || undefined;
}

/** Names of the networks that a container is in. */
export function networksOf({ NetworkSettings }: ContainerReply): string[] {
  return Object.keys(NetworkSettings.Networks ?? {});
}

function isCutOff(container: ContainerReply): boolean {
  return container.NetworkSettings.Networks != null && networksOf(container).length === 0;
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [128 + number, name]));

/** The init in the container reports a death by signal as 128 and the signal's number. */
export function exitInfo(exitCode: number, oomKilled: boolean): ExitInfo {
  const signal = signalNames.get(exitCode);
  return { exitCode, oomKilled, ...(signal !== undefined && { signal }) };
}

/** The daemon writes nanoseconds, or its own time zone; ours are ISO 8601 in UTC with milliseconds. */
export function isoTime(text: string): string {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? text : new Date(milliseconds).toISOString();
}
