/** The model that metrics go through, and that requests which must be refused are sent to. */
import type { ModelConfig, ModelConfigOf } from '../../models/kinds.js';
import { isFreeVector } from '../../protocol/shape.js';

/** The first FP64 scale model of vectors that is loaded and scales by its factor, if there is one. */
export function fp64Scaler(models: ModelConfig[]): ModelConfigOf<'scale'> | undefined {
  return models.find((model): model is ModelConfigOf<'scale'> => {
    if (model.kind !== 'scale' || model.datatype !== 'FP64' || model.initial !== 'loaded') return false;
    const { name, shape, parameters } = model;
    const alone = models.every((other) => other === model || other.name !== name);
    return alone && isFreeVector(shape) && parameters.scale_factor === undefined;
  });
}
