/** Host ports: which to take, who has one, and what the daemon says when it cannot publish one. */
import { randomInt } from 'node:crypto';
import {
  EngineUnreachableError,
  type InstanceSpec,
  type PortHolder,
  type PortRequest,
  PortTakenError,
} from '../engine.js';
import { nameLabel } from '../labels.js';
import { assertPortFree, findPortHolder, isPortFree } from '../port-check.js';
import { callDaemon, type Daemon } from './call.js';
import { DaemonRefusal } from './daemon-errors.js';
import { type ContainerReply, containerListReply, readReply } from './replies.js';

/**
 * Above what services are given by custom, and below what any system gives to outgoing connections (Linux from 32,768 on)
 * or Kubernetes to its nodes (from 30,000 on): a client that tries again and again does not take the port of a server
 * that is away for a moment.
 */
const firstPort = 20_000;
const lastPort = 29_999;
const mostTries = 50;

/**
 * Ports in place of `auto`. Docker would give others at each start, and whenever a container comes back into its network;
 * what is asked for by number stays. They may be taken a moment later, which the start tells. Podman holds on to its own.
 */
export async function choosePorts(
  daemon: Daemon,
  { grpc, http }: InstanceSpec['ports'],
  signal?: AbortSignal,
): Promise<InstanceSpec['ports']> {
  if (daemon.kind === 'podman') return { grpc, http };
  const chosenGrpc = grpc === 'auto' ? await choosePort([http], signal) : grpc;
  return { grpc: chosenGrpc, http: http === 'auto' ? await choosePort([chosenGrpc], signal) : http };
}

async function choosePort(others: PortRequest[], signal?: AbortSignal): Promise<PortRequest> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const port = randomInt(firstPort, lastPort + 1);
    if (!others.includes(port) && (await isPortFree(port, signal))) return port;
  }
  return 'auto';
}

/** The running container that publishes this TCP port, in any address, with the command that ends it. */
export async function holderAmongContainers(
  daemon: Daemon,
  port: number,
  signal?: AbortSignal,
): Promise<PortHolder | undefined> {
  const reply = await callDaemon(daemon, { method: 'GET', path: '/containers/json', signal });
  const holder = readReply(containerListReply, reply, daemon.transport.endpoint).find(({ Ports }) =>
    Ports?.some(({ PublicPort, Type }) => PublicPort === port && Type === 'tcp'),
  );
  if (!holder) return undefined;
  const environment = holder.Labels[nameLabel];
  if (environment !== undefined) {
    const freeWith = `kserve-env down --name ${environment}`;
    return { description: `the environment ${environment}`, freeWith };
  }
  const name = holder.Names[0]?.replace(/^\//, '') ?? holder.Id.slice(0, 12);
  return { description: `container ${name}`, freeWith: `${daemon.kind} stop ${name}` };
}

/** `Bind for 127.0.0.1:9081 failed: port is already allocated`, `listen tcp4 127.0.0.1:9081: bind: address already in use` */
const taken = /:(\d{1,5})(?: failed)?: (?:port is already allocated|bind: address already in use|.*already in use)/;

/** The refusal of a start as the port that caused it, or undefined when something else did. */
export async function portErrorOf(daemon: Daemon, error: unknown): Promise<PortTakenError | undefined> {
  const match = error instanceof DaemonRefusal ? taken.exec(error.words) : undefined;
  if (!match) return undefined;
  const port = Number(match[1]);
  const holder = (await holderAmongContainers(daemon, port).catch(unknownHolder)) ?? (await findPortHolder(port));
  return new PortTakenError(port, holder, { cause: error });
}

/**
 * Looks at the ports of a container of this machine before the daemon publishes them. Podman keeps those that it opened
 * before it met one that is taken, for minutes, even when the container is removed; Docker leaves a container that comes
 * back into its network half in it, until it starts again. So they should not meet one.
 * @throws PortTakenError
 */
export async function requireFreePorts(
  daemon: Daemon,
  { HostConfig }: ContainerReply,
  signal?: AbortSignal,
): Promise<void> {
  if (!/^(unix|npipe):/.test(daemon.transport.endpoint)) return;
  for (const [binding] of Object.values(HostConfig?.PortBindings ?? {}).map((all) => all ?? [])) {
    const port = Number(binding?.HostPort);
    if (!port) continue;
    try {
      await assertPortFree(port, signal);
    } catch (error) {
      signal?.throwIfAborted();
      // Whether this user may listen there does not matter: the daemon is the one who does.
      if (!(error instanceof PortTakenError)) continue;
      const holder = await holderAmongContainers(daemon, port, signal).catch(unknownHolder);
      throw holder === undefined ? error : new PortTakenError(port, holder, { cause: error });
    }
  }
}

/** The port is taken in any case; that its holder could not be found must not hide it. */
function unknownHolder(error: unknown): undefined {
  if (error instanceof EngineUnreachableError || error instanceof DaemonRefusal) return undefined;
  throw error;
}
