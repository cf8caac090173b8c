/** Elements of an output tensor as values of data points. */
import type { Tensor } from '../protocol/tensor.js';
import type { NewValue } from './otlp-document.js';

/** Largest value of `asInt`. */
const maxInt = 2n ** 63n - 1n;

/**
 * INT*, UINT* and BOOL become integers, FP* doubles. Returns words for what no data point can hold: BYTES, and a UINT64
 * of 2^63 or more.
 */
export function newValues({ name, datatype, data }: Tensor): NewValue[] | string {
  if (Array.isArray(data)) return `output ${name} is BYTES, which is no value of a metric`;
  switch (datatype) {
    case 'FP64':
    case 'FP32':
      return Array.from(data as Float64Array, (asDouble) => ({ asDouble }));
    case 'BF16':
      return Array.from(data as Uint16Array, (bits) => ({ asDouble: float32Of(bits << 16) }));
    case 'FP16':
      return Array.from(data as Uint16Array, (bits) => ({ asDouble: halfOf(bits) }));
  }
  const integers = Array.from(data as ArrayLike<number | bigint>, (value) => ({ asInt: BigInt(value) }));
  const large = integers.find(({ asInt }) => asInt > maxInt);
  return large === undefined ? integers : `output ${name} has ${large.asInt}, which asInt cannot hold`;
}

function float32Of(bits: number): number {
  return new Float32Array(Int32Array.of(bits).buffer)[0] as number;
}

/** IEEE 754 binary16: a sign, five bits of exponent, ten of fraction. */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
