/** The Docker adapter of the engine port: one environment is one container in one network of its own. */
import { setMaxListeners } from 'node:events';
import { type Engine, EngineFailedError, type EngineInfo } from '../engine.js';
import { callDaemon, type Daemon, type DaemonLimits, defaultLimits } from './call.js';
import { askInContainer } from './control.js';
import { createInstance } from './create.js';
import { failed } from './daemon-errors.js';
import { dockerExits } from './exits.js';
import { disconnectContainer, killContainer, pauseContainer, reconnectContainer, unpauseContainer } from './hands.js';
import { daemonHost } from './host.js';
import { dockerImages } from './images.js';
import { findInstance, inspectContainer, listInstances, readContainer, whileExists } from './instances.js';
import { containerLogs } from './logs.js';
import { holderAmongContainers, portErrorOf, requireFreePorts } from './ports.js';
import { removeAll } from './removal.js';
import { readReply, versionReply } from './replies.js';
import { socketTransport, type Transport } from './transport.js';
import { containerUsage } from './usage.js';

export type DockerEngineOptions = DaemonOptions &
  ({ socketPath: string } | { /** Closed with the engine. */ transport: Transport });

interface DaemonOptions {
  /** It publishes ports on another machine, where nothing from here reaches them. */
  elsewhere?: boolean;
  /** What the daemon said it is, by `info`; Docker unless given. */
  kind?: Daemon['kind'];
  /** For tests; the port's ten seconds by default. */
  limits?: Partial<DaemonLimits>;
}

/** Connects on the first call; nothing is asked here. */
export function dockerEngine(options: DockerEngineOptions): Engine {
  const closing = new AbortController();
  // Every call under way listens to it.
  setMaxListeners(0, closing.signal);
  const daemon: Daemon = {
    kind: options.kind ?? 'docker',
    elsewhere: options.elsewhere ?? false,
    transport: 'transport' in options ? options.transport : socketTransport(options.socketPath),
    limits: { ...defaultLimits, ...options.limits },
    closed: closing.signal,
  };
  const { endpoint } = daemon.transport;
  const exits = dockerExits(daemon);
  let known: EngineInfo | undefined;

  /** Calls whose refusals have no meaning of their own. */
  const command = async <T>(what: string, call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw failed(what, error);
    }
  };

  return {
    kind: daemon.kind,
    endpoint,
    images: dockerImages(daemon),

    async info(signal) {
      signal?.throwIfAborted();
      // Asked once: it does not change, and a daemon runs other programs for it.
      if (known !== undefined) return known;
      const reply = await callDaemon(daemon, { method: 'GET', path: '/version', signal }).catch((error: unknown) => {
        throw failed('The daemon does not tell its version', error);
      });
      known = engineInfo(readReply(versionReply, reply, endpoint), endpoint);
      return known;
    },

    async host(signal) {
      return await command('The daemon does not tell of its machine', daemonHost(daemon, signal));
    },

    async inspect(name, signal) {
      return await command(`${name} could not be looked for`, findInstance(daemon, name, signal));
    },

    async list(signal) {
      return await command('The environments could not be listed', listInstances(daemon, signal));
    },

    async create(spec, signal) {
      return await createInstance(daemon, spec, signal);
    },

    async start(instance, signal) {
      // An exit that somebody waits for must not pass before the daemon knows that it is waited for.
      await exits.armed(instance.id, signal);
      if (daemon.kind === 'podman') await requireFreePortsOf(daemon, instance.id, signal);
      try {
        await callDaemon(daemon, { method: 'POST', path: `/containers/${instance.id}/start`, limit: 'work', signal });
      } catch (error) {
        throw (await portErrorOf(daemon, error)) ?? failed(`${instance.name} could not be started`, error);
      }
      const look = inspectContainer(daemon, instance.id, signal);
      const started = await command(`${instance.name} was started, and could not be looked at`, look);
      if (started) return started;
      throw new EngineFailedError(`${instance.name} was removed while it started`);
    },

    async waitForExit(instance, signal) {
      return await command(`The end of ${instance.name} could not be waited for`, exits.wait(instance.id, signal));
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

    async control(instance, request, signal) {
      return await askInContainer(daemon, instance, request, signal);
    },

    async pause(instance, signal) {
      await command(`${instance.name} could not be paused`, pauseContainer(daemon, instance, signal));
    },

    async unpause(instance, signal) {
      await command(`${instance.name} could not be let go on`, unpauseContainer(daemon, instance, signal));
    },

    async kill(instance, signal) {
      await command(`${instance.name} could not be killed`, killContainer(daemon, instance, signal));
    },

    async disconnect(instance, signal) {
      const what = `${instance.name} could not be cut off from its network`;
      await command(what, disconnectContainer(daemon, instance, signal));
    },

    async reconnect(instance, signal) {
      try {
        await reconnectContainer(daemon, instance, signal);
      } catch (error) {
        const what = `${instance.name} could not be put back into its network`;
        throw (await portErrorOf(daemon, error)) ?? failed(what, error);
      }
    },

    async usage(instance, signal) {
      const what = `The daemon does not tell what ${instance.name} uses`;
      return await command(what, containerUsage(daemon, instance.id, signal));
    },

    async portHolder(port, signal) {
      return await command(`Nobody tells who has port ${port}`, holderAmongContainers(daemon, port, signal));
    },

    async [Symbol.asyncDispose]() {
      closing.abort(new EngineFailedError('The connection to the daemon was closed'));
      daemon.transport.close?.();
    },
  };
}

/** Before it starts. */
async function requireFreePortsOf(daemon: Daemon, id: string, signal?: AbortSignal): Promise<void> {
  const container = await readContainer(daemon, id, signal);
  const up = container?.State.Status === 'running' || container?.State.Status === 'paused';
  if (container !== undefined && !up) await requireFreePorts(daemon, container, signal);
}

/** Docker and Podman answer to the same calls, and say in their version who they are. */
function engineInfo(version: ReturnType<typeof versionReply.parse>, endpoint: string) {
  const podman = version.Components?.find(({ Name }) => Name === 'Podman Engine');
  const title = podman ? `Podman ${podman.Version}` : `Docker ${version.Version.split('+')[0]}`;
  const kind = podman ? ('podman' as const) : ('docker' as const);
  return { kind, title, endpoint, os: version.Os, architecture: version.Arch } satisfies EngineInfo;
}
