/** Tensors from JSON arrays that say nothing of themselves: neither a name nor a datatype. */
import { UsageError } from '../errors.js';
import { createElements, type Datatype } from '../protocol/datatype.js';
import { flattenJsonArray } from '../protocol/json-array.js';
import { decodeJsonData } from '../protocol/json-data.js';
import type { Tensor } from '../protocol/tensor.js';
import { asUsage } from './as-usage.js';
import { floatOfWord } from './tensor-words.js';

/**
 * A tensor from a JSON value: nested arrays have the shape that they nest in, a single value is an array of one, and a
 * flat array of n is given the shape that `flatShape` makes of n. NaN and the infinities are strings, as proto3 JSON has
 * them, and as `infer --json` prints them.
 * @throws UsageError for an element that does not fit, and for ragged arrays
 */
export function tensorOfValues(
  name: string,
  datatype: Datatype,
  value: unknown,
  flatShape: (count: number) => number[],
): Tensor {
  const array = Array.isArray(value) ? value : [value];
  const subject = `input ${JSON.stringify(name)}`;
  if (datatype === 'FP16' || datatype === 'BF16') {
    throw new UsageError(`${subject}: ${datatype} has no form in JSON`, { hint: 'give it as a .npy file' });
  }
  return asUsage(() => {
    const elements = flattenJsonArray(array, subject);
    const shape = Array.isArray(array[0]) ? shapeOf(array) : flatShape(elements.length);
    const words = datatype === 'FP64' || datatype === 'FP32' ? elements.map(specialOf) : elements;
    if (words.some((word, index) => word !== elements[index])) return floats(name, datatype, words, shape, subject);
    return { name, datatype, shape, data: decodeJsonData(datatype, elements, shape, {}, subject) };
  });
}

function shapeOf(array: unknown[]): number[] {
  const shape: number[] = [];
  for (let level: unknown = array; Array.isArray(level); level = level[0]) shape.push(level.length);
  return shape;
}

/** NaN or an infinity for its name; all else as it is. */
function specialOf(value: unknown): unknown {
  return typeof value === 'string' && /^[+-]?(nan|inf(inity)?)$/i.test(value) ? floatOfWord(value, 'FP64') : value;
}

/** Numbers of which some are not finite; the others are looked at as JSON is. */
function floats(
  name: string,
  datatype: Datatype,
  values: readonly unknown[],
  shape: number[],
  subject: string,
): Tensor {
  const finite = values.map((value) => (typeof value === 'number' && !Number.isFinite(value) ? 0 : value));
  const read = decodeJsonData(datatype, finite, shape, {}, subject) as Float32Array | Float64Array;
  const data = createElements(datatype as 'FP32' | 'FP64', read.length);
  for (const [index, value] of values.entries()) {
    data[index] = typeof value === 'number' && !Number.isFinite(value) ? value : (read[index] ?? 0);
  }
  return { name, datatype, shape, data };
}
