/** Raw tensor data: little-endian, row-major, unpadded bytes, as the protocol's raw contents and binary extension carry it. */
import { type Datatype, type Elements, elementSize } from './datatype.js';
import { oipError } from './status.js';
import { fixedBytes, readFixed, writeFixed } from './wire/fixed-elements.js';

/**
 * Elements from raw bytes. The result may be a view of `bytes` where their alignment allows it, so neither may be
 * changed afterwards. `subject` names the tensor in messages; `count` is the number of elements its shape asks for,
 * which is also the most that are made.
 * Throws INVALID_ARGUMENT where the length is not what `count` needs, a BOOL is neither 0 nor 1, or the
 * lengths of BYTES elements do not add up.
 * @param room bytes in front of `bytes` that may be written over, to move the elements to where they are aligned
 */
export function decodeRaw(datatype: Datatype, bytes: Uint8Array, count: number, subject: string, room = 0): Elements {
  if (datatype === 'BYTES') return decodeRawBytes(bytes, count, subject);
  const size = elementSize[datatype] ?? 1;
  if (bytes.byteLength !== count * size) {
    throw oipError(
      'INVALID_ARGUMENT',
      `${subject}: ${count} elements of ${datatype} are ${count * size} raw bytes, the data has ${bytes.byteLength}`,
    );
  }
  if (datatype === 'BOOL') {
    const wrong = bytes.findIndex((value) => value > 1);
    if (wrong !== -1) {
      throw oipError(
        'INVALID_ARGUMENT',
        `${subject}: element ${wrong} is ${bytes[wrong]}; a raw BOOL is a byte 0 or 1`,
      );
    }
  }
  return readFixed(datatype, bytes, 0, count, room);
}

function decodeRawBytes(bytes: Uint8Array, count: number, subject: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.byteLength; ) {
    if (elements.length === count) {
      throw oipError('INVALID_ARGUMENT', `${subject}: the raw data goes on after its ${count} elements of BYTES`);
    }
    const start = offset + 4;
    const end = start > bytes.byteLength ? Number.POSITIVE_INFINITY : start + view.getUint32(offset, true);
    if (end > bytes.byteLength) {
      throw oipError(
        'INVALID_ARGUMENT',
        `${subject}: element ${elements.length} of BYTES reaches past the end of the raw data`,
      );
    }
    elements.push(bytes.subarray(start, end));
    offset = end;
  }
  if (elements.length !== count) {
    throw oipError(
      'INVALID_ARGUMENT',
      `${subject}: the shape needs ${count} elements of BYTES, the raw data has ${elements.length}`,
    );
  }
  return elements;
}

/** Raw bytes of elements: a view of their memory where that already is in wire order. */
export function encodeRaw(datatype: Datatype, data: Elements): Uint8Array {
  if (datatype !== 'BYTES') return fixedBytes(datatype, data as FixedElements);
  const bytes = new Uint8Array(rawSize(data));
  writeRaw(datatype, data, bytes, 0);
  return bytes;
}

type FixedElements = Exclude<Elements, Uint8Array[]>;

/** How many raw bytes elements have. */
export function rawSize(data: Elements): number {
  if (!Array.isArray(data)) return data.byteLength;
  let size = 0;
  for (const element of data) size += 4 + element.byteLength;
  return size;
}

/** Writes the raw bytes of elements into `bytes`, from `start` on. Returns the position after them. */
export function writeRaw(datatype: Datatype, data: Elements, bytes: Uint8Array, start: number): number {
  if (datatype !== 'BYTES') return writeFixed(datatype, data as FixedElements, bytes, start);
  let position = start;
  for (const element of data as Uint8Array[]) {
    for (let shift = 0; shift < 32; shift += 8) bytes[position++] = element.byteLength >>> shift;
    bytes.set(element, position);
    position += element.byteLength;
  }
  return position;
}
