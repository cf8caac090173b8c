/**
 * What the product has on a machine: containers, networks, volumes, listeners, processes, files of state and locks. Taken
 * before and after, it says what was left behind.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type Dockerode from 'dockerode';
import { labelPrefix, nameLabel } from '../../src/engine/labels.js';
import { portsOf, processesWith } from './processes.js';

/** Where to look. */
export interface FootprintScope {
  /** State and home of the commands are below it; their processes have it in their environment. */
  directory: string;
  docker?: Dockerode;
  /** Environments that are ours on a daemon that others use, too; absent on a daemon of one's own, where all is ours. */
  names?: readonly string[];
  /** Of a private daemon: what it runs for containers must go with them. */
  daemonDirectory?: string;
}

/** One line a thing: `container kserve-env-x (running)`. */
export type Footprint = readonly string[];

/** The history of earlier set-ups is meant to stay. */
const kept = /^\.timings(\/|$)/;

export async function takeFootprint(scope: FootprintScope): Promise<Footprint> {
  const own = processesWith(scope.directory);
  const daemons = scope.daemonDirectory === undefined ? [] : processesWith(scope.daemonDirectory);
  const processes = [...own, ...daemons.filter(({ command }) => /docker-proxy|containerd-shim/.test(command))];
  return [
    ...(scope.docker ? await thingsOf(scope.docker, scope.names) : []),
    ...processes.map(({ pid, command }) => `process ${pid} (${command})`),
    ...portsOf(processes).map((port) => `listener on port ${port}`),
    ...filesBelow(join(scope.directory, 'state')).map((path) => `file ${path}`),
  ];
}

/** What is there now and was not before; empty when nothing was left. */
export function leftSince(before: Footprint, after: Footprint): string[] {
  return after.filter((thing) => !before.includes(thing));
}

/** What was there before and is not now. */
export function goneSince(before: Footprint, after: Footprint): string[] {
  return leftSince(after, before);
}

async function thingsOf(docker: Dockerode, names: readonly string[] | undefined): Promise<string[]> {
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks({ filters: { type: ['custom'] } }),
    docker.listVolumes(),
  ]);
  const isOurs = (labels: Record<string, string> | undefined, name: string) => {
    if (names === undefined) return true;
    return names.includes(labels?.[nameLabel] ?? '') || names.some((ours) => name === `kserve-env-${ours}`);
  };
  const nameOf = (container: Dockerode.ContainerInfo) => container.Names[0]?.slice(1) ?? container.Id;
  const hasOurLabel = (labels: Record<string, string> | null) =>
    Object.keys(labels ?? {}).some((label) => label.startsWith(labelPrefix));
  return [
    ...containers
      .filter((container) => isOurs(container.Labels, nameOf(container)))
      .map((container) => `container ${nameOf(container)} ${container.Id.slice(0, 12)} (${container.State})`),
    ...networks
      .filter(({ Labels, Name }) => isOurs(Labels, Name))
      .map(({ Name, Id }) => `network ${Name} ${Id.slice(0, 12)}`),
    ...volumes.filter(({ Labels }) => names === undefined || hasOurLabel(Labels)).map(({ Name }) => `volume ${Name}`),
  ];
}

function filesBelow(directory: string): string[] {
  try {
    return (
      readdirSync(directory, { recursive: true, withFileTypes: true })
        .map((entry) => ({ entry, path: join(entry.parentPath, entry.name).slice(directory.length + 1) }))
        .filter(({ path }) => !kept.test(path))
        // A directory for locks may stay; one that was being made, removed or has something in it may not.
        .filter(({ entry, path }) => entry.isFile() || path !== '.locks')
        .map(({ path }) => path)
    );
  } catch {
    return [];
  }
}
