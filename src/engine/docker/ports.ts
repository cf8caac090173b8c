/** Who has a host port: containers of this daemon, and what the daemon says when it cannot publish one. */
import { EngineUnreachableError, type PortHolder, PortTakenError } from '../engine.js';
import { nameLabel } from '../labels.js';
import { findPortHolder } from '../port-check.js';
import { callDaemon, type Daemon } from './call.js';
import { DaemonRefusal } from './daemon-errors.js';
import { containerListReply, readReply } from './replies.js';

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

/** The port is taken in any case; that its holder could not be found must not hide it. */
function unknownHolder(error: unknown): undefined {
  if (error instanceof EngineUnreachableError || error instanceof DaemonRefusal) return undefined;
  throw error;
}
