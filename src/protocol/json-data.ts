/** Tensor data in JSON: nested or flat arrays of booleans, numbers or strings. */
import { isUtf8 } from 'node:buffer';
import {
  createElements,
  type Datatype,
  type Elements,
  type IntegerDatatype,
  integerRanges,
  isInteger,
} from './datatype.js';
import { flattenJsonArray } from './json-array.js';
import type { JsonValue } from './json-text.js';
import { assertElementLimit, type MessageLimits, noMessageLimits } from './message-limits.js';
import { assertElementCount } from './shape.js';
import { oipError } from './status.js';
import type { Parameters, Tensor } from './tensor.js';
import { integerOutOfRange } from './typed-contents.js';

/**
 * Elements from the `data` of a JSON tensor, nested or flat. BYTES are strings in UTF-8, or base64 where the tensor's
 * parameter `content_type` is `base64`. Throws INVALID_ARGUMENT for an element of another type, beyond the datatype's
 * range or not finite, for another number of elements than `shape` needs, for ragged nesting, and for FP16 and BF16,
 * which JSON cannot carry; TOO_LARGE for more elements than `limits` allow.
 */
export function decodeJsonData(
  datatype: Datatype,
  data: unknown,
  shape: readonly number[],
  parameters: Parameters,
  subject: string,
  limits: Readonly<MessageLimits> = noMessageLimits,
): Elements {
  if (datatype === 'FP16' || datatype === 'BF16') {
    throw oipError(
      'INVALID_ARGUMENT',
      `${subject}: ${datatype} cannot be sent as JSON; use the binary tensor data form`,
    );
  }
  if (!Array.isArray(data)) throw oipError('INVALID_ARGUMENT', `${subject}: data must be an array`);
  const values = flattenJsonArray(data, subject);
  assertElementCount(values.length, shape, subject);
  assertElementLimit(datatype, values.length, limits, subject);
  if (datatype === 'FP64' || datatype === 'FP32') return decodeFloats(datatype, values, subject);
  if (datatype === 'BYTES') return decodeStrings(values, parameters.content_type === 'base64', subject);
  if (isInteger(datatype)) return decodeIntegers(datatype, values, subject);
  return decodeBooleans(values, subject);
}

function decodeFloats(datatype: 'FP32' | 'FP64', values: readonly unknown[], subject: string): Elements {
  const elements = createElements(datatype, values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number') throw wrongElement(value, index, 'a number', datatype, subject);
    elements[index] = number;
    if (!Number.isFinite(elements[index])) {
      throw oipError(
        'INVALID_ARGUMENT',
        `${subject}: element ${index} is beyond the range of ${datatype}; JSON carries finite numbers only, use the binary tensor data form for others`,
      );
    }
  }
  return elements;
}

function decodeIntegers(datatype: IntegerDatatype, values: readonly unknown[], subject: string): Elements {
  const elements = createElements(datatype, values.length);
  const [min, max] = integerRanges[datatype];
  const wide = elements instanceof BigInt64Array || elements instanceof BigUint64Array;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value !== 'bigint' && !Number.isInteger(value)) {
      throw wrongElement(value, index, 'an integer', datatype, subject);
    }
    const integer = value as bigint | number;
    if (integer < min || integer > max) throw integerOutOfRange(datatype, index, String(integer), subject);
    // What its text says beyond 2^53 is known of digits alone, which are a bigint here.
    if (typeof integer === 'number' && !Number.isSafeInteger(integer)) {
      throw wrongElement(value, index, 'an integer written in digits alone', datatype, subject);
    }
    if (wide) elements[index] = BigInt(integer);
    else elements[index] = Number(integer);
  }
  return elements;
}

function decodeBooleans(values: readonly unknown[], subject: string): Elements {
  const elements = new Uint8Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value !== 'boolean') throw wrongElement(value, index, 'true or false', 'BOOL', subject);
    elements[index] = Number(value);
  }
  return elements;
}

/** Digits of base64, or of its form for URLs; one digit more than a multiple of four holds no byte. */
const base64Text = /^(?:[\w+/-]{4})*(?:[\w+/-]{2,3}={0,2})?$/;

function decodeStrings(values: readonly unknown[], base64: boolean, subject: string): Uint8Array[] {
  return values.map((value, index) => {
    if (typeof value !== 'string') throw wrongElement(value, index, 'a string', 'BYTES', subject);
    if (base64) {
      if (!base64Text.test(value)) throw wrongElement(value, index, 'base64', 'BYTES', subject);
      return Buffer.from(value, 'base64');
    }
    if (/\p{Surrogate}/u.test(value)) throw wrongElement(value, index, 'well-formed Unicode', 'BYTES', subject);
    return Buffer.from(value, 'utf8');
  });
}

function wrongElement(value: unknown, index: number, expected: string, datatype: Datatype, subject: string): Error {
  const kind = Array.isArray(value) ? 'an array' : value === null ? 'null' : typeof value;
  const shown = typeof value === 'number' ? String(value) : kind;
  return oipError('INVALID_ARGUMENT', `${subject}: element ${index} of ${datatype} must be ${expected}, got ${shown}`);
}

/** `data` of a tensor for JSON, and the parameters that say how it is written. */
export interface JsonData {
  data: JsonValue;
  parameters: Parameters;
}

/**
 * A tensor's data for JSON. BYTES become base64 where the tensor asks for it by `content_type`, or where they are not
 * UTF-8. Throws OUT_OF_RANGE for FP16, BF16, NaN and infinities; those two are written as JavaScript has them where
 * `anyNumber` says so, which is no JSON, and what Python's readers take for it.
 */
export function encodeJsonData(tensor: Tensor, subject: string, anyNumber = false): JsonData {
  const { datatype, data, parameters = {} } = tensor;
  if (datatype === 'FP16' || datatype === 'BF16') {
    throw oipError('OUT_OF_RANGE', `${subject}: ${datatype} cannot be sent as JSON; ask for binary data`);
  }
  if (Array.isArray(data)) {
    const base64 = parameters.content_type === 'base64' || !data.every((element) => isUtf8(element));
    const encoding = base64 ? 'base64' : 'utf8';
    const strings = data.map((element) =>
      Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString(encoding),
    );
    return { data: strings, parameters: base64 ? { ...parameters, content_type: 'base64' } : parameters };
  }
  if (datatype === 'BOOL') return { data: Array.from(data as Uint8Array, (value) => value !== 0), parameters };
  if (!anyNumber && (datatype === 'FP32' || datatype === 'FP64'))
    assertFinite(data as Float32Array | Float64Array, subject);
  return { data, parameters };
}

function assertFinite(data: Float32Array | Float64Array, subject: string): void {
  for (let index = 0; index < data.length; index++) {
    if (Number.isFinite(data[index])) continue;
    throw oipError(
      'OUT_OF_RANGE',
      `${subject}: element ${index} is ${data[index]}, which JSON cannot carry; ask for binary data`,
    );
  }
}
