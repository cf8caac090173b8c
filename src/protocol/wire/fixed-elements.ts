/** Elements of a fixed size between wire order, which is little-endian, and this machine's memory. */
import { datatypes, type ElementsOf, elementSize, type FixedDatatype, viewElements } from '../datatype.js';

/** How this machine keeps numbers; the wire has their lowest byte first. */
export const littleEndianHost = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * V8 keeps a typed array of up to 64 bytes on its heap, without an ArrayBuffer, which costs more than all else in a
 * message of one element. So small arrays go through this memory: nothing is in it between one call and the next.
 */
const small = 64;
const scratch = new ArrayBuffer(small);
const scratchBytes = new Uint8Array(scratch);
const scratchOf = Object.fromEntries(
  datatypes.flatMap((datatype) => {
    if (datatype === 'BYTES') return [];
    return [[datatype, viewElements(datatype, scratch, 0, small / (elementSize[datatype] ?? 1))]];
  }),
) as unknown as ElementsOf;

/**
 * `count` elements from the bytes that start at `start`: a view of them where their alignment allows it, or where they
 * can be moved to; else a copy. Nothing beyond them is in it, and none of it may be changed.
 * @param room bytes in front of `start` that nobody needs any more: they may be written over
 */
export function readFixed<D extends FixedDatatype>(
  datatype: D,
  bytes: Uint8Array,
  start: number,
  count: number,
  room = 0,
): ElementsOf[D] {
  const size = elementSize[datatype] ?? 1;
  const length = count * size;
  const offset = bytes.byteOffset + start;
  if (littleEndianHost && offset % size === 0) return viewElements(datatype, bytes.buffer, offset, count);
  if (length <= small) {
    for (let index = 0; index < length; index++) scratchBytes[index] = bytes[start + index] as number;
    if (!littleEndianHost) swapElements(scratchBytes.subarray(0, length), size);
    return scratchOf[datatype].slice(0, count) as ElementsOf[D];
  }
  // Moved to the left a little: memory of its own is dear, most of all to the garbage collector.
  const shift = offset % size;
  if (littleEndianHost && shift <= room) {
    new Uint8Array(bytes.buffer, offset - shift, length + shift).copyWithin(0, shift);
    return viewElements(datatype, bytes.buffer, offset - shift, count);
  }
  // A copy of exactly these bytes; an array of zeros to copy into would be filled twice.
  const copy = bytes.buffer.slice(offset, offset + length);
  if (!littleEndianHost) swapElements(new Uint8Array(copy), size);
  return viewElements(datatype, copy, 0, count);
}

/** Writes elements in wire order into `bytes`, bit by bit, from `start` on. Returns the position after them. */
export function writeFixed<D extends FixedDatatype>(
  datatype: D,
  data: ElementsOf[D],
  bytes: Uint8Array,
  start: number,
): number {
  const end = start + data.byteLength;
  if (data.byteLength <= small) {
    (scratchOf[datatype] as { set(elements: ElementsOf[D]): void }).set(data);
    if (!littleEndianHost) swapElements(scratchBytes.subarray(0, data.byteLength), elementSize[datatype] ?? 1);
    for (let index = 0; index < data.byteLength; index++) bytes[start + index] = scratchBytes[index] as number;
  } else bytes.set(fixedBytes(datatype, data), start);
  return end;
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
