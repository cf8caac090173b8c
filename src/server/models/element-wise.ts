/** Models of two inputs that meet element by element. */
import type { ModelConfigOf } from '../../protocol/server-config.js';
import { combine, type Operation } from './arithmetic.js';
import { inputAt, type Model, platformPrefix } from './model.js';

/** Inputs `input_a` and `input_b`, one output of the larger input's shape. */
export function createElementWiseModel(
  { kind, datatype: configured }: ModelConfigOf<'sum' | 'product'>,
  operation: Operation,
  result: string,
): Model {
  const datatype = configured === 'any' ? 'ANY' : configured;
  return {
    platform: `${platformPrefix}${kind}`,
    inputs: [
      { name: 'input_a', datatype, shape: [-1] },
      { name: 'input_b', datatype, shape: [-1] },
    ],
    outputs: [{ name: result, datatype, shape: [-1] }],
    predict: (inputs) => [combine(operation, inputAt(inputs, 0), inputAt(inputs, 1), result)],
  };
}
