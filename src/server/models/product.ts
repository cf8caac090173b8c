/** product: two tensors multiplied element by element. */
import type { ModelConfigOf } from '../../protocol/server-config.js';
import { multiply } from './arithmetic.js';
import { createElementWiseModel } from './element-wise.js';
import type { Model } from './model.js';

/** Inputs `input_a` and `input_b`, output `product_result`. */
export function createProductModel(config: ModelConfigOf<'product'>): Model {
  return createElementWiseModel(config, multiply, 'product_result');
}
