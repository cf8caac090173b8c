/** The bytes of an answer as faults have them come out: more of them, slowly, or not to their end. */
import { type CallLife, waited } from './call-life.js';

/** Milliseconds between two pieces of a slow answer, unless not even a byte is due. */
const tickMs = 50;

/** Bytes of one write of what is made up. */
const fillBytes = 64 * 1024;

/** So many bytes of one value, in pieces that take no memory of their own. */
export function* filled(value: number, count: number): Generator<Buffer> {
  const fill = Buffer.alloc(Math.min(count, fillBytes), value);
  for (let left = count; left > 0; left -= fill.byteLength)
    yield left < fill.byteLength ? fill.subarray(0, left) : fill;
}

/** The first `count` bytes of the pieces. */
export function* firstOf(pieces: Iterable<Buffer>, count: number): Generator<Buffer> {
  let left = count;
  for (const piece of pieces) {
    if (left <= 0) return;
    yield left < piece.byteLength ? piece.subarray(0, left) : piece;
    left -= piece.byteLength;
  }
}

/** Bytes that may have been written after so many milliseconds; one at the first moment. */
export function bytesDue(rate: number, elapsedMs: number): number {
  return 1 + Math.floor((elapsedMs * rate) / 1000);
}

/**
 * Writes pieces one after the other, at most `rate` bytes a second where there is one. Comes to false where the call ended
 * before all was written.
 */
export async function writePieces(
  pieces: Iterable<Buffer>,
  rate: number | undefined,
  life: CallLife,
  write: (piece: Buffer, written: () => void) => void,
): Promise<boolean> {
  const put = (piece: Buffer): Promise<void> =>
    new Promise((resolve) => {
      // What is written to a call that ends is never taken.
      const forget = life.onEnd(resolve);
      write(piece, () => {
        forget();
        resolve();
      });
    });
  const begun = performance.now();
  let sent = 0;
  for (const piece of pieces) {
    for (let rest = piece; rest.byteLength > 0; ) {
      if (life.ended) return false;
      const count = rate === undefined ? rest.byteLength : bytesDue(rate, performance.now() - begun) - sent;
      if (count > 0) {
        const part = rest.subarray(0, count);
        await put(part);
        sent += part.byteLength;
        rest = rest.subarray(part.byteLength);
      } else if (!(await waited(life, Math.max(tickMs, 1000 / (rate ?? 1))))) return false;
    }
  }
  return !life.ended;
}
