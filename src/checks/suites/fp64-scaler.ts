/** The model that metrics go through, and that requests which must be refused are sent to. */
import type { ModelConfig, ModelConfigOf } from '../../models/kinds.js';

/** The first FP64 scale model, if there is one. */
export function fp64Scaler(models: ModelConfig[]): ModelConfigOf<'scale'> | undefined {
  return models.find((model): model is ModelConfigOf<'scale'> => model.kind === 'scale' && model.datatype === 'FP64');
}
