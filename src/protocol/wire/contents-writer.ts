/** `InferTensorContents`, written: the one field of the datatype, packed. */
import type { Datatype, Elements } from '../datatype.js';
import { oipError } from '../status.js';
import { type ContentsField, fieldOf } from './contents-fields.js';
import { writeFixed } from './fixed-elements.js';
import { type VarintElements, varintsSize, writeVarints } from './packed-varints.js';
import { wireType } from './wire-reader.js';
import { delimitedSize, type WireWriter } from './wire-writer.js';

type NumericElements = Exclude<Elements, Uint8Array[]>;

/** Contents that are measured, so that they can be written. */
export interface MeasuredContents {
  field: ContentsField;
  data: Elements;
  /** Bytes of the packed elements, without tag and length; of BYTES, with the tags and lengths of its elements. */
  elementsSize: number;
  /** Bytes of the whole message, without the tag and length that its parent gives it. */
  size: number;
}

/** Measures the contents of a tensor. Throws OUT_OF_RANGE for FP16 and BF16, which have no field. */
export function measureContents(datatype: Datatype, data: Elements, subject: () => string): MeasuredContents {
  const field = fieldOf[datatype];
  if (!field) {
    throw oipError('OUT_OF_RANGE', `${subject()}: ${datatype} has no typed contents; use raw contents`);
  }
  if (Array.isArray(data)) {
    let size = 0;
    for (const element of data) size += delimitedSize(element.byteLength);
    return { field, data, elementsSize: size, size };
  }
  const elementsSize = packedSize(field, data);
  return { field, data, elementsSize, size: data.length === 0 ? 0 : delimitedSize(elementsSize) };
}

function packedSize(field: ContentsField, data: NumericElements): number {
  if (field.wireType !== wireType.varint) return data.byteLength;
  return field.datatype === 'BOOL' ? data.length : varintsSize(data as VarintElements);
}

/** Writes what `measureContents` has measured. */
export function writeContents({ field, data, elementsSize }: MeasuredContents, writer: WireWriter): void {
  const tag = (field.number << 3) | wireType.delimited;
  if (Array.isArray(data)) {
    for (const element of data) {
      writer.delimited(tag, element.byteLength);
      writer.raw(element);
    }
    return;
  }
  if (data.length === 0) return;
  writer.delimited(tag, elementsSize);
  if (field.datatype === 'BOOL') for (const value of data) writer.byte(value ? 1 : 0);
  else if (field.wireType === wireType.varint) {
    writer.fill((bytes, position) => writeVarints(data as VarintElements, bytes, position));
  } else {
    writer.fill((bytes, position) => writeFixed(field.datatype as 'FP64', data as Float64Array, bytes, position));
  }
}
