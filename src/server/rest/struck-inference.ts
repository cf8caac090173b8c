/** Answers of inferences as faults make them wrong, as REST bodies. */
import { rawSize } from '../../protocol/raw-bytes.js';
import { encodeRestResponse, isBinaryOutput, type RequestedForm, type RestBody } from '../../protocol/rest-messages.js';
import type { InferResponse, Tensor } from '../../protocol/tensor.js';
import type { CallPlan } from '../faults/call-plan.js';
import { changesForm, missingEnd, withoutLastElements, wrongAnswer } from '../faults/wrong-answers.js';

/**
 * The body that the faults of a plan make of an answer. NaN and infinities are written as words, as servers in Python
 * do, where the answer is JSON. Throws as encodeRestResponse does.
 */
export function struckBody(
  response: InferResponse,
  request: RequestedForm,
  { wrong }: CallPlan,
  maxBytes: number,
): RestBody {
  const struck = wrongAnswer(response, wrong);
  const isBinary = ({ name, datatype }: Tensor): boolean => {
    const asked = isBinaryOutput(request, name);
    // JSON has no numbers for these two: they stay binary.
    return changesForm(wrong) ? !asked || datatype === 'FP16' || datatype === 'BF16' : asked;
  };
  const outputs = struck.outputs.map((output) => ({
    name: output.name,
    parameters: { binary_data: isBinary(output) },
  }));
  const missing = missingEnd(wrong);
  const last = struck.outputs.at(-1);
  const cutsBytes = last !== undefined && isBinary(last);
  if (!cutsBytes) struck.outputs = withoutLastElements(struck.outputs, missing);
  const { body, headerLength } = encodeRestResponse(struck, { parameters: {}, outputs }, maxBytes, true);
  const cut = cutsBytes ? Math.min(missing, rawSize(last.data)) : 0;
  return { body: body.subarray(0, body.byteLength - cut), headerLength };
}
