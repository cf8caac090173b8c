/** How many workers a server has, and how much memory each. */
import { availableParallelism } from 'node:os';
import type { ServerConfig } from '../../models/server-config.js';

const mebibyte = 1024 * 1024;

/** What V8 counts to its heap limit beside the old space: the young generation, at its usual size, in MiB. */
const youngGenerationMiB = 48;

/** Least old space that a server runs in, in MiB. */
const leastMiB = 32;

/** `auto` is one for each CPU that this process may use. */
export function workerCount({ workers }: Pick<ServerConfig, 'workers'>): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

/**
 * Each worker's share of what this process was given for its JavaScript heap: the memory is bounded for all together.
 * @param heapLimit V8's limit in this process, in bytes
 * @returns the value for `--max-old-space-size`, in MiB
 */
export function oldSpaceShareMiB(heapLimit: number, workers: number): number {
  return Math.max(leastMiB, Math.floor((heapLimit / mebibyte - youngGenerationMiB) / workers));
}
