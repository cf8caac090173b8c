/**
 * ModelStreamInfer, Triton's stream of inferences: answered one after the other, in their order.
 * Source: https://github.com/triton-inference-server/server/blob/main/docs/customization_guide/inference_protocols.md
 */
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { type DecodedInferRequest, takeInferRequest } from '../../protocol/service-definition.js';
import { oipError } from '../../protocol/status.js';
import type { InferResponse } from '../../protocol/tensor.js';
import { encodeStreamResponse } from '../../protocol/wire/infer-messages.js';
import { asOipError } from '../as-oip-error.js';
import { inferAdmitted } from './model-infer.js';
import type { ServiceParts } from './service-parts.js';
import { asGrpcStatus } from './unary.js';

/** Bytes of answers that a client may leave unread before the server reads nothing more of that stream. */
const maxUnreadBytes = 1024 * 1024;

/** Metadata with which a client asks for a failed inference to end the stream with its status. */
const strictErrorsKey = 'triton_grpc_error';

/** Says on each answer that it is the only one to its request; clients of decoupled models wait for it. */
const finalParameter = { triton_final_response: true };

type Parts = Pick<ServiceParts, 'dataPlane' | 'limits' | 'log' | 'unread'>;
type Call = ServerDuplexStream<DecodedInferRequest, Buffer>;

export function createModelStreamInfer(
  parts: Parts & Pick<ServiceParts, 'streams'>,
): handleBidiStreamingCall<DecodedInferRequest, Buffer> {
  return (call) => {
    const strict = call.metadata.get(strictErrorsKey)[0] === 'true';
    const answers = createAnswers(call);
    let busy = false;
    let ended = false;
    let stopping = false;
    const stop = (): void => {
      stopping = true;
      if (!busy) endWith(call, asGrpcStatus(oipError('UNREACHABLE', 'The server stops'), parts.log));
    };
    const remove = parts.streams.add(stop);
    call.on('data', (decoded: DecodedInferRequest) => {
      // What was read ahead when the stream ended.
      if (call.cancelled || call.writableEnded) return;
      busy = true;
      call.pause();
      answer(parts, decoded, strict).then(
        (bytes) => {
          answers.send(bytes, () => {
            busy = false;
            if (ended) call.end();
            else if (stopping) stop();
            else call.resume();
          });
        },
        (error) => endWith(call, asGrpcStatus(error, parts.log)),
      );
    });
    // It comes with the last request, before that one is answered.
    call.on('end', () => {
      ended = true;
      if (!busy) call.end();
    });
    call.on('cancelled', remove);
  };
}

/** The message that answers a request. Rejects with the refusal where the stream has to end with it. */
async function answer(parts: Parts, decoded: DecodedInferRequest, strict: boolean): Promise<Buffer> {
  let id = 'error' in decoded ? decoded.id : '';
  try {
    const request = takeInferRequest(decoded);
    id = request.id;
    return await inferAdmitted(parts, request, encodeAnswer);
  } catch (error) {
    if (strict) throw error;
    const { message } = asOipError(error, parts.log);
    return encodeStreamResponse({ errorMessage: message, response: { ...noResponse, id } });
  }
}

function encodeAnswer(response: InferResponse): Buffer {
  return encodeStreamResponse({ response: { ...response, parameters: { ...response.parameters, ...finalParameter } } });
}

/** What comes with an error: nothing but the request's id. */
const noResponse: InferResponse = {
  modelName: '',
  modelVersion: '',
  id: '',
  parameters: {},
  outputs: [],
  form: 'typed',
};

/** Writes answers, and tells when the next one is welcome: at once, unless the client reads too slowly. */
function createAnswers(call: Call) {
  let unread = 0;
  let next: (() => void) | undefined;
  return {
    send(bytes: Buffer, welcome: () => void): void {
      unread += bytes.byteLength;
      call.write(bytes, () => {
        unread -= bytes.byteLength;
        if (unread > maxUnreadBytes) return;
        next?.();
        next = undefined;
      });
      if (unread <= maxUnreadBytes) welcome();
      else next = welcome;
    },
  };
}

/** Ends a stream with a status, after what was written before; grpc-js takes it as an 'error'. */
function endWith(call: Call, status: ReturnType<typeof asGrpcStatus>): void {
  call.emit('error', status);
}
