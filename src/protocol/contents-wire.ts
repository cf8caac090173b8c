/**
 * InferTensorContents on the wire. Written by hand, since ordinary JavaScript arrays of numbers lose NaN payloads
 * and int64 words: fixed-size fields are copied as bytes, varints are read into typed arrays of a size counted first.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import type { Reader, Writer } from 'protobufjs';
import { type ElementsOf, viewElements } from './datatype.js';
import { decodeRaw, encodeRaw } from './raw-bytes.js';

/** The fields of InferTensorContents, each absent where it has no element. */
export interface TensorContents {
  bool_contents?: ElementsOf['BOOL'];
  int_contents?: ElementsOf['INT32'];
  int64_contents?: ElementsOf['INT64'];
  uint_contents?: ElementsOf['UINT32'];
  uint64_contents?: ElementsOf['UINT64'];
  fp32_contents?: ElementsOf['FP32'];
  fp64_contents?: ElementsOf['FP64'];
  bytes_contents?: Uint8Array[];
}

export type ContentsField = keyof TensorContents;

const packedFields = [
  { id: 1, name: 'bool_contents', datatype: 'BOOL', wireType: 0 },
  { id: 2, name: 'int_contents', datatype: 'INT32', wireType: 0 },
  { id: 3, name: 'int64_contents', datatype: 'INT64', wireType: 0 },
  { id: 4, name: 'uint_contents', datatype: 'UINT32', wireType: 0 },
  { id: 5, name: 'uint64_contents', datatype: 'UINT64', wireType: 0 },
  { id: 6, name: 'fp32_contents', datatype: 'FP32', wireType: 5 },
  { id: 7, name: 'fp64_contents', datatype: 'FP64', wireType: 1 },
] as const;

type PackedField = (typeof packedFields)[number];
const bytesFieldId = 8;

/** Largest encoding of a varint: 64 bits in groups of seven. */
const maxVarintBytes = 10;

/** Reads a message of `length` bytes. Throws RangeError where it is cut short or a varint does not end. */
export function readContents(reader: Reader, length: number): TensorContents {
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('tensor contents reach past the end of the message');
  const chunks = new Map<PackedField, Uint8Array[]>();
  const byteStrings: Uint8Array[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = packedFields[(tag >>> 3) - 1];
    if (field && (tag & 7) === 2) append(chunks, field, reader.bytes());
    else if (field && (tag & 7) === field.wireType) append(chunks, field, readSingle(reader, field));
    else if (tag >>> 3 === bytesFieldId && (tag & 7) === 2) byteStrings.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new RangeError('tensor contents reach past their end');
  const contents: TensorContents = {};
  for (const [field, parts] of chunks) {
    const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    if (bytes.byteLength > 0) Object.assign(contents, { [field.name]: decodePacked(field, bytes) });
  }
  if (byteStrings.length > 0) contents.bytes_contents = byteStrings;
  return contents;
}

function append(chunks: Map<PackedField, Uint8Array[]>, field: PackedField, bytes: Uint8Array): void {
  const parts = chunks.get(field);
  if (parts) parts.push(bytes);
  else chunks.set(field, [bytes]);
}

/** The bytes of one unpacked element, which are what they would be inside a packed field. */
function readSingle(reader: Reader, field: PackedField): Uint8Array {
  const start = reader.pos;
  reader.skipType(field.wireType);
  return reader.buf.subarray(start, reader.pos);
}

function decodePacked(field: PackedField, bytes: Uint8Array) {
  if (field.wireType !== 0) {
    const size = field.wireType === 1 ? 8 : 4;
    if (bytes.byteLength % size !== 0) throw new RangeError(`${field.name} has a part of an element`);
    return decodeRaw(field.datatype, bytes, bytes.byteLength / size, field.name);
  }
  return decodeVarints(field, bytes);
}

/** Two 32-bit words a varint; the lower one first in memory on a little-endian machine. */
function decodeVarints(field: PackedField, bytes: Uint8Array) {
  let count = 0;
  for (const byte of bytes) if (byte < 0x80) count++;
  const wide =
    field.datatype === 'INT64' || field.datatype === 'UINT64' ? new DataView(new ArrayBuffer(count * 8)) : null;
  const narrow = wide ? null : new Uint32Array(count);
  let position = 0;
  for (let index = 0; index < count; index++) {
    let low = 0;
    let high = 0;
    for (let group = 0; ; group++) {
      const byte = bytes[position++] as number;
      if (group >= maxVarintBytes) throw new RangeError(`${field.name} has a varint that does not end`);
      if (group < 5) low |= (byte & 0x7f) << (7 * group);
      if (group === 4) high = (byte & 0x7f) >>> 4;
      if (group > 4) high |= (byte & 0x7f) << (7 * group - 32);
      if (byte < 0x80) break;
    }
    if (wide) {
      wide.setUint32(index * 8 + hostLow, low >>> 0, hostLow === 0);
      wide.setUint32(index * 8 + 4 - hostLow, high >>> 0, hostLow === 0);
    } else if (narrow) narrow[index] = field.datatype === 'BOOL' ? Number((low | high) !== 0) : low;
  }
  if (position !== bytes.byteLength) throw new RangeError(`${field.name} ends in the middle of a varint`);
  if (wide) return viewElements(field.datatype, wide.buffer, 0, count);
  if (field.datatype === 'BOOL') return Uint8Array.from(narrow ?? []);
  return viewElements(field.datatype, (narrow ?? new Uint32Array()).buffer, 0, count);
}

/** Where the lower word of a 64-bit element stands in this machine's memory. */
const hostLow = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 4;

/** Writes the fields that `contents` has, packed, in the order of their numbers. */
export function writeContents(contents: TensorContents, writer: Writer): Writer {
  for (const field of packedFields) {
    const data = contents[field.name];
    if (!data || data.length === 0) continue;
    writer.uint32((field.id << 3) | 2);
    // A BOOL is one byte either way, so its raw bytes are its varints.
    const fixed = field.wireType !== 0 || field.datatype === 'BOOL';
    writer.bytes(fixed ? encodeRaw(field.datatype, data) : encodeVarints(data as VarintElements));
  }
  for (const element of contents.bytes_contents ?? []) writer.uint32((bytesFieldId << 3) | 2).bytes(element);
  return writer;
}

type VarintElements = ElementsOf['INT32' | 'INT64' | 'UINT32' | 'UINT64'];

function encodeVarints(data: VarintElements): Uint8Array {
  const bytes = new Uint8Array(data.length * maxVarintBytes);
  const words =
    data.BYTES_PER_ELEMENT === 8 ? new Uint32Array(data.buffer, data.byteOffset, data.length * 2) : undefined;
  const lowWord = hostLow === 0 ? 0 : 1;
  let position = 0;
  for (let index = 0; index < data.length; index++) {
    const narrow = words ? 0 : Number(data[index]);
    let low = words ? (words[index * 2 + lowWord] as number) : narrow >>> 0;
    // A negative int32 travels as the int64 of the same value: ten bytes.
    let high = words ? (words[index * 2 + 1 - lowWord] as number) : narrow < 0 ? 0xffffffff : 0;
    while (high > 0 || low > 0x7f) {
      bytes[position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    bytes[position++] = low;
  }
  return bytes.subarray(0, position);
}
