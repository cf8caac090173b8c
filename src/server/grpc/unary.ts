/** Handlers of unary RPCs, from functions that return the answer or throw. */
import type { handleUnaryCall, ServerUnaryCall, ServiceError } from '@grpc/grpc-js';
import { asOipError } from '../as-oip-error.js';
import type { Logger } from '../telemetry/logger.js';

/** What a handler does with a request: at once where it can, since a promise costs. Throws or rejects with OipError. */
export type Answer<Request, Response> = (
  request: Request,
  call: ServerUnaryCall<Request, Response>,
) => Response | Promise<Response>;

/** The handler that grpc-js wants. An error of the protocol has its status; any other one is INTERNAL, and in the log. */
export function unary<Request, Response>(
  answer: Answer<Request, Response>,
  log: Logger,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const fail = (error: unknown): void => callback(asGrpcStatus(error, log));
    try {
      const response = answer(call.request, call);
      if (response instanceof Promise) response.then((value) => callback(null, value), fail);
      else callback(null, response);
    } catch (error) {
      fail(error);
    }
  };
}

/** The status that an error ends a call with. */
export function asGrpcStatus(error: unknown, log: Logger): Pick<ServiceError, 'code' | 'details'> {
  const { grpcCode, message } = asOipError(error, log);
  return { code: grpcCode, details: message };
}
