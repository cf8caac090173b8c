/**
 * Protobuf messages from fields as one likes: wrong, doubled, or with text that is none. Our codecs refuse to write those.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import type { Datatype, Elements } from '../../../protocol/datatype.js';
import { fieldOf } from '../../../protocol/wire/contents-fields.js';

/** Number of a field and its value: text and bytes are delimited by their length, an integer is a varint. */
export type Field = readonly [number: number, value: string | Uint8Array | bigint];

/** The bytes of a message. Empty text is not written, as in proto3. */
export function message(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (value === '') return [];
      if (typeof value === 'bigint') return [varint(BigInt(number) << 3n), varint(value)];
      const bytes = Buffer.from(value as Uint8Array);
      return [varint((BigInt(number) << 3n) | 2n), varint(BigInt(bytes.byteLength)), bytes];
    }),
  );
}

/** Integers one after the other, as a packed field has them; negative ones in the ten bytes of 64 bits. */
export function packedIntegers(values: readonly (number | bigint)[]): Buffer {
  return Buffer.concat(values.map((value) => varint(BigInt.asUintN(64, BigInt(value)))));
}

/** The fields of InferTensorContents for elements; undefined for datatypes that have none. */
export function contentsFieldsOf(datatype: Datatype, data: Elements): Field[] | undefined {
  const field = fieldOf[datatype];
  if (!field) return undefined;
  if (Array.isArray(data)) return data.map((bytes): Field => [field.number, bytes]);
  if (data instanceof Float32Array || data instanceof Float64Array) return [[field.number, floats(data)]];
  return [[field.number, packedIntegers([...data])]];
}

function floats(data: Float32Array | Float64Array): Buffer {
  const size = data.BYTES_PER_ELEMENT;
  const bytes = Buffer.alloc(data.length * size);
  for (const [index, value] of data.entries()) {
    if (size === 4) bytes.writeFloatLE(value, index * size);
    else bytes.writeDoubleLE(value, index * size);
  }
  return bytes;
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
