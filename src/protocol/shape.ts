/** Shapes: their exact number of elements, and how they read in a message. */
import { oipError } from './status.js';

/** Dimensions as text, `[2, 3]`, cut after sixteen. */
export function formatShape(shape: readonly (number | bigint)[]): string {
  const shown = shape.slice(0, 16).join(', ');
  return shape.length > 16 ? `[${shown}, …]` : `[${shown}]`;
}

const largestCount = BigInt(Number.MAX_SAFE_INTEGER);

function tooManyElements(shape: readonly number[], subject: string): Error {
  return oipError('INVALID_ARGUMENT', `${subject}: shape ${formatShape(shape)} has more elements than can exist`);
}

/**
 * Number of elements that a shape stands for, computed exactly: 1 for `[]`, 0 where a dimension is 0.
 * `subject` names the tensor in messages. Throws INVALID_ARGUMENT for a negative or fractional dimension and for a
 * product beyond 2^53, which would wrap to something small in 64-bit arithmetic.
 */
export function elementCount(shape: readonly number[], subject: string): number {
  let small = 1;
  for (const dimension of shape) small *= Number.isInteger(dimension) && dimension >= 0 ? dimension : Number.NaN;
  // Products of integers are exact up to here, and every one on the way was smaller, unless a 0 came later.
  if (small > 0 && small <= Number.MAX_SAFE_INTEGER) return small;
  return exactCount(shape, subject);
}

function exactCount(shape: readonly number[], subject: string): number {
  let product = 1n;
  for (const dimension of shape) {
    if (!Number.isInteger(dimension) || dimension < 0) {
      throw oipError(
        'INVALID_ARGUMENT',
        `${subject}: shape ${formatShape(shape)} has the dimension ${dimension}; expected integers of 0 or more`,
      );
    }
    if (!Number.isSafeInteger(dimension)) throw tooManyElements(shape, subject);
    product *= BigInt(dimension);
    // Kept small on the way, so that a thousand huge dimensions cost nothing; a 0 further on still makes it 0.
    if (product > largestCount && !shape.includes(0)) throw tooManyElements(shape, subject);
  }
  return Number(product);
}

/** Throws INVALID_ARGUMENT where a tensor holds another number of elements than its shape says. */
export function assertElementCount(actual: number, shape: readonly number[], subject: string): void {
  const expected = elementCount(shape, subject);
  if (actual !== expected) {
    throw oipError(
      'INVALID_ARGUMENT',
      `${subject}: shape ${formatShape(shape)} needs ${expected} elements, the data has ${actual}`,
    );
  }
}

/** Whether a declared shape is `[-1]`, which models of vectors declare, and which mostly stands for every shape. */
export function isFreeVector(declared: readonly number[]): boolean {
  return declared.length === 1 && declared[0] === -1;
}

/** Whether a shape is one that was declared, where −1 stands for a dimension of any size. */
export function fitsShape(declared: readonly number[], shape: readonly number[]): boolean {
  return shape.length === declared.length && declared.every((size, axis) => size === -1 || size === shape[axis]);
}

/** Whether two shapes have the same dimensions. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
