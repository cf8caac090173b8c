/** Elements of an output tensor as values of data points. */
import { readHalf } from '../protocol/half-precision.js';
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
    case 'FP16':
    case 'BF16':
      return Array.from(data as Uint16Array, (bits) => ({ asDouble: readHalf(datatype, bits) }));
  }
  const integers = Array.from(data as ArrayLike<number | bigint>, (value) => ({ asInt: BigInt(value) }));
  const large = integers.find(({ asInt }) => asInt > maxInt);
  return large === undefined ? integers : `output ${name} has ${large.asInt}, which asInt cannot hold`;
}
