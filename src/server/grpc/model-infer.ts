/** ModelInfer: one inference, from the decoded request to an answer that is ready to be written. */
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { type DecodedInferRequest, takeInferRequest } from '../../protocol/service-definition.js';
import { oipError } from '../../protocol/status.js';
import type { InferRequest, InferResponse } from '../../protocol/tensor.js';
import { type MeasuredMessage, measureInferResponse } from '../../protocol/wire/infer-messages.js';
import { assertInferenceByPlan } from '../faults/call-facts.js';
import type { CallPlan } from '../faults/call-plan.js';
import { noteMessageSize } from '../heap.js';
import type { ServiceParts } from './service-parts.js';
import { struckMessage, struckResponse } from './struck-inference.js';
import type { Answer } from './unary.js';

type Parts = Pick<ServiceParts, 'dataPlane' | 'limits' | 'unread' | 'repository'>;

/** The answer to ModelInfer; throws what the data plane throws, and OVERLOADED, TOO_LARGE. */
export function createModelInfer(
  parts: Parts & Pick<ServiceParts, 'describe'>,
): Answer<DecodedInferRequest, MeasuredMessage> {
  const { describe } = parts;
  const infer = (request: InferRequest, plan: CallPlan | undefined): MeasuredMessage | Promise<MeasuredMessage> => {
    if (!plan) return inferAdmitted(parts, request, measureInferResponse);
    assertInferenceByPlan(plan, parts.repository, request);
    return inferAdmitted(parts, request, (response) => measureStruck(response, plan));
  };
  if (!describe) return (decoded, _call, plan) => infer(takeInferRequest(decoded), plan);
  return async (decoded, call: ServerUnaryCall<DecodedInferRequest, MeasuredMessage>, plan) => {
    const request = takeInferRequest(decoded);
    const { modelName: model, modelVersion: version, id: requestId } = request;
    describe(call.metadata, { model, version, requestId });
    const message = await infer(request, plan);
    describe(call.metadata, { model, version, requestId, responseBytes: message.byteLength });
    return message;
  };
}

function measureStruck(response: InferResponse, plan: CallPlan): MeasuredMessage {
  const struck = struckResponse(response, plan);
  return struckMessage(measureInferResponse(struck), struck, plan);
}

/**
 * The answer of an inference, as `encode` makes it; the inference counts among those that run until then. At once where
 * the model answers at once, since every promise costs. Throws or rejects with what the data plane does, OVERLOADED where
 * too many run already, and TOO_LARGE for an answer beyond the limit.
 */
export function inferAdmitted<Message extends { byteLength: number }>(
  { dataPlane, limits: { maxSendMessageBytes }, unread }: Parts,
  request: InferRequest,
  encode: (response: InferResponse) => Message,
): Message | Promise<Message> {
  const within = (response: InferResponse): Message => {
    const message = encode(response);
    unread.made(message.byteLength);
    noteMessageSize(message.byteLength);
    if (message.byteLength <= maxSendMessageBytes) return message;
    throw oipError(
      'TOO_LARGE',
      `The answer has ${message.byteLength} bytes, more than the limit maxSendMessageBytes, ${maxSendMessageBytes}`,
    );
  };
  dataPlane.admit();
  let later = false;
  try {
    const response = dataPlane.infer(request);
    if (!(response instanceof Promise)) return within(response);
    later = true;
    return response.then(within).finally(dataPlane.release);
  } finally {
    if (!later) dataPlane.release();
  }
}
