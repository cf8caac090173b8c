/** Models of two inputs that meet element by element. */
import type * as z from 'zod';
import { assertMeet, combine, type Operation } from './arithmetic.js';
import { inputAt, type Model, platformPrefix } from './model.js';
import { type elementWiseFields, metadataDatatype } from './model-kind.js';

interface ElementWiseConfig {
  kind: string;
  datatype: z.output<typeof elementWiseFields.datatype>;
  shape: number[];
}

/** Inputs `input_a` and `input_b`, one output of the larger input's shape. */
export function createElementWiseModel(
  { kind, datatype: configured, shape }: ElementWiseConfig,
  operation: Operation,
  result: string,
): Model {
  const datatype = metadataDatatype(configured);
  return {
    platform: `${platformPrefix}${kind}`,
    inputs: [
      { name: 'input_a', datatype, shape },
      { name: 'input_b', datatype, shape },
    ],
    outputs: [{ name: result, datatype, shape }],
    validate: (inputs) => assertMeet(inputAt(inputs, 0), inputAt(inputs, 1)),
    predict: (inputs) => [combine(operation, inputAt(inputs, 0), inputAt(inputs, 1), result)],
  };
}
