/** add_sub: sum and difference, the model that Triton's client examples expect under the name `simple`. */
import { add, combine, subtract } from './arithmetic.js';
import { inputAt, type Model, platformPrefix } from './model.js';

const int32 = (name: string) => ({ name, datatype: 'INT32', shape: [1, 16] });

/** Inputs `INPUT0` and `INPUT1`, outputs `OUTPUT0` (sum) and `OUTPUT1` (difference), all INT32 `[1, 16]`. */
export function createAddSubModel(): Model {
  return {
    platform: `${platformPrefix}add_sub`,
    inputs: [int32('INPUT0'), int32('INPUT1')],
    outputs: [int32('OUTPUT0'), int32('OUTPUT1')],
    predict: (inputs) => {
      const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)];
      return [combine(add, a, b, 'OUTPUT0'), combine(subtract, a, b, 'OUTPUT1')];
    },
  };
}
