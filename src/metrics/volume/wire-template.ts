/** Protobuf messages with holes of eight bytes, which are filled again and again. */
import { delimitedSize, varint32Size, WireWriter } from '../../protocol/wire/wire-writer.js';

/** Eight bytes to be filled, behind their tag if they have one. */
interface Hole {
  tag: number | undefined;
  kind: 'integer' | 'double';
}

interface Message {
  tag: number;
  parts: readonly Part[];
  size: number;
}

/** What a message is made of: bytes as they are, a hole, or a message inside. */
export type Part = Uint8Array | Hole | Message;

/** A message as a field. @param tag below field 16 */
export function message(tag: number, parts: readonly Part[]): Message {
  return { tag, parts, size: parts.reduce((sum, part) => sum + sizeOf(part), 0) };
}

export function hole(tag: number | undefined, kind: Hole['kind'] = 'integer'): Hole {
  return { tag, kind };
}

/** A string field. */
export function text(tag: number, value: string): Message {
  return message(tag, [Buffer.from(value)]);
}

/** A field of a small number that is not negative. */
export function number(tag: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(1 + varint32Size(value));
  const writer = new WireWriter(bytes, 0);
  writer.byte(tag);
  writer.varint32(value);
  return bytes;
}

/** Bytes with holes of zeros. */
export interface Template {
  bytes: Uint8Array;
  /** Where the holes are, in their order. */
  holes: number[];
  /** Those of them that are for doubles. */
  doubles: Set<number>;
}

/** The parts one after another. */
export function bytesOf(parts: readonly Part[]): Template {
  const bytes = Buffer.alloc(parts.reduce((sum, part) => sum + sizeOf(part), 0));
  const writer = new WireWriter(bytes, 0);
  const template: Template = { bytes, holes: [], doubles: new Set() };
  let position = 0;
  const write = (part: Part): void => {
    if (part instanceof Uint8Array) {
      writer.raw(part);
      position += part.byteLength;
    } else if ('parts' in part) {
      writer.delimited(part.tag, part.size);
      position += delimitedSize(part.size) - part.size;
      part.parts.forEach(write);
    } else {
      if (part.tag !== undefined) {
        writer.byte(part.tag);
        position++;
      }
      template.holes.push(position);
      if (part.kind === 'double') template.doubles.add(position);
      writer.double(0);
      position += 8;
    }
  };
  parts.forEach(write);
  writer.finish(bytes.byteLength);
  return template;
}

function sizeOf(part: Part): number {
  if (part instanceof Uint8Array) return part.byteLength;
  if ('parts' in part) return delimitedSize(part.size);
  return part.tag === undefined ? 8 : 9;
}
