/** Compares a tensor from a server with the one expected, bit for bit. */
import type { Elements } from '../protocol/datatype.js';
import type { Tensor } from '../protocol/tensor.js';
import { CaseFailure, expectEqual } from './case.js';

/** A tensor's content; what it is called is the model's affair. */
export type TensorContent = Pick<Tensor, 'datatype' | 'shape' | 'data'>;

/** @throws CaseFailure naming the first difference in datatype, shape or element */
export function expectTensor(got: Tensor | undefined, expected: TensorContent): void {
  if (got === undefined) throw new CaseFailure('the answer has no output');
  expectEqual(`datatype of ${got.name}`, got.datatype, expected.datatype);
  expectEqual(`shape of ${got.name}`, got.shape, expected.shape);
  expectEqual(`number of elements of ${got.name}`, got.data.length, expected.data.length);
  const index = firstDifference(got.data, expected.data);
  if (index >= 0) {
    const [want, is] = [element(expected.data, index), element(got.data, index)];
    throw new CaseFailure(`element ${index} of ${got.name}: expected ${want}, got ${is}`);
  }
}

/**
 * As expectTensor, and NaN is told from NaN by its bits.
 * @throws CaseFailure naming the first difference
 */
export function expectSameBits(got: Tensor | undefined, expected: TensorContent): void {
  expectTensor(got, expected);
  if (got === undefined || Array.isArray(got.data) || Array.isArray(expected.data)) return;
  const [is, want] = [bytesOf(got.data), bytesOf(expected.data)];
  if (is.equals(want)) return;
  const size = want.length / expected.data.length;
  const index = Math.floor(is.findIndex((byte, position) => byte !== want[position]) / size);
  const bits = (bytes: Buffer) =>
    `0x${Buffer.from(bytes.subarray(index * size, (index + 1) * size))
      .reverse()
      .toString('hex')}`;
  throw new CaseFailure(`element ${index} of ${got.name}: expected the bits ${bits(want)}, got ${bits(is)}`);
}

function bytesOf({ buffer, byteOffset, byteLength }: Exclude<Elements, Uint8Array[]>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Whether two elements have the same bits. Object.is tells −0 from 0 and lets NaN equal NaN. */
export function isSameElement(a: Elements[number] | undefined, b: Elements[number] | undefined): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : Object.is(a, b);
}

/** Index of the first element whose bits differ, or −1. */
function firstDifference(left: Elements, right: Elements): number {
  for (let index = 0; index < right.length; index += 1) {
    if (!isSameElement(left[index], right[index])) return index;
  }
  return -1;
}

function element(data: Elements, index: number): string {
  const value = data[index];
  if (Object.is(value, -0)) return '-0';
  return value instanceof Uint8Array ? shownBytes(value) : String(value);
}

/** Bytes that are shown of one element. */
const mostBytes = 24;

function shownBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, mostBytes)).toString('hex');
  return bytes.byteLength > mostBytes ? `0x${hex}… (${bytes.byteLength} bytes)` : `0x${hex}`;
}
