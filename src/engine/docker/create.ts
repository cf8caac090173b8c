/** Makes a container with its network, or nothing. */
import { access } from 'node:fs/promises';
import {
  EngineFailedError,
  EngineUnreachableError,
  type Instance,
  InstanceExistsError,
  type InstanceSpec,
} from '../engine.js';
import { errorCode } from '../error-code.js';
import { containerName } from '../labels.js';
import { requireNetwork } from '../refusals.js';
import { callDaemon, type Daemon } from './call.js';
import { createOptions } from './create-options.js';
import { DaemonRefusal, failed } from './daemon-errors.js';
import { isInitMissing, isNameTaken, isNetworkMissing } from './dialect.js';
import { findInstance, inspectContainer } from './instances.js';
import { claimNetwork, ensureNetwork } from './networks.js';
import { choosePorts } from './ports.js';
import { removeAll, removeUnusedNetworks } from './removal.js';
import { createReply, readReply } from './replies.js';

/**
 * The container's name is the claim: the daemon gives it to one only. Docker does not promise that for networks, and
 * lets a container name one that is not there before it starts; so the container comes first, and a network without a
 * container is a left-over. Podman wants the network first, and has one of a name: there it is shared by all who try
 * for that name, and goes with the last of them.
 *
 * The requests that make something do not carry the caller's signal: cut off, they go on in the daemon, and what they
 * make a moment later would be nobody's. An abort is obeyed after each of them, when it is known what there is to remove.
 * @throws InstanceExistsError when the name is in use
 */
export async function createInstance(daemon: Daemon, spec: InstanceSpec, signal?: AbortSignal): Promise<Instance> {
  signal?.throwIfAborted();
  requireNetwork(daemon.kind, spec.network);
  if (daemon.elsewhere)
    throw new EngineFailedError(`The daemon at ${daemon.transport.endpoint} publishes ports on its own 127.0.0.1`, {
      hint: 'set DOCKER_HOST=ssh://user@host, which brings the ports here, or use --engine process',
    });
  if (daemon.kind === 'podman') await refuseMissing(daemon, spec);
  let made: CreatedContainer;
  try {
    made = await createContainer(daemon, { ...spec, ports: await choosePorts(daemon, spec.ports, signal) });
  } catch (error) {
    if (isNameTaken(error)) throw await nameTaken(daemon, spec.name, error);
    throw failed(`The container of ${spec.name} could not be created`, error, hintForMounts(error));
  }
  try {
    signal?.throwIfAborted();
    if (!made.withNetwork) await claimNetwork(daemon, spec);
    signal?.throwIfAborted();
    const created = await inspectContainer(daemon, made.id, signal);
    if (created) return created;
    throw new EngineFailedError(`${spec.name} was removed while it was made`);
  } catch (error) {
    // Not under the caller's signal: what was half made goes even when the caller gave up. But a daemon that does not
    // answer is not waited for a second time.
    const hurry = error instanceof EngineUnreachableError ? AbortSignal.timeout(hurryMs) : undefined;
    await removeAll(daemon, { id: made.id, name: spec.name }, hurry).catch(() => {});
    signal?.throwIfAborted();
    throw failed(`The network of ${spec.name} could not be created`, error);
  }
}

/** Podman makes a directory in place of what is not there, which Docker refuses. */
async function refuseMissing({ transport }: Daemon, { name, files = [] }: InstanceSpec): Promise<void> {
  // Files of another machine are nothing that could be looked at here.
  if (!/^(unix|npipe):/.test(transport.endpoint)) return;
  for (const { source } of files) {
    const code = await access(source).catch(errorCode);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') continue;
    throw new EngineFailedError(`The container of ${name} could not be created: ${source} does not exist`);
  }
}

/** How long a daemon that did not answer may take to remove what was half made, in milliseconds. */
const hurryMs = 1_000;

interface CreatedContainer {
  id: string;
  /** Its network had to be there before it. */
  withNetwork: boolean;
}

/** So often the network may be taken away by others who gave up on the name, before it is given up here. */
const mostNetworks = 8;

async function createContainer(daemon: Daemon, spec: InstanceSpec): Promise<CreatedContainer> {
  const body = createOptions(spec, daemon.kind);
  let networks = 0;
  while (true) {
    try {
      const id = await postContainer(daemon, spec.name, body);
      // With Podman it is there in any case, if not by us, then by somebody else who tries for the name.
      return { id, withNetwork: networks > 0 || daemon.kind === 'podman' };
    } catch (error) {
      if (isInitMissing(error) && body.HostConfig.Init) {
        // The server handles its signals and leaves no children, so it can be the first process itself.
        body.HostConfig.Init = false;
      } else if (isNetworkMissing(error) && networks < mostNetworks) {
        networks += 1;
        await ensureNetwork(daemon, spec.name);
      } else {
        if (networks > 0) await removeUnusedNetworks(daemon, spec.name).catch(() => {});
        throw error;
      }
    }
  }
}

async function postContainer(daemon: Daemon, name: string, body: object): Promise<string> {
  const reply = await callDaemon(daemon, {
    method: 'POST',
    path: '/containers/create',
    query: { name: containerName(name) },
    body,
    limit: 'work',
  });
  return readReply(createReply, reply, daemon.transport.endpoint).Id;
}

/** A daemon in a virtual machine has only those directories of this machine that are shared with it. */
function hintForMounts(error: unknown): string | undefined {
  const about = error instanceof DaemonRefusal && /bind source path|mounts denied/i.test(error.words);
  return about
    ? 'share the directory of that file with the machine that the daemon runs in, or use --engine process'
    : undefined;
}

async function nameTaken(daemon: Daemon, name: string, cause: DaemonRefusal): Promise<InstanceExistsError> {
  const ours = await findInstance(daemon, name).catch(() => undefined);
  const remove = ours ? `kserve-env down --name ${name}` : `${daemon.kind} rm -f ${containerName(name)}`;
  return new InstanceExistsError(name, { cause, hint: `${remove}, or choose another name with --name` });
}
