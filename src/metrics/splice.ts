/** Puts what is new into the bytes of the input, and shows that the rest is as it was. */
import type { Edit, Metric } from './otlp-document.js';

/** The input with its edits, which do not overlap and are in the order of the input. */
export function splice(input: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const { start, end, bytes } of edits) {
    pieces.push(input.subarray(position, start), bytes);
    position = end;
  }
  pieces.push(input.subarray(position));
  return Buffer.concat(pieces);
}

/** Whether every metric of the input stands in the output byte for byte, in the same order. */
export function metricsUnchanged(
  input: Uint8Array,
  output: Uint8Array,
  metrics: readonly Metric[],
  edits: readonly Edit[],
): boolean {
  let moved = 0;
  let next = 0;
  return metrics.every(({ start, end }) => {
    for (let edit = edits[next]; edit !== undefined && edit.end <= start; edit = edits[++next]) {
      moved += edit.bytes.byteLength - (edit.end - edit.start);
    }
    const before = Buffer.from(input.buffer, input.byteOffset + start, end - start);
    return before.equals(output.subarray(start + moved, end + moved));
  });
}
