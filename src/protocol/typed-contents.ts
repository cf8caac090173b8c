/** Typed tensor data: what the contents of a tensor have to be for its datatype and its shape. */
import {
  createElements,
  type Datatype,
  type Elements,
  type ElementsOf,
  type IntegerDatatype,
  integerRanges,
} from './datatype.js';
import { assertElementCount } from './shape.js';
import { oipError } from './status.js';
import { type ContentsField, fieldOf } from './wire/contents-fields.js';
import type { ContentsCount } from './wire/contents-reader.js';

/** What the typed contents of a tensor must fit. */
export interface TypedTensor {
  datatype: Datatype;
  shape: readonly number[];
  /** The tensor's name in messages. */
  subject: string;
}

/**
 * Elements from typed contents that were counted; `read` makes them. Throws INVALID_ARGUMENT where another field than
 * the datatype's is filled, the number of elements is not what the shape needs, or an integer is beyond the datatype's
 * range.
 */
export function decodeContents(
  { datatype, shape, subject }: TypedTensor,
  found: ContentsCount | undefined,
  read: (field: ContentsField, found: ContentsCount) => Elements,
): Elements {
  const field = fieldOf[datatype];
  if (!field) {
    throw oipError('INVALID_ARGUMENT', `${subject}: ${datatype} has no typed contents; send it as raw contents`);
  }
  const filled = found?.field === field ? found.other : found?.field;
  if (filled) {
    throw oipError(
      'INVALID_ARGUMENT',
      `${subject}: ${datatype} belongs in ${field.name}, but ${filled.name} has elements`,
    );
  }
  const count = found?.count ?? 0;
  assertElementCount(count, shape, subject);
  if (!found || count === 0) return datatype === 'BYTES' ? [] : createElements(datatype, 0);
  const data = read(field, found);
  if (datatype === 'INT8' || datatype === 'INT16' || datatype === 'UINT8' || datatype === 'UINT16') {
    return narrow(datatype, data as ElementsOf['INT32' | 'UINT32'], subject);
  }
  return data;
}

function narrow(
  datatype: 'INT8' | 'INT16' | 'UINT8' | 'UINT16',
  data: ElementsOf['INT32' | 'UINT32'],
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
