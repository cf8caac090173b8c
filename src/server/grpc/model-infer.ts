/** ModelInfer: one inference, from the decoded request to the bytes of the answer. */
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { type DecodedInferRequest, inferRequestOf } from '../../protocol/service-definition.js';
import { oipError } from '../../protocol/status.js';
import type { InferRequest, InferResponse } from '../../protocol/tensor.js';
import { encodeInferResponse } from '../../protocol/wire/infer-messages.js';
import type { ServerParts } from '../transport.js';
import type { IncomingCalls } from './incoming-calls.js';
import type { Answer } from './unary.js';

type Parts = Pick<ServerParts, 'dataPlane' | 'limits'>;

/** The answer to ModelInfer; throws what the data plane throws, and OVERLOADED, TOO_LARGE. */
export function createModelInfer(
  parts: Parts,
  describe: IncomingCalls['describe'],
): Answer<DecodedInferRequest, Buffer> {
  return async (decoded, call: ServerUnaryCall<DecodedInferRequest, Buffer>) => {
    const request = inferRequestOf(decoded);
    const { modelName: model, modelVersion: version, id: requestId } = request;
    describe?.(call.metadata, { model, version, requestId });
    const bytes = await inferAdmitted(parts, request, encodeInferResponse);
    describe?.(call.metadata, { model, version, requestId, responseBytes: bytes.byteLength });
    return bytes;
  };
}

/**
 * The encoded answer of an inference, which counts among those that run until then. Throws OVERLOADED where too many run
 * already, and TOO_LARGE for an answer beyond the limit.
 */
export async function inferAdmitted(
  { dataPlane, limits: { maxSendMessageBytes } }: Parts,
  request: InferRequest,
  encode: (response: InferResponse) => Buffer,
): Promise<Buffer> {
  dataPlane.admit();
  try {
    const bytes = encode(await dataPlane.infer(request));
    if (bytes.byteLength <= maxSendMessageBytes) return bytes;
    throw oipError(
      'TOO_LARGE',
      `The answer has ${bytes.byteLength} bytes, more than the limit maxSendMessageBytes, ${maxSendMessageBytes}`,
    );
  } finally {
    dataPlane.release();
  }
}
