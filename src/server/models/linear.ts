/** linear: the weighted sum of each row of features, plus a bias. */
import type { ModelConfigOf } from '../../protocol/server-config.js';
import { inputAt, type Model, platformPrefix } from './model.js';

/** Input `input_tensor`, FP64 `[n, k]` for k weights; output `prediction`, FP64 `[n]`. */
export function createLinearModel({ weights, bias }: ModelConfigOf<'linear'>): Model {
  return {
    platform: `${platformPrefix}linear`,
    inputs: [{ name: 'input_tensor', datatype: 'FP64', shape: [-1, weights.length] }],
    outputs: [{ name: 'prediction', datatype: 'FP64', shape: [-1] }],
    predict: (inputs) => {
      const { data, shape } = inputAt(inputs, 0);
      const features = data as Float64Array;
      const prediction = new Float64Array(shape[0] ?? 0);
      for (let row = 0; row < prediction.length; row++) {
        let sum = bias;
        weights.forEach((weight, column) => {
          sum += weight * (features[row * weights.length + column] as number);
        });
        prediction[row] = sum;
      }
      return [{ name: 'prediction', datatype: 'FP64', shape: [prediction.length], data: prediction }];
    },
  };
}
