/** sum: two tensors added element by element. */
import * as z from 'zod';
import { add } from './arithmetic.js';
import { createElementWiseModel } from './element-wise.js';
import { commonFields, defineModelKind, elementWiseFields } from './model-kind.js';

/** Inputs `input_a` and `input_b`, output `sum_result`. */
export const sumKind = defineModelKind({
  schema: z.strictObject({
    kind: z.literal('sum').describe('Adds two tensors element by element.'),
    ...commonFields,
    ...elementWiseFields,
  }),
  create: (config) => createElementWiseModel(config, add, 'sum_result'),
});
