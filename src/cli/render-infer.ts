/** The answer to an inference, for people. Pure: data in, text out. */
import type { InferReport } from '../commands/infer.js';

/** A line for each output: name, datatype, shape and elements. */
export function renderInfer({ outputs }: InferReport): string {
  return outputs
    .map(({ name, datatype, shape, data }) => {
      const values = data.map((value) => (Object.is(value, -0) ? '-0' : String(value))).join(' ');
      return `${name} ${datatype} [${shape.join(', ')}]: ${values}`;
    })
    .join('\n');
}
