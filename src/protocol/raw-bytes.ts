/** Raw tensor data: little-endian, row-major, unpadded bytes, as the protocol's raw contents and binary extension carry it. */
import { createElements, type Datatype, type Elements, elementSize, viewElements } from './datatype.js';
import { oipError } from './status.js';

/** Big-endian machines swap on the way in and out; the others use the bytes as they are. */
const littleEndianHost = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Elements from raw bytes. The result may be a view of `bytes` where their alignment allows it, so neither may be
 * changed afterwards. `subject` names the tensor in messages; `count` is the number of elements its shape asks for.
 * Throws INVALID_ARGUMENT where the length is not what `count` needs, a BOOL is neither 0 nor 1, or the
 * lengths of BYTES elements do not add up.
 */
export function decodeRaw(datatype: Datatype, bytes: Uint8Array, count: number, subject: string): Elements {
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
  if (littleEndianHost && bytes.byteOffset % size === 0) {
    return viewElements(datatype, bytes.buffer, bytes.byteOffset, count);
  }
  const elements = createElements(datatype, count);
  const copy = new Uint8Array(elements.buffer);
  copy.set(bytes);
  if (!littleEndianHost) swapElements(copy, size);
  return elements;
}

function decodeRawBytes(bytes: Uint8Array, count: number, subject: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.byteLength) {
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
  if (Array.isArray(data)) return encodeRawBytes(data);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (littleEndianHost) return bytes;
  const swapped = bytes.slice();
  swapElements(swapped, elementSize[datatype] ?? 1);
  return swapped;
}

function encodeRawBytes(elements: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(elements.reduce((sum, element) => sum + 4 + element.byteLength, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const element of elements) {
    view.setUint32(offset, element.byteLength, true);
    bytes.set(element, offset + 4);
    offset += 4 + element.byteLength;
  }
  return bytes;
}

function swapElements(bytes: Uint8Array, size: number): void {
  for (let start = 0; size > 1 && start < bytes.byteLength; start += size)
    bytes.subarray(start, start + size).reverse();
}
