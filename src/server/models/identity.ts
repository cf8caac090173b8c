/** identity: the input, unchanged to the last bit. */
import { inputAt, type Model, platformPrefix } from './model.js';

/** Input `input_tensor` of any datatype and shape, answered as `output_tensor`. */
export function createIdentityModel(): Model {
  return {
    platform: `${platformPrefix}identity`,
    inputs: [{ name: 'input_tensor', datatype: 'ANY', shape: [-1] }],
    outputs: [{ name: 'output_tensor', datatype: 'ANY', shape: [-1] }],
    predict: (inputs) => {
      const { datatype, shape, data, parameters } = inputAt(inputs, 0);
      // Strings that came as base64 go back so, even where they happen to be UTF-8.
      const base64 = parameters?.content_type === 'base64';
      return [
        { name: 'output_tensor', datatype, shape, data, ...(base64 && { parameters: { content_type: 'base64' } }) },
      ];
    },
  };
}
