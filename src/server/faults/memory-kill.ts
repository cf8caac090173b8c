/** The end of a server by the kernel, for want of memory; or by its own hand where the kernel would take its time. */
import { writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { Logger } from '../telemetry/logger.js';

const mebibyte = 1024 * 1024;
/** What is taken at a time, in bytes. */
const chunkBytes = 16 * mebibyte;

/** Memory, as far as it bounds a process. Both in bytes. */
export interface MemoryBounds {
  /** What the control group allows; 0, or more than there is, where it allows everything. */
  allowed: number;
  /** What the machine has. */
  total: number;
}

/** What a process may take before it alone is killed, in bytes; undefined where the whole machine would suffer. */
export function memoryBound({ allowed, total }: MemoryBounds): number | undefined {
  return allowed > 0 && allowed < total ? allowed : undefined;
}

/**
 * Takes memory until the kernel kills this process, of a container that has a bound on it. A process without a bound, or
 * that is not killed when it has taken as much as it may, gets the same signal from itself.
 */
export function dieOfMemory(log: Logger, bounds: MemoryBounds = boundsOfProcess()): void {
  const bound = memoryBound(bounds);
  if (bound === undefined) {
    log.announce('the memory of this process has no bound: it kills itself');
    process.kill(process.pid, 'SIGKILL');
    return;
  }
  log.announce('memory is taken until the kernel kills this process', { boundMiB: Math.floor(bound / mebibyte) });
  // Of all that share the bound, this is the process to be killed.
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Then it is the one that has most, which this is soon enough.
  }
  const taken: Buffer[] = [];
  const take = (): void => {
    // More than the bound is to be had only where some of it is put elsewhere, such as on a swap device.
    if (taken.length * chunkBytes > bound || !grow(taken)) {
      log.announce('the kernel does not kill this process: it kills itself');
      process.kill(process.pid, 'SIGKILL');
    } else setImmediate(take);
  };
  take();
}

/** Whether there was more to be had: `ulimit -v` lets allocations fail. */
function grow(taken: Buffer[]): boolean {
  try {
    // Written to, or the kernel would not count it.
    taken.push(Buffer.alloc(chunkBytes, 1));
    return true;
  } catch {
    return false;
  }
}

function boundsOfProcess(): MemoryBounds {
  return { allowed: process.constrainedMemory(), total: totalmem() };
}
