/** Integers and attributes of OTLP in protobuf. */
import { malformed, type WireReader } from '../../protocol/wire/wire-reader.js';
import { valueText } from '../identity.js';
import type { Attribute } from '../otlp-document.js';
import type { Integer } from '../point-values.js';
import { anyValueTags, keyValueTags, listedValues } from './tags.js';

/** Messages inside one another, as deep as official parsers go. */
const maxDepth = 100;

/** An integer of two words: a number where that is exact. */
export function integerOf(low: number, high: number): Integer {
  if (high < 0x20_0000) return high * 0x1_0000_0000 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The same with a sign, as two's complement. */
export function signedOf(low: number, high: number): Integer {
  if (high < 0x8000_0000) return integerOf(low, high);
  const value = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  return value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
}

/** Eight bytes as an integer; `of` says whether it has a sign. */
export function fixed64(reader: WireReader, of: typeof integerOf): Integer {
  // Skipped before it is read, so that what is cut off is told.
  reader.skip(1);
  const { bytes, position } = reader;
  return of(bytes.readUInt32LE(position - 8), bytes.readUInt32LE(position - 4));
}

/** A time in nanoseconds. */
export function nanoseconds(reader: WireReader): bigint {
  reader.skip(1);
  return reader.bytes.readBigUInt64LE(reader.position - 8);
}

/** A varint of at most 32 bits without a sign, such as flags. */
export function uint32(reader: WireReader): number {
  reader.varint();
  return reader.low;
}

/** A varint in ZigZag form. */
export function sint32(reader: WireReader): number {
  reader.varint();
  return (reader.low >>> 1) ^ -(reader.low & 1);
}

/** Integers of a packed field of varints. */
export function packedVarints(reader: WireReader, into: Integer[]): void {
  const outer = reader.enter();
  while (!reader.atEnd) {
    reader.varint();
    into.push(integerOf(reader.low, reader.high));
  }
  reader.leave(outer);
}

/** Integers of a packed field of eight bytes each. */
export function packedFixed64(reader: WireReader, into: Integer[]): void {
  const outer = reader.enter();
  while (!reader.atEnd) into.push(fixed64(reader, integerOf));
  reader.leave(outer);
}

/** A `KeyValue`, with its place. */
export function keyValue(reader: WireReader, depth = 0): Attribute {
  const outer = reader.enter();
  const start = reader.position;
  let key = '';
  let value = valueText.empty;
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === keyValueTags.key) key = reader.text();
    else if (tag === keyValueTags.value) value = anyValue(reader, depth + 1);
    else reader.skip(tag);
  }
  const end = reader.end;
  reader.leave(outer);
  return { key, value, start, end };
}

/** `AnyValue`: of a oneof, the member that comes last. */
function anyValue(reader: WireReader, depth: number): string {
  if (depth > maxDepth) throw malformed(`values more than ${maxDepth} deep`);
  const outer = reader.enter();
  let value = valueText.empty;
  while (!reader.atEnd) {
    const tag = reader.tag();
    switch (tag) {
      case anyValueTags.string:
        value = valueText.string(reader.text());
        break;
      case anyValueTags.bool:
        reader.varint();
        value = valueText.bool((reader.low | reader.high) !== 0);
        break;
      case anyValueTags.int:
        reader.varint();
        value = valueText.int(signedOf(reader.low, reader.high));
        break;
      case anyValueTags.double:
        value = valueText.double(reader.double());
        break;
      case anyValueTags.array:
        value = valueText.array(listed(reader, () => anyValue(reader, depth + 1)));
        break;
      case anyValueTags.map:
        value = valueText.map(listed(reader, () => keyValue(reader, depth + 1)));
        break;
      case anyValueTags.bytes:
        value = valueText.bytes(reader.delimited());
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.leave(outer);
  return value;
}

function listed<T>(reader: WireReader, read: () => T): T[] {
  const outer = reader.enter();
  const values: T[] = [];
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === listedValues) values.push(read());
    else reader.skip(tag);
  }
  reader.leave(outer);
  return values;
}
