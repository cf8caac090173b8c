/**
 * ModelStreamInfer, Triton's stream of inferences: answered one after the other, in their order.
 * Source: https://github.com/triton-inference-server/server/blob/main/docs/customization_guide/inference_protocols.md
 */
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { type DecodedInferRequest, takeInferRequest } from '../../protocol/service-definition.js';
import { oipError } from '../../protocol/status.js';
import type { InferResponse } from '../../protocol/tensor.js';
import { encodeStreamResponse, measureInferResponse } from '../../protocol/wire/infer-messages.js';
import { asOipError } from '../as-oip-error.js';
import { assertInferenceByPlan } from '../faults/call-facts.js';
import type { CallPlan } from '../faults/call-plan.js';
import { inferAdmitted } from './model-infer.js';
import type { ServiceParts } from './service-parts.js';
import {
  calledInference,
  dropInference,
  struckMessage,
  struckResponse,
  struckStreamMessage,
} from './struck-inference.js';
import { asGrpcStatus } from './unary.js';

/** Bytes of answers that a client may leave unread before the server reads nothing more of that stream. */
const maxUnreadBytes = 1024 * 1024;

/** Metadata with which a client asks for a failed inference to end the stream with its status. */
const strictErrorsKey = 'triton_grpc_error';

/** Says on each answer that it is the only one to its request; clients of decoupled models wait for it. */
const finalParameter = { triton_final_response: true };

type Parts = Pick<ServiceParts, 'dataPlane' | 'limits' | 'log' | 'unread' | 'repository' | 'struck'>;
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
    const send = (message: Promise<Buffer>): void => {
      message.then(
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
    };
    const remove = parts.streams.add(stop);
    call.on('data', (decoded: DecodedInferRequest) => {
      // What was read ahead when the stream ended.
      if (call.cancelled || call.writableEnded) return;
      busy = true;
      call.pause();
      if (!parts.struck.active) return send(answer(parts, decoded, strict));
      const { struck } = parts;
      // What a fault does to a message is done to the next one that is written.
      answers.whenWritten(() =>
        struck.run(call, calledInference(decoded, 'ModelStreamInfer'), {
          serve: (plan) => send(answer(parts, decoded, strict, plan)),
          fail: (error) => send(refusal(parts, error, idOf(decoded), strict)),
          drop: () => dropInference(decoded),
        }),
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
async function answer(parts: Parts, decoded: DecodedInferRequest, strict: boolean, plan?: CallPlan): Promise<Buffer> {
  let id = 'error' in decoded ? decoded.id : '';
  try {
    const request = takeInferRequest(decoded);
    id = request.id;
    if (!plan) return await inferAdmitted(parts, request, encodeAnswer);
    assertInferenceByPlan(plan, parts.repository, request);
    return await inferAdmitted(parts, request, (response) => encodeStruck(response, plan));
  } catch (error) {
    return await refusal(parts, error, id, strict);
  }
}

/** The message that answers a request with an error. Rejects with the error where the stream has to end with it. */
async function refusal({ log }: Pick<Parts, 'log'>, error: unknown, id: string, strict: boolean): Promise<Buffer> {
  if (strict) throw error;
  const { message } = asOipError(error, log);
  return encodeStreamResponse({ errorMessage: message, response: { ...noResponse, id } });
}

function idOf(decoded: DecodedInferRequest): string {
  return 'error' in decoded ? decoded.id : (decoded.request?.id ?? '');
}

function encodeAnswer(response: InferResponse): Buffer {
  return encodeStreamResponse({ response: asOnlyAnswer(response) });
}

function encodeStruck(response: InferResponse, plan: CallPlan): Buffer {
  const struck = struckResponse(asOnlyAnswer(response), plan);
  return struckStreamMessage(struckMessage(measureInferResponse(struck), struck, plan));
}

function asOnlyAnswer(response: InferResponse): InferResponse {
  return { ...response, parameters: { ...response.parameters, ...finalParameter } };
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
  let whenAllIsWritten: (() => void) | undefined;
  return {
    /** Calls back once nothing that was sent waits to be written, which may be now. */
    whenWritten(callback: () => void): void {
      if (unread === 0) callback();
      else whenAllIsWritten = callback;
    },
    send(bytes: Buffer, welcome: () => void): void {
      unread += bytes.byteLength;
      call.write(bytes, () => {
        unread -= bytes.byteLength;
        if (unread === 0) {
          const callback = whenAllIsWritten;
          whenAllIsWritten = undefined;
          callback?.();
        }
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
