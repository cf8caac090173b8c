/** Finds out whether a Docker daemon answers. */
import type { Engine } from '../engine.js';
import { dockerEngine } from './docker-engine.js';

/**
 * An engine whose daemon just answered.
 * @param probeMs longest wait for that answer, in milliseconds
 * @throws EngineUnreachableError when it does not answer; EngineFailedError when something else does
 */
export async function answers(socketPath: string, probeMs: number, signal?: AbortSignal): Promise<Engine> {
  const probing = dockerEngine({ socketPath, limits: { callMs: probeMs } });
  try {
    const { kind } = await probing.info(signal);
    return dockerEngine({ socketPath, kind: kind === 'podman' ? kind : 'docker' });
  } finally {
    await probing[Symbol.asyncDispose]();
  }
}
