/** product: two tensors multiplied element by element. */
import * as z from 'zod';
import { multiply } from './arithmetic.js';
import { createElementWiseModel } from './element-wise.js';
import { commonFields, defineModelKind, elementWiseFields } from './model-kind.js';

/** Inputs `input_a` and `input_b`, output `product_result`. */
export const productKind = defineModelKind({
  schema: z.strictObject({
    kind: z.literal('product').describe('Multiplies two tensors element by element.'),
    ...commonFields,
    ...elementWiseFields,
  }),
  create: (config) => createElementWiseModel(config, multiply, 'product_result'),
});
