/** Finds out whether a daemon answers. */
import type { Way } from '../daemon-url.js';
import type { Engine } from '../engine.js';
import { dockerEngine } from './docker-engine.js';
import { socketTransport, type Transport, tcpTransport } from './transport.js';

/** A daemon to try. */
export interface Trial {
  way: Way;
  /** Name of the program that is expected at the other end of an ssh connection. */
  expected: 'docker' | 'podman';
  /** Variables of this process, for programs that it starts. */
  env: Readonly<Record<string, string | undefined>>;
  /** Longest wait for the answer, in milliseconds. */
  probeMs: number;
}

/**
 * An engine whose daemon just answered, and said what it is.
 * @throws EngineUnreachableError when it does not answer; EngineFailedError when something else does
 */
export async function reach(trial: Trial, signal?: AbortSignal): Promise<Engine> {
  const transport = await transportOf(trial);
  const probing = dockerEngine({ transport, limits: { callMs: trial.probeMs } });
  try {
    const { kind } = await probing.info(signal);
    return dockerEngine({ transport, kind: kind === 'podman' ? kind : 'docker' });
  } catch (error) {
    await probing[Symbol.asyncDispose]();
    throw error;
  }
}

async function transportOf({ way, expected, env }: Trial): Promise<Transport> {
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
      return sshTransport({ target: way, program: expected, env });
    }
  }
}
