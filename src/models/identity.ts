/** identity: the input, unchanged to the last bit. */
import * as z from 'zod';
import { datatypes } from '../protocol/datatype.js';
import { inputAt, platformPrefix } from './model.js';
import { commonFields, defineModelKind, metadataDatatype, shapeField } from './model-kind.js';

/** Input `input_tensor`, answered as `output_tensor`; any datatype and shape unless the configuration says one. */
export const identityKind = defineModelKind({
  schema: z.strictObject({
    kind: z.literal('identity').describe('Answers the input, whatever its datatype and shape.'),
    ...commonFields,
    datatype: z
      .enum([...datatypes, 'any'])
      .default('any')
      .describe('Datatype that is taken; any takes every one.'),
    shape: shapeField([-1]),
  }),
  create({ datatype: configured, shape: declared }) {
    const datatype = metadataDatatype(configured);
    return {
      platform: `${platformPrefix}identity`,
      inputs: [{ name: 'input_tensor', datatype, shape: declared }],
      outputs: [{ name: 'output_tensor', datatype, shape: declared }],
      predict: (inputs) => {
        const input = inputAt(inputs, 0);
        const { shape, data, parameters } = input;
        // Strings that came as base64 go back so, even where they happen to be UTF-8.
        const base64 = parameters?.content_type === 'base64';
        const output = { name: 'output_tensor', datatype: input.datatype, shape, data };
        return [base64 ? { ...output, parameters: { content_type: 'base64' } } : output];
      },
    };
  },
});
