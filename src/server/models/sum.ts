/** sum: two tensors added element by element. */
import type { ModelConfigOf } from '../../protocol/server-config.js';
import { add } from './arithmetic.js';
import { createElementWiseModel } from './element-wise.js';
import type { Model } from './model.js';

/** Inputs `input_a` and `input_b`, output `sum_result`. */
export function createSumModel(config: ModelConfigOf<'sum'>): Model {
  return createElementWiseModel(config, add, 'sum_result');
}
