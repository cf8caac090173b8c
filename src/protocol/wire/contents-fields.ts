/** The fields of `InferTensorContents`, and which of them holds a datatype. */
import type { Datatype } from '../datatype.js';
import { wireType } from './wire-reader.js';

/** A field: its number in the proto file, the datatype of its elements in memory, and how one of them travels. */
export interface ContentsField {
  readonly number: number;
  readonly name: string;
  readonly datatype: Exclude<Datatype, 'INT8' | 'INT16' | 'UINT8' | 'UINT16' | 'FP16' | 'BF16'>;
  readonly wireType: 0 | 1 | 2 | 5;
}

const { varint, fixed32, fixed64, delimited } = wireType;
const bool: ContentsField = { number: 1, name: 'bool_contents', datatype: 'BOOL', wireType: varint };
const int: ContentsField = { number: 2, name: 'int_contents', datatype: 'INT32', wireType: varint };
const int64: ContentsField = { number: 3, name: 'int64_contents', datatype: 'INT64', wireType: varint };
const uint: ContentsField = { number: 4, name: 'uint_contents', datatype: 'UINT32', wireType: varint };
const uint64: ContentsField = { number: 5, name: 'uint64_contents', datatype: 'UINT64', wireType: varint };
const fp32: ContentsField = { number: 6, name: 'fp32_contents', datatype: 'FP32', wireType: fixed32 };
const fp64: ContentsField = { number: 7, name: 'fp64_contents', datatype: 'FP64', wireType: fixed64 };
const bytes: ContentsField = { number: 8, name: 'bytes_contents', datatype: 'BYTES', wireType: delimited };

/** Every field, at its number less one. */
export const contentsFields: readonly ContentsField[] = [bool, int, int64, uint, uint64, fp32, fp64, bytes];

/** The field of every datatype. FP16 and BF16 have none: they travel raw only. */
export const fieldOf: Readonly<Record<Datatype, ContentsField | undefined>> = {
  BOOL: bool,
  INT8: int,
  INT16: int,
  INT32: int,
  INT64: int64,
  UINT8: uint,
  UINT16: uint,
  UINT32: uint,
  UINT64: uint64,
  FP16: undefined,
  BF16: undefined,
  FP32: fp32,
  FP64: fp64,
  BYTES: bytes,
};
