/**
 * `InferTensorContents`, read. A tensor's elements may come in any number of parts: packed, one by one, in more than
 * one contents message. So a first walk checks and counts them, and only then one array of that size is made.
 */
import { createElements, type Elements, elementSize } from '../datatype.js';
import { type ContentsField, contentsFields } from './contents-fields.js';
import { readFixed } from './fixed-elements.js';
import { countVarints, readVarints, type VarintArray, varintTarget } from './packed-varints.js';
import { malformed, type WireReader, wireType } from './wire-reader.js';

/**
 * What takes the parts of contents on a walk: the bytes from `start` to `end` are elements as they stand in a packed
 * field; `single` ones are one element, whatever their length.
 */
interface Parts {
  take(field: ContentsField, start: number, end: number, single: boolean): void;
}

/** What the first walk has found: which field has elements, how many, and where the last part of them is. */
export class ContentsCount implements Parts {
  field: ContentsField | undefined;
  count = 0;
  parts = 0;
  start = 0;
  end = 0;
  /** Another field that has elements, too. */
  other: ContentsField | undefined;

  private readonly bytes: Buffer;

  /** Counts contents in `bytes`, the whole message. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  take(field: ContentsField, start: number, end: number, single: boolean): void {
    const count = single ? 1 : packedCount(this.bytes, field, start, end);
    if (count === 0) return;
    this.field ??= field;
    if (this.field !== field) {
      this.other = field;
      return;
    }
    this.count += count;
    this.parts++;
    this.start = start;
    this.end = end;
  }
}

/** Walks the contents message that the reader stands before. Throws RangeError where it is malformed. */
export function walkContents(reader: WireReader, parts: Parts): void {
  const outer = reader.enter();
  while (!reader.atEnd) {
    const tag = reader.tag();
    const field = contentsFields[(tag >>> 3) - 1];
    if (field && (tag & 7) === wireType.delimited) {
      const length = reader.length();
      const start = reader.position;
      reader.position += length;
      parts.take(field, start, reader.position, field.wireType === wireType.delimited);
    } else if (field && (tag & 7) === field.wireType) {
      const start = reader.position;
      reader.skip(tag);
      parts.take(field, start, reader.position, true);
    } else reader.skip(tag);
  }
  reader.leave(outer);
}

function packedCount(bytes: Buffer, field: ContentsField, start: number, end: number): number {
  if (field.wireType === wireType.varint) return countVarints(bytes, start, end);
  const size = elementSize[field.datatype] ?? 1;
  if ((end - start) % size !== 0) throw malformed(`${field.name} has a part of an element`);
  return (end - start) / size;
}

/**
 * The elements that were counted, in the array of their field's datatype. `eachContents` calls its argument before
 * each of the tensor's contents messages once more.
 * @param tensorStart where the tensor's own message begins; what is between there and the elements has been read
 */
export function readContents(
  field: ContentsField,
  found: ContentsCount,
  { bytes }: WireReader,
  eachContents: (read: (reader: WireReader) => void) => void,
  tensorStart: number,
): Elements {
  const eachPart = (take: (start: number, end: number) => void): void => {
    if (found.parts === 1) take(found.start, found.end);
    else {
      const parts: Parts = { take: (at, start, end) => at === field && take(start, end) };
      eachContents((reader) => walkContents(reader, parts));
    }
  };
  if (field.datatype === 'BYTES') {
    const elements: Uint8Array[] = [];
    eachPart((start, end) => elements.push(bytes.subarray(start, end)));
    return elements;
  }
  if (field.wireType === wireType.varint) {
    const elements = createElements(field.datatype, found.count);
    const target = varintTarget(elements as VarintArray);
    let next = 0;
    eachPart((start, end) => {
      next = readVarints(bytes, start, end, target, next);
    });
    return elements;
  }
  // So it nearly always is.
  if (found.parts === 1) {
    return readFixed(field.datatype, bytes, found.start, found.count, found.start - tensorStart);
  }
  const joined = new Uint8Array(found.count * (elementSize[field.datatype] ?? 1));
  let next = 0;
  eachPart((start, end) => {
    // A view for every element would cost more than the element.
    if (end - start <= 8) for (let index = start; index < end; index++) joined[next++] = bytes[index] as number;
    else next += bytes.copy(joined, next, start, end);
  });
  return readFixed(field.datatype, joined, 0, found.count);
}
