/** Finds out whether a daemon answers. */
import { isThisMachine, type Way } from '../daemon-url.js';
import { type Engine, EngineFailedError } from '../engine.js';
import { openStateDir, type StateDirContext } from '../process/state-dir.js';
import { type Daemon, defaultLimits, openAnswer } from './call.js';
import { failed } from './daemon-errors.js';
import { dockerEngine } from './docker-engine.js';
import { socketTransport, type Transport, tcpTransport } from './transport.js';

/** A daemon to try. */
export interface Trial {
  way: Way;
  /** Name of the program that is expected at the other end of an ssh connection. */
  expected: 'docker' | 'podman';
  /** What the daemon publishes cannot be reached from here: then nothing is made in it. */
  elsewhere?: boolean;
  /** Of this process: variables for programs that it starts, and where it may keep something. */
  context: StateDirContext;
  /** Longest wait for the answer, in milliseconds. */
  probeMs: number;
}

/**
 * An engine whose daemon just answered, and said what it is.
 * @throws EngineUnreachableError when it does not answer; EngineFailedError when something else does
 */
export async function reach(trial: Trial, signal?: AbortSignal): Promise<Engine> {
  const transport = await transportOf(trial);
  const elsewhere = trial.elsewhere ?? false;
  try {
    const kind = await kindOf(transport, trial.probeMs, signal);
    return await withWayBack(dockerEngine({ transport, elsewhere, kind }), trial);
  } catch (error) {
    transport.close?.();
    throw failed('The daemon refuses a ping', error);
  }
}

/** What a daemon is, by the head of its answer to a ping: to tell its version it takes twenty times as long. */
async function kindOf(transport: Transport, callMs: number, signal?: AbortSignal): Promise<Daemon['kind']> {
  const limits = { ...defaultLimits, callMs };
  const daemon: Daemon = { kind: 'docker', elsewhere: false, transport, limits, closed: new AbortController().signal };
  const { headers, close } = await openAnswer(daemon, { method: 'GET', path: '/_ping', signal });
  close();
  if (headers['libpod-api-version'] !== undefined) return 'podman';
  if (headers['api-version'] !== undefined) return 'docker';
  throw new EngineFailedError(`What answers at ${transport.endpoint} is no container engine`);
}

/** Who reaches a daemon of another machine by ssh has its servers come to this machine by ssh, too. */
async function withWayBack(engine: Engine, { way, expected, context }: Trial): Promise<Engine> {
  if (way.kind !== 'ssh' || isThisMachine(way.host)) return engine;
  const { withTunnels } = await import('./tunnel.js');
  return withTunnels(engine, { target: way, program: expected, env: context.env, directory: openStateDir(context) });
}

async function transportOf({ way, expected, context }: Trial): Promise<Transport> {
  switch (way.kind) {
    case 'socket':
      return socketTransport(way.path);
    case 'tcp': {
      if (way.tls === undefined) return tcpTransport(way.host, way.port);
      const { tlsTransport } = await import('./tls.js');
      return await tlsTransport(way.host, way.port, way.tls);
    }
    case 'ssh': {
      const { sshTransport } = await import('./ssh.js');
      return sshTransport({ target: way, program: expected, env: context.env });
    }
  }
}
