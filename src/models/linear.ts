/** linear: the weighted sum of each row of features, plus a bias. */
import * as z from 'zod';
import { createElements } from '../protocol/datatype.js';
import { inputAt, platformPrefix } from './model.js';
import { commonFields, defineModelKind } from './model-kind.js';

/** Input `input_tensor` `[n, k]` for k weights, output `prediction` `[n]`, both of the configured datatype. */
export const linearKind = defineModelKind({
  schema: z.strictObject({
    kind: z.literal('linear').describe('Weighted sum of each row of features, plus a bias.'),
    ...commonFields,
    datatype: z.enum(['FP64', 'FP32']).default('FP64').describe('Datatype of features and predictions.'),
    weights: z.array(z.number()).min(1).max(4096).describe('One weight a feature.'),
    bias: z.number().default(0).describe('Added to every prediction.'),
  }),
  create: ({ datatype, weights, bias }) => ({
    platform: `${platformPrefix}linear`,
    inputs: [{ name: 'input_tensor', datatype, shape: [-1, weights.length] }],
    outputs: [{ name: 'prediction', datatype, shape: [-1] }],
    predict: (inputs) => {
      const { data, shape } = inputAt(inputs, 0);
      const features = data as Float64Array | Float32Array;
      const prediction = createElements(datatype, shape[0] ?? 0);
      for (let row = 0; row < prediction.length; row++) {
        let sum = bias;
        weights.forEach((weight, column) => {
          sum += weight * (features[row * weights.length + column] as number);
        });
        prediction[row] = sum;
      }
      return [{ name: 'prediction', datatype, shape: [prediction.length], data: prediction }];
    },
  }),
});
