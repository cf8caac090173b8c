/** Packed varints, between their bytes and typed arrays of a size that is counted first. */
import type { ElementsOf } from '../datatype.js';
import { littleEndianHost } from './fixed-elements.js';
import { malformed, maxVarintBytes } from './wire-reader.js';
import { varint32Size, varint64Size } from './wire-writer.js';

/** Elements that are written as varints. */
export type VarintElements =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Where the lower word of a 64-bit element stands in this machine's memory. */
const lowWord = littleEndianHost ? 0 : 1;

/** The 32-bit words of 64-bit elements, in the order of this machine. */
function wordsOf(elements: BigInt64Array | BigUint64Array): Uint32Array {
  return new Uint32Array(elements.buffer, elements.byteOffset, elements.length * 2);
}

/** An array as varints are read into it: bool as 0 and 1, 32-bit elements as they are, 64-bit ones as their words. */
export type VarintTarget =
  | { kind: 'bool'; elements: Uint8Array }
  | { kind: 'narrow'; elements: Int32Array | Uint32Array }
  | { kind: 'wide'; elements: Uint32Array };

/** Arrays of the fields that hold varints. */
export type VarintArray = ElementsOf['BOOL' | 'INT32' | 'INT64' | 'UINT32' | 'UINT64'];

/** How to read into `elements`: a Uint8Array holds bools. */
export function varintTarget(elements: VarintArray): VarintTarget {
  if (elements instanceof Uint8Array) return { kind: 'bool', elements };
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    return { kind: 'wide', elements: wordsOf(elements) };
  }
  return { kind: 'narrow', elements };
}

/** Number of varints in a part of `bytes`. Throws RangeError where one is too long or does not end. */
export function countVarints(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  let first = start;
  for (let position = start; position < end; position++) {
    if ((bytes[position] as number) < 0x80) {
      if (position - first >= maxVarintBytes) throw malformed('a varint of more than ten bytes');
      first = position + 1;
      count++;
    }
  }
  if (first !== end) throw malformed('a packed field that ends in the middle of a varint');
  return count;
}

/** Reads the varints of a part that `countVarints` has counted, from element `index` on. Returns the next index. */
export function readVarints(
  bytes: Uint8Array,
  start: number,
  end: number,
  { kind, elements }: VarintTarget,
  index: number,
): number {
  let next = index;
  let position = start;
  while (position < end) {
    let byte = bytes[position++] as number;
    let low = byte & 0x7f;
    let high = 0;
    for (let group = 1; byte > 0x7f; group++) {
      byte = bytes[position++] as number;
      const bits = byte & 0x7f;
      if (group < 4) low |= bits << (7 * group);
      else if (group === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * group - 32);
    }
    if (kind === 'narrow') elements[next] = low;
    else if (kind === 'bool') elements[next] = (low | high) === 0 ? 0 : 1;
    else {
      elements[next * 2 + lowWord] = low;
      elements[next * 2 + 1 - lowWord] = high;
    }
    next++;
  }
  return next;
}

/** Bytes of all elements as varints; a negative one takes ten, whatever its width. */
export function varintsSize(elements: VarintElements): number {
  let size = 0;
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    const words = wordsOf(elements);
    for (let index = 0; index < words.length; index += 2) {
      size += varint64Size(words[index + lowWord] as number, words[index + 1 - lowWord] as number);
    }
    return size;
  }
  for (let index = 0; index < elements.length; index++) {
    const value = elements[index] as number;
    size += value < 0 ? maxVarintBytes : varint32Size(value);
  }
  return size;
}

/** Writes what `varintsSize` has measured into `bytes`, and returns the position after it. */
export function writeVarints(elements: VarintElements, bytes: Uint8Array, start: number): number {
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    return writeWords(wordsOf(elements), bytes, start);
  }
  let position = start;
  for (let index = 0; index < elements.length; index++) {
    const value = elements[index] as number;
    let rest = value;
    if (value < 0) {
      // A negative int32 travels as the int64 of the same value: its upper bits are all ones.
      bytes[position++] = value | 0x80;
      bytes[position++] = (value >> 7) | 0x80;
      bytes[position++] = (value >> 14) | 0x80;
      bytes[position++] = (value >> 21) | 0x80;
      bytes[position++] = (value >> 28) | 0x80;
      for (let ones = 0; ones < 4; ones++) bytes[position++] = 0xff;
      rest = 1;
    }
    while (rest > 0x7f) {
      bytes[position++] = rest | 0x80;
      rest >>>= 7;
    }
    bytes[position++] = rest;
  }
  return position;
}

function writeWords(words: Uint32Array, bytes: Uint8Array, start: number): number {
  let position = start;
  for (let index = 0; index < words.length; index += 2) {
    let low = words[index + lowWord] as number;
    let high = words[index + 1 - lowWord] as number;
    while (high > 0 || low > 0x7f) {
      bytes[position++] = low | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    bytes[position++] = low;
  }
  return position;
}
