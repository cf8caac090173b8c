/** Elements of a fixed size between wire order, which is little-endian, and this machine's memory. */
import { type ElementsOf, elementSize, type FixedDatatype, viewElements } from '../datatype.js';

const littleEndianHost = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * `count` elements from the bytes that start at `start`: a view of them where their alignment allows it, else a copy.
 * Nothing beyond them is in it, and none of it may be changed.
 */
export function readFixed<D extends FixedDatatype>(
  datatype: D,
  bytes: Uint8Array,
  start: number,
  count: number,
): ElementsOf[D] {
  const size = elementSize[datatype] ?? 1;
  const offset = bytes.byteOffset + start;
  if (littleEndianHost && offset % size === 0) return viewElements(datatype, bytes.buffer, offset, count);
  // A copy of exactly these bytes; an array of zeros to copy into would be filled twice.
  const copy = bytes.buffer.slice(offset, offset + count * size);
  if (!littleEndianHost) swapElements(new Uint8Array(copy), size);
  return viewElements(datatype, copy, 0, count);
}

/** The bytes of elements in wire order: a view of their memory where that is in this order already. */
export function fixedBytes(datatype: FixedDatatype, data: ElementsOf[FixedDatatype]): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (littleEndianHost) return bytes;
  const swapped = bytes.slice();
  swapElements(swapped, elementSize[datatype] ?? 1);
  return swapped;
}

/** Turns every element of `size` bytes around, in place. */
function swapElements(bytes: Uint8Array, size: number): void {
  for (let start = 0; size > 1 && start < bytes.byteLength; start += size) {
    bytes.subarray(start, start + size).reverse();
  }
}
