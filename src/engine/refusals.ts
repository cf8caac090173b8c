/** What engines refuse in the same words, whatever runs the server. */
import { EngineFailedError, type InstanceState } from './engine.js';

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
