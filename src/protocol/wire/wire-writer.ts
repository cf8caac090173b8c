/**
 * Protobuf's wire format, written front to back into one buffer of the exact size. Every size is known before the
 * first byte is written, so nothing is copied twice.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

/** Strings up to this length are cheaper measured and written by hand than by a call into Node. */
const shortText = 64;

/** Bytes of `value`, a uint32, as a varint. */
export function varint32Size(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** Bytes of the 64-bit integer of these two words as a varint. */
export function varint64Size(low: number, high: number): number {
  if (high === 0) return varint32Size(low);
  if (high < 0x8) return 5;
  if (high < 0x400) return 6;
  if (high < 0x20000) return 7;
  if (high < 0x1000000) return 8;
  return high < 0x80000000 ? 9 : 10;
}

/** Bytes of a string in UTF-8, a lone surrogate as the three bytes of U+FFFD that Node writes for it. */
export function textSize(text: string): number {
  if (text.length > shortText) return Buffer.byteLength(text);
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return Buffer.byteLength(text);
  }
  return text.length;
}

/** Bytes of a field of `length` bytes whose tag takes one byte. */
export function delimitedSize(length: number): number {
  return 1 + varint32Size(length) + length;
}

/** Bytes of a string field; none for an empty one, which proto3 does not send. */
export function textFieldSize(text: string): number {
  return text === '' ? 0 : delimitedSize(textSize(text));
}

export class WireWriter {
  private readonly bytes: Buffer;
  private position: number;

  /** Writes into `bytes`, from `start` on. */
  constructor(bytes: Buffer, start: number) {
    this.bytes = bytes;
    this.position = start;
  }

  /**
   * Checks that the message ends where it was announced to. Throws RangeError where it does not: the rest would be what
   * somebody else left in that memory.
   */
  finish(end: number): void {
    if (this.position !== end) throw new RangeError(`a message of wrong size: ends at ${this.position}, not ${end}`);
  }

  varint32(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  varint64(low: number, high: number): void {
    let lower = low;
    let upper = high;
    while (upper > 0 || lower > 0x7f) {
      this.byte((lower & 0x7f) | 0x80);
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    this.byte(lower);
  }

  /** One byte: a tag below field 16, a bool, a varint below 128. */
  byte(value: number): void {
    // Beyond the end this writes nothing, and `finish` refuses.
    this.bytes[this.position++] = value;
  }

  double(value: number): void {
    this.position = this.bytes.writeDoubleLE(value, this.position);
  }

  /** Bytes as they are, without their length. */
  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.position);
    this.position += bytes.byteLength;
  }

  /** What `write` writes into the message from the position that it is given; it returns the next one. */
  fill(write: (bytes: Uint8Array, position: number) => number): void {
    this.position = write(this.bytes, this.position);
  }

  /** The tag and the length of a field whose `length` bytes follow. */
  delimited(tag: number, length: number): void {
    this.byte(tag);
    this.varint32(length);
  }

  /** A string field, an empty one too. */
  text(tag: number, text: string): void {
    const size = textSize(text);
    this.delimited(tag, size);
    if (size === text.length && size <= shortText) {
      for (let index = 0; index < size; index++) this.byte(text.charCodeAt(index));
    } else this.position += this.bytes.write(text, this.position, size, 'utf8');
  }

  /** A string field, if it is not empty. */
  textField(tag: number, text: string): void {
    if (text !== '') this.text(tag, text);
  }
}
