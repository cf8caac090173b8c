/** How much of a memory limit the JavaScript heap may take. */

/** What Node needs beside its heap: code, stacks, buffers of sockets, in MiB. */
const outsideHeapMiB = 96;

/**
 * V8 does not read the limit of a container: it takes its own from the machine's memory, and is killed at the
 * container's. So the heap gets three quarters of the limit, and less where the rest would not hold Node itself.
 * @returns the value for `--max-old-space-size`, in MiB
 */
export function oldSpaceMiB(memoryMiB: number): number {
  return Math.max(32, Math.min(Math.floor(memoryMiB * 0.75), memoryMiB - outsideHeapMiB));
}
