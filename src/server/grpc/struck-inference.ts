/** Answers of inferences as faults make them wrong, in the bytes of protobuf. */
import { rawSize } from '../../protocol/raw-bytes.js';
import { type DecodedInferRequest, takeInferRequest } from '../../protocol/service-definition.js';
import type { InferResponse } from '../../protocol/tensor.js';
import type { MeasuredMessage } from '../../protocol/wire/infer-messages.js';
import { delimitedSize, WireWriter } from '../../protocol/wire/wire-writer.js';
import type { CallPlan } from '../faults/call-plan.js';
import { changesForm, missingEnd, withoutLastElements, wrongAnswer } from '../faults/wrong-answers.js';
import type { CalledRpc } from './struck-calls.js';

/** What faults choose an inference by; one that could not be decoded names no model. */
export function calledInference(decoded: DecodedInferRequest, rpc = 'ModelInfer'): CalledRpc {
  const { modelName = '', modelVersion = '' } = ('request' in decoded ? decoded.request : undefined) ?? {};
  return { rpc, model: modelName, version: modelVersion, isInference: true };
}

/** Lets go of the tensors of a request: grpc-js holds what it decoded until the call has ended. */
export function dropInference(decoded: DecodedInferRequest): void {
  if ('request' in decoded) takeInferRequest(decoded);
}

/** Tag of the response in a message of ModelStreamInfer's answer. */
const streamedTag = 0x12;

/** Tag of a response's raw contents, which are the last of its fields. */
const rawTag = 0x32;

/** The answer that the faults of a plan make of one. */
export function struckResponse(response: InferResponse, { wrong }: CallPlan): InferResponse {
  if (wrong.length === 0) return response;
  const struck = wrongAnswer(response, wrong);
  if (changesForm(wrong)) struck.form = otherForm(struck);
  if (struck.form === 'typed') struck.outputs = withoutLastElements(struck.outputs, missingEnd(wrong));
  return struck;
}

/** Raw for typed, and typed for raw, but where there are no typed contents for a datatype. */
function otherForm({ form, outputs }: InferResponse): InferResponse['form'] {
  if (form === 'typed') return 'raw';
  return outputs.some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16') ? 'raw' : 'typed';
}

/** The bytes of a struck answer, its last raw contents as short as the plan says. */
export function struckMessage(message: MeasuredMessage, response: InferResponse, { wrong }: CallPlan): MeasuredMessage {
  const last = response.outputs.at(-1);
  const missing = missingEnd(wrong);
  if (missing === 0 || !last || response.form === 'typed') return message;
  const size = rawSize(last.data);
  const kept = Math.max(0, size - missing);
  const whole = Buffer.allocUnsafe(message.byteLength);
  message.copy(whole, 0);
  const start = whole.byteLength - delimitedSize(size);
  const end = start + delimitedSize(kept);
  const data = Buffer.from(whole.subarray(whole.byteLength - size, whole.byteLength - size + kept));
  const writer = new WireWriter(whole, start);
  writer.delimited(rawTag, kept);
  writer.raw(data);
  writer.finish(end);
  return whole.subarray(0, end);
}

/** The same as a message of ModelStreamInfer. */
export function struckStreamMessage(message: MeasuredMessage): Buffer {
  const size = delimitedSize(message.byteLength);
  const whole = Buffer.allocUnsafe(size);
  new WireWriter(whole, 0).delimited(streamedTag, message.byteLength);
  message.copy(whole, size - message.byteLength);
  return whole;
}
