/**
 * Protobuf's wire format, read. Strict as the specification and its official parsers are: a field number 0, a tag or
 * a length beyond 32 bits, a group that another one's end closes, and a string that is no UTF-8 are malformed.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { isUtf8 } from 'node:buffer';

/** Wire types, the lower three bits of a tag. */
export const wireType = { varint: 0, fixed64: 1, delimited: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** Largest encoding of a varint: 64 bits in groups of seven. */
export const maxVarintBytes = 10;

/** Groups inside one another, as deep as official parsers go. */
const maxGroupDepth = 100;

/** Strings up to this length are cheaper read by hand than by a call into Node. */
const shortText = 24;

/**
 * Short strings that were read of late, each at the place that its letters hash to: names of models, tensors and datatypes
 * come again and again, and one that is known needs no making, and hashes no more when a map looks for it.
 */
const recent: string[] = Array(256).fill('');

/** The string of these bytes, if all of them are ASCII. */
function shortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let hash = end - start;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    if (byte > 0x7f) return undefined;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const known = recent[hash & 0xff] as string;
  if (known.length === end - start && isWritten(known, bytes, start)) return known;
  let text = '';
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index] as number);
  recent[hash & 0xff] = text;
  return text;
}

function isWritten(text: string, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

/** The error of every message that is no valid protobuf. */
export function malformed(reason: string): RangeError {
  return new RangeError(`malformed protobuf: ${reason}`);
}

/**
 * Reads `bytes` from `position` up to `end`, which stands at the end of the innermost message that is being read.
 * Everything throws RangeError where the bytes are no protobuf, and nothing looks beyond `end`.
 */
export class WireReader {
  readonly bytes: Buffer;
  position = 0;
  end: number;
  /** The words of the varint that was read last. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
  }

  get atEnd(): boolean {
    return this.position >= this.end;
  }

  /** Number and wire type of the next field: `number << 3 | wireType`. */
  tag(): number {
    const tag = this.varint32();
    if (tag < 8) throw malformed(`field number 0 at byte ${this.position}`);
    return tag;
  }

  /** The length of what follows, all of it inside the message. */
  length(): number {
    const length = this.varint32();
    if (length > this.end - this.position) {
      throw malformed(`a field of ${length} bytes where ${this.end - this.position} are left`);
    }
    return length;
  }

  /** Enters a nested message; `leave` takes what this returned. */
  enter(): number {
    const length = this.length();
    const outer = this.end;
    this.end = this.position + length;
    return outer;
  }

  leave(outer: number): void {
    this.end = outer;
  }

  /** The bytes of a field, as a view. */
  delimited(): Buffer {
    const length = this.length();
    const start = this.position;
    this.position = start + length;
    return this.bytes.subarray(start, this.position);
  }

  text(): string {
    const length = this.length();
    const start = this.position;
    this.position = start + length;
    if (length <= shortText) {
      const text = shortAscii(this.bytes, start, this.position);
      if (text !== undefined) return text;
    }
    if (!isUtf8(this.bytes.subarray(start, this.position))) throw malformed('a string that is no UTF-8');
    return this.bytes.toString('utf8', start, this.position);
  }

  /** Eight bytes as a number. */
  double(): number {
    this.advance(8);
    return this.bytes.readDoubleLE(this.position - 8);
  }

  /** Reads a varint into `low` and `high`; bits beyond the 64th are dropped. */
  varint(): void {
    let low = 0;
    let high = 0;
    for (let group = 0; group < maxVarintBytes; group++) {
      if (this.position >= this.end) throw malformed('a varint that is cut off');
      const byte = this.bytes[this.position++] as number;
      const bits = byte & 0x7f;
      if (group < 4) low |= bits << (7 * group);
      else if (group === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * group - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw malformed('a varint of more than ten bytes');
  }

  /** Skips the field whose tag was read, whatever it is. */
  skip(tag: number, depth = 1): void {
    const type = tag & 7;
    if (type === wireType.varint) this.varint();
    else if (type === wireType.fixed64) this.advance(8);
    else if (type === wireType.delimited) this.advance(this.length());
    else if (type === wireType.groupStart) this.skipGroup(tag >>> 3, depth);
    else if (type === wireType.fixed32) this.advance(4);
    else throw malformed(`wire type ${type} where no group is open, in field ${tag >>> 3}`);
  }

  private skipGroup(field: number, depth: number): void {
    if (depth > maxGroupDepth) throw malformed(`groups more than ${maxGroupDepth} deep`);
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) !== wireType.groupEnd) this.skip(tag, depth + 1);
      else if (tag >>> 3 === field) return;
      else throw malformed(`the end of group ${tag >>> 3} in group ${field}`);
    }
  }

  private advance(length: number): void {
    if (length > this.end - this.position) throw malformed('a field that is cut off');
    this.position += length;
  }

  /** Tags and lengths: at most five bytes and 32 bits. */
  private varint32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.position >= this.end) throw malformed('a tag or a length that is cut off');
      const byte = this.bytes[this.position++] as number;
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('a tag or a length beyond 32 bits');
  }
}
