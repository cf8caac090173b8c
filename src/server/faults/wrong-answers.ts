/** Answers of inferences that are wrong on purpose: pure functions from an answer to another one. */
import type { Fault } from '../../faults/fault.js';
import type { InferResponse, Tensor } from '../../protocol/tensor.js';
import type { WrongKind } from './call-plan.js';
import { allNaN, asOtherDatatype, offBy } from './wrong-elements.js';

/** Output that no model has. */
const extraOutputName = 'kserve_env_extra_output';

/** The answer with the outputs that the faults make of it, one after the other. How it is written is not theirs. */
export function wrongAnswer(response: InferResponse, faults: readonly Fault<WrongKind>[]): InferResponse {
  return { ...response, outputs: faults.reduce(wrongOutputs, response.outputs) };
}

function wrongOutputs(outputs: Tensor[], fault: Fault<WrongKind>): Tensor[] {
  switch (fault.kind) {
    case 'wrong-value':
      return outputs.map((output) => ({ ...output, data: offBy(fault.offset, output) }));
    case 'nan':
      return outputs.map((output) => ({ ...output, data: allNaN(output) ?? output.data }));
    case 'wrong-shape':
      return outputs.map((output) => ({ ...output, shape: oneMore(output.shape) }));
    case 'wrong-datatype':
      return outputs.map((output) => ({ ...output, ...asOtherDatatype(output) }));
    case 'missing-output':
      return outputs.slice(0, -1);
    case 'extra-output':
      return [...outputs, { name: extraOutputName, datatype: 'FP32', shape: [1], data: new Float32Array(1) }];
    default:
      return outputs;
  }
}

/** A scalar has one element, and is said to have two. */
function oneMore(shape: readonly number[]): number[] {
  return [...shape.slice(0, -1), (shape.at(-1) ?? 1) + 1];
}

/** Whether data travels in the other form: two of these are none. */
export function changesForm(faults: readonly Fault<WrongKind>[]): boolean {
  return faults.filter(({ kind }) => kind === 'wrong-form').length % 2 === 1;
}

/** Bytes, or elements of typed data, that the last output lacks. */
export function missingEnd(faults: readonly Fault<WrongKind>[]): number {
  return faults.reduce((sum, fault) => (fault.kind === 'truncated' ? sum + fault.bytes : sum), 0);
}

/** The outputs without the last `count` elements of the last one. */
export function withoutLastElements(outputs: readonly Tensor[], count: number): Tensor[] {
  const last = outputs.at(-1);
  if (!last) return [];
  const { data } = last;
  return [...outputs.slice(0, -1), { ...last, data: data.slice(0, Math.max(0, data.length - count)) }];
}
