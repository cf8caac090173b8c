/** The one list of model kinds. */
import type { ModelConfig, ModelConfigOf, ModelKind } from '../../protocol/server-config.js';
import { createAddSubModel } from './add-sub.js';
import { createIdentityModel } from './identity.js';
import { createLinearModel } from './linear.js';
import type { Model } from './model.js';
import { createProductModel } from './product.js';
import { createScaleModel } from './scale.js';
import { createSumModel } from './sum.js';

const kinds: { [Kind in ModelKind]: (config: ModelConfigOf<Kind>) => Model } = {
  scale: createScaleModel,
  sum: createSumModel,
  product: createProductModel,
  linear: createLinearModel,
  identity: createIdentityModel,
  add_sub: createAddSubModel,
};

/** The model that a configuration describes. */
export function createModel(config: ModelConfig): Model {
  const create = kinds[config.kind] as (config: ModelConfig) => Model;
  return create(config);
}
