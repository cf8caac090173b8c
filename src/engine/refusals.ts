/** What engines refuse in the same words, whatever runs the server. */
import {
  EngineCannotError,
  EngineFailedError,
  type EngineKind,
  engineNames,
  type InstanceState,
  type NetworkMode,
} from './engine.js';

/**
 * Only Docker can keep a server from reaching out whose ports are published.
 * @throws EngineCannotError
 */
export function requireNetwork(kind: EngineKind, network: NetworkMode | undefined): void {
  if (network !== 'isolated' || kind === 'docker') return;
  const why =
    kind === 'process'
      ? 'a process shares the network of this machine'
      : 'Podman publishes no ports of a network that has no way out';
  throw new EngineCannotError(`network: isolated cannot be had with ${engineNames[kind]}: ${why}`, {
    hint: 'use --engine docker, or network: bridge',
  });
}

/** What is to be done takes a running server, and this one is in another state; undefined where there is none. */
export function notRunning(name: string, state: InstanceState | undefined): EngineFailedError {
  const back = state === 'exited' || state === 'paused';
  return new EngineFailedError(`${name} does not run: it is ${state ?? 'gone'}`, {
    hint: back ? `kserve-env fault clear --name ${name}` : `kserve-env up --name ${name}`,
    details: { state: state ?? null },
  });
}

/** The server was asked by its control socket, and gave no answer. */
export function noControlAnswer(name: string, why: string, cause?: unknown): EngineFailedError {
  return new EngineFailedError(`${name} cannot be asked by its control socket: ${why}`, {
    hint: `kserve-env logs --name ${name}`,
    retryable: true,
    ...(cause !== undefined && { cause }),
  });
}
