/** Elements of each datatype from numbers, and what scaling them must give: an oracle of its own. */
import {
  createElements,
  type Datatype,
  type Elements,
  type FixedDatatype,
  type IntegerDatatype,
  integerRanges,
  isInteger,
} from '../protocol/datatype.js';
import type { TensorContent } from './compare-tensors.js';

/** Datatypes that models calculate with. */
export const numericDatatypes = [...(Object.keys(integerRanges) as IntegerDatatype[]), 'FP32', 'FP64'] as const;
export type NumericDatatype = (typeof numericDatatypes)[number];

/** Datatypes of sixteen bits, which are held as bit patterns. */
type HalfDatatype = 'FP16' | 'BF16';

/** Datatypes that models of ours calculate with. */
export type ArithmeticDatatype = NumericDatatype | HalfDatatype;

export function isArithmetic(datatype: Datatype): datatype is ArithmeticDatatype {
  return datatype !== 'BOOL' && datatype !== 'BYTES';
}

/** Bit patterns of numbers that both formats hold exactly: written down, not computed. */
const halves: Readonly<Record<HalfDatatype, ReadonlyMap<number, number>>> = {
  FP16: new Map([
    [0, 0x0000],
    [0.5, 0x3800],
    [1, 0x3c00],
    [2, 0x4000],
    [3, 0x4200],
    [4, 0x4400],
    [6, 0x4600],
    [8, 0x4800],
    [-1, 0xbc00],
    [-2, 0xc000],
  ]),
  BF16: new Map([
    [0, 0x0000],
    [0.5, 0x3f00],
    [1, 0x3f80],
    [2, 0x4000],
    [3, 0x4040],
    [4, 0x4080],
    [6, 0x40c0],
    [8, 0x4100],
    [-1, 0xbf80],
    [-2, 0xc000],
  ]),
};

function isHalf(datatype: Datatype): datatype is HalfDatatype {
  return datatype === 'FP16' || datatype === 'BF16';
}

/** Values whose product with the factor the datatype can hold, and that product. */
export function scalingSample(datatype: ArithmeticDatatype, factor: number): { input: Elements; expected: Elements } {
  if (isHalf(datatype)) {
    const known = halves[datatype];
    const values = [...known.keys()].filter((value) => !Object.is(value * factor, -0) && known.has(value * factor));
    // A zero keeps its sign through a factor of any size.
    const negative = factor < 0 || Object.is(factor, -0);
    if (values.length === 0) return { input: Uint16Array.of(0), expected: Uint16Array.of(negative ? 0x8000 : 0) };
    return {
      input: elementsOf(datatype, values),
      expected: elementsOf(
        datatype,
        values.map((value) => value * factor),
      ),
    };
  }
  if (!isInteger(datatype)) {
    const input = (
      datatype === 'FP32' ? Float32Array.of(0, 1, -2.5, 3, 1e-3, 1e6) : Float64Array.of(0, 1, -2.5, 3, 0.1, 1e300)
    ).filter((value) => Number.isFinite(datatype === 'FP32' ? Math.fround(value * factor) : value * factor));
    return { input, expected: input.map((value) => value * factor) };
  }
  const [min, max] = integerRanges[datatype];
  // A factor that is no integer, as −0 is none, leaves 64-bit integers of this size unanswered.
  const whole = Number.isInteger(factor) && !Object.is(factor, -0);
  if (!whole) return { input: elementsOf(datatype, [0n]), expected: elementsOf(datatype, [0n]) };
  const times = BigInt(factor);
  const candidates = [0n, 1n, 2n, 3n, -3n, 9_007_199_254_740_993n, ...(times === 0n ? [] : [max / times, min / times])];
  const values = candidates.filter((value) => {
    return value >= min && value <= max && value * times >= min && value * times <= max;
  });
  return {
    input: elementsOf(datatype, values),
    expected: elementsOf(
      datatype,
      values.map((value) => value * times),
    ),
  };
}

/**
 * The elements in a declared shape: as a vector where that takes every shape, else repeated until they fill it. A
 * dimension of any size gets what the elements fill, the first one, and 1, any other.
 */
export function placed(datatype: Datatype, elements: Elements, declared: readonly number[]): TensorContent {
  const fixed = declared.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const free = Math.max(1, Math.ceil(elements.length / Math.max(fixed, 1)));
  const first = declared.indexOf(-1);
  const shape = declared.map((size, axis) => (size === -1 ? (axis === first ? free : 1) : size));
  const count = shape.reduce((product, size) => product * size, 1);
  const at = <T>(list: ArrayLike<T>, index: number): T => list[index % list.length] as T;
  if (Array.isArray(elements))
    return { datatype, shape, data: Array.from({ length: count }, (_, i) => at(elements, i)) };
  const data = createElements(datatype as Exclude<Datatype, 'BYTES'>, count);
  // By bytes, since a NaN may change on the way through a number.
  const [from, to] = [bytesOf(elements), bytesOf(data)];
  if (from.length === 0) return { datatype, shape, data };
  to.set(from.subarray(0, to.length));
  // What is there is doubled until it fills all.
  for (let filled = from.length; filled < to.length; filled *= 2) to.copyWithin(filled, 0, filled);
  return { datatype, shape, data };
}

function bytesOf({ buffer, byteOffset, byteLength }: Exclude<Elements, Uint8Array[]>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Elements of a datatype from numbers that it can hold; of sixteen bits those are few (`halves`). Throws Error for others. */
export function elementsOf(datatype: ArithmeticDatatype, values: readonly (number | bigint)[]): Elements {
  if (isHalf(datatype)) {
    return Uint16Array.from(values, (value) => {
      const bits = halves[datatype].get(Number(value));
      if (bits === undefined) throw new Error(`${value} is not among the known numbers of ${datatype}`);
      return bits;
    });
  }
  return elementsBy(datatype, values.length, (index) => values[index] ?? 0);
}

/** So many elements, each from its index, without a detour by an array of numbers; of sixteen bits those are bit patterns. */
export function elementsBy(
  datatype: FixedDatatype,
  count: number,
  value: (index: number) => number | bigint,
): Exclude<Elements, Uint8Array[]> {
  const elements = createElements(datatype, count);
  const wide = elements instanceof BigInt64Array || elements instanceof BigUint64Array;
  if (wide) for (let index = 0; index < count; index++) elements[index] = BigInt(value(index));
  else for (let index = 0; index < count; index++) elements[index] = Number(value(index));
  return elements;
}
