/** Typed tensor data: which field of InferTensorContents holds a datatype, and the elements in it. */
import type { ContentsField, TensorContents } from './contents-wire.js';
import { createElements, type Datatype, type Elements, type IntegerDatatype, integerRanges } from './datatype.js';
import { assertElementCount } from './shape.js';
import { oipError } from './status.js';

/** FP16 and BF16 have no field: they travel raw only. */
const fieldOf: Readonly<Record<Datatype, ContentsField | undefined>> = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP16: undefined,
  BF16: undefined,
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};

/**
 * Elements from typed contents. Throws INVALID_ARGUMENT where another field than the datatype's is filled, the
 * number of elements is not what `shape` needs, or an integer is beyond the datatype's range.
 */
export function decodeContents(
  datatype: Datatype,
  contents: TensorContents,
  shape: readonly number[],
  subject: string,
): Elements {
  const field = fieldOf[datatype];
  if (!field) {
    throw oipError('INVALID_ARGUMENT', `${subject}: ${datatype} has no typed contents; send it as raw contents`);
  }
  const filled = (Object.keys(contents) as ContentsField[]).find((name) => name !== field);
  if (filled) {
    throw oipError('INVALID_ARGUMENT', `${subject}: ${datatype} belongs in ${field}, but ${filled} has elements`);
  }
  const data = contents[field];
  assertElementCount(data?.length ?? 0, shape, subject);
  if (!data) return datatype === 'BYTES' ? [] : createElements(datatype, 0);
  if (datatype === 'INT8' || datatype === 'INT16' || datatype === 'UINT8' || datatype === 'UINT16') {
    return narrow(datatype, data as Int32Array | Uint32Array, subject);
  }
  return data;
}

function narrow(
  datatype: IntegerDatatype & ('INT8' | 'INT16' | 'UINT8' | 'UINT16'),
  data: Int32Array | Uint32Array,
  subject: string,
): Elements {
  const elements = createElements(datatype, data.length);
  elements.set(data);
  const wrong = elements.findIndex((value, index) => value !== data[index]);
  if (wrong !== -1) throw integerOutOfRange(datatype, wrong, String(data[wrong]), subject);
  return elements;
}

/** INVALID_ARGUMENT for an integer that its datatype cannot hold. */
export function integerOutOfRange(datatype: IntegerDatatype, index: number, value: string, subject: string): Error {
  const [min, max] = integerRanges[datatype];
  return oipError(
    'INVALID_ARGUMENT',
    `${subject}: element ${index} is ${value.slice(0, 40)}; ${datatype} holds ${min} to ${max}`,
  );
}

/** Typed contents of elements. Throws OUT_OF_RANGE for FP16 and BF16, which have none. */
export function encodeContents(datatype: Datatype, data: Elements, subject: string): TensorContents {
  const field = fieldOf[datatype];
  if (!field) {
    throw oipError('OUT_OF_RANGE', `${subject}: ${datatype} has no typed contents; use raw contents`);
  }
  if (field === 'int_contents') return { int_contents: Int32Array.from(data as Int8Array) };
  if (field === 'uint_contents') return { uint_contents: Uint32Array.from(data as Uint8Array) };
  return { [field]: data };
}
