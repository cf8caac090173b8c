/**
 * A plain reading of protobuf's specification, to hold the codec against: any message of the proto file, one value at a
 * time, with no eye to speed. It shares nothing with the codec. Where protobufjs does otherwise it says so, by name.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** The text of proto/inference.proto. */
export const protoText = readFileSync(new URL('../../../../proto/inference.proto', import.meta.url), 'utf8');
const { root } = protobuf.parse(protoText, { keepCase: true });
root.resolveAll();

/** A message type of the proto file. */
export const typeOf = (name: string): protobuf.Type => root.lookupType(`inference.${name}`);

/**
 * Fields that were sent, by name: integers as bigint, float and double as their bits, a map as an object, a repeated
 * field as an array that is not empty.
 */
export type Message = Record<string, unknown>;

/** What protobufjs 7 does not do as the specification and its official parsers do. */
export type Departure =
  | 'reads a known field whatever its wire type'
  | 'takes field number 0 for an unknown field'
  | 'drops the upper bits of a tag or a length'
  | 'lets the later of two parts of a message replace the earlier'
  | 'lets any end close a group, at any depth'
  | 'takes every varint beyond five bytes in a 32-bit field for ten bytes'
  | 'takes a varint that does not end'
  | 'replaces what is no UTF-8'
  | 'lets the member of a oneof that came first stand after others';

class MalformedMessage extends Error {}

interface Input {
  bytes: Uint8Array;
  position: number;
  departures: Set<Departure>;
}

/** Reads a message, and which departures of protobufjs its bytes touch. */
export function readBySpecification(
  type: protobuf.Type,
  bytes: Uint8Array,
): { message: Message | undefined; departures: Set<Departure> } {
  const input: Input = { bytes, position: 0, departures: new Set() };
  try {
    return { message: readMessage(type, input, bytes.length, {}), departures: input.departures };
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    return { message: undefined, departures: input.departures };
  }
}

function refuse(input: Input, departure?: Departure): never {
  if (departure) input.departures.add(departure);
  throw new MalformedMessage();
}

function readMessage(type: protobuf.Type, input: Input, end: number, into: Message): Message {
  while (input.position < end) {
    const tag = readTag(input, end);
    const field = type.fieldsById[tag >>> 3];
    const wire = tag & 7;
    if (field && wire === 2 && (field.repeated || field.map) && isPackable(field)) readPacked(field, input, end, into);
    else if (field && wire === wireTypeOf(field)) readField(field, input, end, into);
    else {
      if (field) input.departures.add('reads a known field whatever its wire type');
      skip(tag, input, end, 1);
    }
  }
  return into;
}

const fixed64 = ['double', 'fixed64', 'sfixed64'];
const fixed32 = ['float', 'fixed32', 'sfixed32'];
const varints = ['int32', 'int64', 'uint32', 'uint64', 'bool'];
const isPackable = ({ type, map }: protobuf.Field) => !map && [...fixed64, ...fixed32, ...varints].includes(type);

function wireTypeOf(field: protobuf.Field): number {
  if (field.map) return 2;
  if (field.resolvedType instanceof protobuf.Enum || varints.includes(field.type)) return 0;
  if (fixed64.includes(field.type)) return 1;
  return fixed32.includes(field.type) ? 5 : 2;
}

function readPacked(field: protobuf.Field, input: Input, end: number, into: Message): void {
  const last = readLength(input, end);
  while (input.position < last) append(into, field.name, readScalar(field.type, input, last));
}

function append(into: Message, name: string, value: unknown): void {
  into[name] = [...((into[name] as unknown[] | undefined) ?? []), value];
}

function readField(field: protobuf.Field, input: Input, end: number, into: Message): void {
  if (field instanceof protobuf.MapField) {
    const [key, value] = readEntry(field, input, end);
    const map = (into[field.name] ?? Object.create(null)) as Record<string, unknown>;
    map[key] = value;
    into[field.name] = map;
    return;
  }
  const message = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
  const before = field.repeated ? undefined : into[field.name];
  if (message && before) input.departures.add('lets the later of two parts of a message replace the earlier');
  const value = message
    ? readMessage(message, input, readLength(input, end), (before as Message) ?? {})
    : readScalar(field.type, input, end);
  if (field.repeated) append(into, field.name, value);
  else into[field.name] = value;
  for (const other of field.partOf?.fieldsArray ?? []) {
    if (other === field || !(other.name in into)) continue;
    input.departures.add('lets the member of a oneof that came first stand after others');
    delete into[other.name];
  }
}

/** An entry is a message of a key and a value; what is absent has its default. */
function readEntry(field: protobuf.MapField, input: Input, end: number): [string, unknown] {
  const last = readLength(input, end);
  const type = field.resolvedType as protobuf.Type;
  let key = '';
  let value: Message | undefined;
  while (input.position < last) {
    const tag = readTag(input, last);
    if (tag === 0x0a) key = readScalar('string', input, last) as string;
    else if (tag === 0x12) {
      if (value) input.departures.add('lets the later of two parts of a message replace the earlier');
      value = readMessage(type, input, readLength(input, last), value ?? {});
    } else {
      if (tag >>> 3 <= 2) input.departures.add('reads a known field whatever its wire type');
      skip(tag, input, last, 1);
    }
  }
  return [key, value ?? {}];
}

function readScalar(type: string, input: Input, end: number): unknown {
  if (type === 'double') return takeBytes(8, input, end).readBigUInt64LE();
  if (type === 'float') return BigInt(takeBytes(4, input, end).readUInt32LE());
  if (type === 'string') {
    const bytes = takeBytes(readLength(input, end) - input.position, input, end);
    return isUtf8(bytes) ? bytes.toString('utf8') : refuse(input, 'replaces what is no UTF-8');
  }
  if (type === 'bytes') return takeBytes(readLength(input, end) - input.position, input, end);
  const start = input.position;
  const bits = readVarint(input, end);
  const length = input.position - start;
  const narrow = type === 'bool' || type === 'int32' || type === 'uint32';
  if (narrow && length > 5 && (length < 10 || (type === 'bool' && bits !== 0n && bits % 2n ** 32n === 0n))) {
    input.departures.add('takes every varint beyond five bytes in a 32-bit field for ten bytes');
  }
  if (type === 'bool') {
    if (bits !== 0n && bits % 2n ** 32n === 0n) {
      input.departures.add('takes every varint beyond five bytes in a 32-bit field for ten bytes');
    }
    return bits !== 0n;
  }
  const width = narrow ? 32 : 64;
  return type.startsWith('u') ? BigInt.asUintN(width, bits) : BigInt.asIntN(width, bits);
}

function takeBytes(length: number, input: Input, end: number): Buffer {
  if (length > end - input.position) refuse(input);
  input.position += length;
  return Buffer.from(input.bytes.slice(input.position - length, input.position));
}

function readVarint(input: Input, end: number): bigint {
  let value = 0n;
  for (let index = 0n; index < 10n; index++) {
    if (input.position >= end) return refuse(input, 'takes a varint that does not end');
    const byte = BigInt(input.bytes[input.position++] as number);
    value |= (byte & 0x7fn) << (7n * index);
    if (byte < 0x80n) return BigInt.asUintN(64, value);
  }
  return refuse(input, 'takes a varint that does not end');
}

/** Tags and lengths: at most five bytes and 32 bits. */
function readSmall(input: Input, end: number): number {
  const start = input.position;
  const value = readVarint(input, end);
  if (input.position - start > 5 || value >= 2n ** 32n) refuse(input, 'drops the upper bits of a tag or a length');
  return Number(value);
}

function readTag(input: Input, end: number): number {
  const tag = readSmall(input, end);
  return tag >>> 3 === 0 ? refuse(input, 'takes field number 0 for an unknown field') : tag;
}

/** Where the field ends whose length comes next. */
function readLength(input: Input, end: number): number {
  const last = readSmall(input, end) + input.position;
  return last > end ? refuse(input) : last;
}

function skip(tag: number, input: Input, end: number, depth: number): void {
  const wire = tag & 7;
  if (wire === 0) readVarint(input, end);
  else if (wire === 1) takeBytes(8, input, end);
  else if (wire === 2) input.position = readLength(input, end);
  else if (wire === 5) takeBytes(4, input, end);
  else if (wire !== 3) refuse(input);
  else {
    if (depth > 100) refuse(input, 'lets any end close a group, at any depth');
    for (;;) {
      const next = readTag(input, end);
      if ((next & 7) !== 4) skip(next, input, end, depth + 1);
      else if (next >>> 3 === tag >>> 3) return;
      else refuse(input, 'lets any end close a group, at any depth');
    }
  }
}
