/** add_sub: sum and difference, the model that Triton's client examples expect under the name `simple`. */
import * as z from 'zod';
import { add, assertMeet, combine, subtract } from './arithmetic.js';
import { inputAt, platformPrefix } from './model.js';
import { commonFields, defineModelKind, elementWiseFields, metadataDatatype, shapeField } from './model-kind.js';

/** Inputs `INPUT0` and `INPUT1`, outputs `OUTPUT0` (sum) and `OUTPUT1` (difference), INT32 `[1, 16]` unless configured. */
export const addSubKind = defineModelKind({
  schema: z.strictObject({
    kind: z.literal('add_sub').describe("Sum and difference of two tensors: the model of Triton's client examples."),
    ...commonFields,
    datatype: elementWiseFields.datatype.removeDefault().default('INT32'),
    shape: shapeField([1, 16]),
  }),
  create({ datatype: configured, shape }) {
    const datatype = metadataDatatype(configured);
    const tensor = (name: string) => ({ name, datatype, shape });
    return {
      platform: `${platformPrefix}add_sub`,
      inputs: [tensor('INPUT0'), tensor('INPUT1')],
      outputs: [tensor('OUTPUT0'), tensor('OUTPUT1')],
      validate: (inputs) => assertMeet(inputAt(inputs, 0), inputAt(inputs, 1)),
      predict: (inputs) => {
        const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)];
        return [combine(add, a, b, 'OUTPUT0'), combine(subtract, a, b, 'OUTPUT1')];
      },
    };
  },
});
