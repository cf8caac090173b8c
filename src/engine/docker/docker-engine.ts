/** The Docker adapter of the engine port: one environment is one container in one network of its own. */
import { setMaxListeners } from 'node:events';
import {
  type Engine,
  EngineFailedError,
  type EngineInfo,
  type EngineKind,
  type Instance,
  InstanceExistsError,
  type InstanceSpec,
} from '../engine.js';
import { containerName, nameLabel } from '../labels.js';
import { callDaemon, type Daemon, type DaemonLimits, defaultLimits } from './call.js';
import { createOptions } from './create-options.js';
import { DaemonRefusal, failed } from './daemon-errors.js';
import { dockerExits } from './exits.js';
import { daemonHost } from './host.js';
import { dockerImages } from './images.js';
import { findInstance, inspectContainer, listContainers, listInstances, whileExists } from './instances.js';
import { containerLogs } from './logs.js';
import { claimNetwork, findNetworks, removeNetwork } from './networks.js';
import { holderAmongContainers, portErrorOf } from './ports.js';
import { removeContainer } from './removal.js';
import { createReply, readReply, versionReply } from './replies.js';
import { socketTransport } from './transport.js';
import { containerUsage } from './usage.js';

export interface DockerEngineOptions {
  socketPath: string;
  /** What the daemon said it is, by `info`; Docker unless given. */
  kind?: EngineKind;
  /** For tests; the port's ten seconds by default. */
  limits?: Partial<DaemonLimits>;
}

/** Connects on the first call; nothing is asked here. */
export function dockerEngine(options: DockerEngineOptions): Engine {
  const closing = new AbortController();
  // Every call under way listens to it.
  setMaxListeners(0, closing.signal);
  const daemon: Daemon = {
    transport: socketTransport(options.socketPath),
    limits: { ...defaultLimits, ...options.limits },
    closed: closing.signal,
  };
  const exits = dockerExits(daemon);

  /** Calls with one container whose refusals have no meaning of their own. */
  const command = async (what: string, call: Promise<unknown>) => {
    try {
      await call;
    } catch (error) {
      throw failed(what, error);
    }
  };

  return {
    kind: options.kind ?? 'docker',
    images: dockerImages(daemon),

    async info(signal) {
      const reply = await callDaemon(daemon, { method: 'GET', path: '/version', signal }).catch((error: unknown) => {
        throw failed('The daemon does not tell its version', error);
      });
      return engineInfo(readReply(versionReply, reply, daemon.transport.endpoint), daemon.transport.endpoint);
    },

    async host(signal) {
      return await daemonHost(daemon, signal);
    },

    async inspect(name, signal) {
      return await findInstance(daemon, name, signal);
    },

    async list(signal) {
      return await listInstances(daemon, signal);
    },

    async create(spec, signal) {
      return await create(daemon, spec, signal);
    },

    async start(instance, signal) {
      // An exit that somebody waits for must not pass before the daemon knows that it is waited for.
      await exits.armed(instance.id, signal);
      try {
        await callDaemon(daemon, { method: 'POST', path: `/containers/${instance.id}/start`, limit: 'work', signal });
      } catch (error) {
        throw (await portErrorOf(daemon, error)) ?? failed(`${instance.name} could not be started`, error);
      }
      const started = await inspectContainer(daemon, instance.id, signal);
      if (started) return started;
      throw new EngineFailedError(`${instance.name} was removed while it started`);
    },

    async waitForExit(instance, signal) {
      return await exits.wait(instance.id, signal);
    },

    async stop(instance, graceMs, signal) {
      // The daemon counts whole seconds, and takes none as its own default of ten.
      const seconds = Math.max(1, Math.ceil(graceMs / 1000));
      await command(
        `${instance.name} could not be stopped`,
        whileExists(
          callDaemon(daemon, {
            method: 'POST',
            path: `/containers/${instance.id}/stop`,
            query: { t: seconds },
            limit: seconds * 1000 + daemon.limits.callMs,
            signal,
          }),
        ),
      );
    },

    async remove(instance, signal) {
      await command(`${instance.name} could not be removed`, removeAll(daemon, instance, signal));
    },

    logs: (instance, logOptions) => containerLogs(daemon, instance, logOptions),

    async usage(instance, signal) {
      return await containerUsage(daemon, instance.id, signal);
    },

    async portHolder(port, signal) {
      return await holderAmongContainers(daemon, port, signal);
    },

    async [Symbol.asyncDispose]() {
      closing.abort(new EngineFailedError('The connection to the daemon was closed'));
    },
  };
}

function engineInfo(version: ReturnType<typeof versionReply.parse>, endpoint: string): EngineInfo {
  const podman = version.Components?.find(({ Name }) => Name === 'Podman Engine');
  const title = podman ? `Podman ${podman.Version}` : `Docker ${version.Version.split('+')[0]}`;
  return { kind: podman ? 'podman' : 'docker', title, endpoint, os: version.Os, architecture: version.Arch };
}

/**
 * The container comes first: its name is the claim, and the daemon gives a container name to one only, which it does
 * not promise for networks. It may name a network that is not there before it starts. So a network without a container
 * always is a left-over, and never somebody's half-made environment.
 *
 * The requests that make something do not carry the caller's signal: cut off, they go on in the daemon, and what they
 * make a moment later would be nobody's. An abort is obeyed after each of them, when it is known what there is to remove.
 */
async function create(daemon: Daemon, spec: InstanceSpec, signal?: AbortSignal): Promise<Instance> {
  signal?.throwIfAborted();
  let id: string;
  try {
    const reply = await callDaemon(daemon, {
      method: 'POST',
      path: '/containers/create',
      query: { name: containerName(spec.name) },
      body: createOptions(spec),
      limit: 'work',
    });
    id = readReply(createReply, reply, daemon.transport.endpoint).Id;
  } catch (error) {
    if (error instanceof DaemonRefusal && error.status === 409) throw await nameTaken(daemon, spec.name, error);
    throw failed(`The container of ${spec.name} could not be created`, error, hintForMounts(error));
  }
  try {
    signal?.throwIfAborted();
    await claimNetwork(daemon, spec.name);
    signal?.throwIfAborted();
    const created = await inspectContainer(daemon, id, signal);
    if (created) return created;
    throw new EngineFailedError(`${spec.name} was removed while it was made`);
  } catch (error) {
    // Not under the caller's signal: what was half made goes even when the caller gave up.
    await removeAll(daemon, { id, name: spec.name }).catch(() => {});
    signal?.throwIfAborted();
    throw failed(`The network of ${spec.name} could not be created`, error);
  }
}

/** A daemon in a virtual machine has only those directories of this machine that are shared with it. */
function hintForMounts(error: unknown): string | undefined {
  const about = error instanceof DaemonRefusal && /bind source path|mounts denied/i.test(error.words);
  return about
    ? 'share the directory of that file with the machine that Docker runs in, or use --engine process'
    : undefined;
}

async function nameTaken(daemon: Daemon, name: string, cause: DaemonRefusal): Promise<InstanceExistsError> {
  const ours = await findInstance(daemon, name).catch(() => undefined);
  const remove = ours ? `kserve-env down --name ${name}` : `docker rm -f ${containerName(name)}`;
  return new InstanceExistsError(name, { cause, hint: `${remove}, or choose another name with --name` });
}

async function removeAll(daemon: Daemon, instance: Pick<Instance, 'id' | 'name'>, signal?: AbortSignal): Promise<void> {
  // Read before: a network made after this belongs to somebody who took the name after us.
  const networks = await findNetworks(daemon, instance.name, signal);
  if (!networks.some(({ Id }) => Id === instance.id)) await removeContainer(daemon, instance.id, signal);
  const others = await listContainers(daemon, `${nameLabel}=${instance.name}`, signal);
  if (others.length > 0) return;
  for (const network of networks) await removeNetwork(daemon, network.Id, signal);
}
