/**
 * How far V8 lets the heap grow before it collects all of it. What lives in a server is little, and what passes through is
 * much: left to itself, V8 collects everything every few requests, since it counts the memory of messages, too. At 100,000
 * elements that took longer than the requests. The bound stays that of --max-old-space-size.
 */
import { setFlagsFromString } from 'node:v8';

/** Percent of what was alive after the last full collection: as little as keeps most of the gain. */
const usualPercent = 150;
/** Once messages are large: room for several of them between two collections. */
const largePercent = 400;
const largeMessageBytes = 256 * 1024;

let tuned = false;
let large = false;

const growBy = (percent: number): void => setFlagsFromString(`--heap-growing-percent=${percent}`);

/** For a process that is a server and nothing else. */
export function tuneHeap(): void {
  tuned = true;
  growBy(usualPercent);
}

/** Says that a message of so many bytes was answered. Does nothing in a process that is not tuned. */
export function noteMessageSize(bytes: number): void {
  if (bytes < largeMessageBytes || large || !tuned) return;
  large = true;
  growBy(largePercent);
}
