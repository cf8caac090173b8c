/** Element-wise arithmetic on tensors: exact for integers, IEEE 754 for floating point, never silently wrapped. */
import { createElements, type Datatype, type ElementsOf, integerRanges, isInteger } from '../protocol/datatype.js';
import { readHalf, writeHalf } from '../protocol/half-precision.js';
import { formatShape, sameShape } from '../protocol/shape.js';
import { oipError, quoteName } from '../protocol/status.js';
import type { Tensor } from '../protocol/tensor.js';

export type ArithmeticDatatype = Exclude<Datatype, 'BOOL' | 'BYTES'>;
type Wide = BigInt64Array | BigUint64Array;
type Narrow = Exclude<ElementsOf[ArithmeticDatatype], Wide>;

/** An operation on two elements; 64-bit integers take the bigint form. */
export interface Operation {
  name: string;
  numbers(a: number, b: number): number;
  bigints(a: bigint, b: bigint): bigint;
}

export const add: Operation = { name: 'sum', numbers: (a, b) => a + b, bigints: (a, b) => a + b };
export const subtract: Operation = { name: 'difference', numbers: (a, b) => a - b, bigints: (a, b) => a - b };
export const multiply: Operation = { name: 'product', numbers: (a, b) => a * b, bigints: (a, b) => a * b };

/** The tensor's datatype, if arithmetic is defined for it; throws INVALID_ARGUMENT for BOOL and BYTES. */
export function arithmeticDatatype({ name, datatype }: Tensor): ArithmeticDatatype {
  if (datatype === 'BOOL' || datatype === 'BYTES') {
    throw oipError('INVALID_ARGUMENT', `input ${quoteName(name)}: no arithmetic on ${datatype}; use another datatype`);
  }
  return datatype;
}

/**
 * Throws INVALID_ARGUMENT for two tensors that no operation can meet: other datatypes, or shapes that are neither equal
 * nor those of a tensor and a single element.
 */
export function assertMeet(a: Tensor, b: Tensor): void {
  const datatype = arithmeticDatatype(a);
  const both = `inputs ${quoteName(a.name)} and ${quoteName(b.name)}`;
  if (b.datatype !== datatype) {
    throw oipError('INVALID_ARGUMENT', `${both} differ in datatype: ${datatype} and ${b.datatype}`);
  }
  if (!sameShape(a.shape, b.shape) && a.data.length !== 1 && b.data.length !== 1) {
    throw oipError('INVALID_ARGUMENT', `${both} differ in shape: ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  }
}

/**
 * `operation` on the elements of two tensors that meet; a single element meets every element of the other one. Throws
 * OUT_OF_RANGE naming the element where an integer result does not fit.
 */
export function combine(operation: Operation, a: Tensor, b: Tensor, resultName: string): Tensor {
  const datatype = arithmeticDatatype(a);
  const larger = a.data.length === 1 ? b : a;
  const shape = a.data.length === 1 && b.data.length === 1 ? a.shape : larger.shape;
  const count = larger.data.length;
  const stepA = a.data.length === 1 ? 0 : 1;
  const stepB = b.data.length === 1 ? 0 : 1;
  const result = createElements(datatype, count);
  const subject = `${operation.name} ${quoteName(resultName)}`;
  if (isWide(result)) {
    const [left, right] = [a.data as Wide, b.data as Wide];
    fillWide(result, datatype, subject, (i) =>
      operation.bigints(left[i * stepA] as bigint, right[i * stepB] as bigint),
    );
  } else {
    const [left, right] = [numbersOf(a), numbersOf(b)];
    fillNarrow(result, datatype, subject, (i) =>
      operation.numbers(left[i * stepA] as number, right[i * stepB] as number),
    );
  }
  return { name: resultName, datatype, shape, data: result };
}

/** Fills `result` with `value(index)`; throws OUT_OF_RANGE where that is beyond 64 bits. */
export function fillWide(
  result: Wide,
  datatype: ArithmeticDatatype,
  subject: string,
  value: (index: number) => bigint,
): void {
  const [min, max] = integerRanges[datatype as 'INT64' | 'UINT64'];
  for (let index = 0; index < result.length; index++) {
    const element = value(index);
    if (element < min || element > max) throw outOfRange(datatype, subject, index, element);
    result[index] = element;
  }
}

/** The elements of any datatype but 64-bit integers as numbers; FP16 and BF16 are decoded. */
export function numbersOf({ datatype, data }: Tensor): ArrayLike<number> {
  if (datatype !== 'FP16' && datatype !== 'BF16') return data as Narrow;
  return Float64Array.from(data as Uint16Array, (bits) => readHalf(datatype, bits));
}

/** Fills `result` with `value(index)`; throws OUT_OF_RANGE where an integer datatype cannot hold it exactly. */
export function fillNarrow(
  result: Narrow,
  datatype: ArithmeticDatatype,
  subject: string,
  value: (index: number) => number,
): void {
  if (datatype === 'FP16' || datatype === 'BF16') {
    for (let index = 0; index < result.length; index++) result[index] = writeHalf(datatype, value(index));
    return;
  }
  if (!isInteger(datatype)) {
    for (let index = 0; index < result.length; index++) result[index] = value(index);
    return;
  }
  const [min, max] = integerRanges[datatype].map(Number) as [number, number];
  for (let index = 0; index < result.length; index++) {
    const element = value(index);
    if (!Number.isInteger(element) || element < min || element > max) {
      throw outOfRange(datatype, subject, index, element);
    }
    result[index] = element;
  }
}

/** OUT_OF_RANGE for a result that its datatype cannot hold. */
export function outOfRange(datatype: Datatype, subject: string, index: number, value: number | bigint): Error {
  const fits = isInteger(datatype) ? ` holds integers from ${integerRanges[datatype].join(' to ')}` : ' cannot hold it';
  return oipError(
    'OUT_OF_RANGE',
    `${subject}: element ${index} would be ${String(value).slice(0, 60)}; ${datatype}${fits}`,
  );
}

export function isWide(elements: ElementsOf[Datatype]): elements is Wide {
  return elements instanceof BigInt64Array || elements instanceof BigUint64Array;
}
