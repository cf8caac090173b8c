/** Handlers of unary RPCs, from functions that return the answer or throw. */
import type { handleUnaryCall, ServerUnaryCall, ServiceError, sendUnaryData } from '@grpc/grpc-js';
import { asOipError } from '../as-oip-error.js';
import type { CallPlan } from '../faults/call-plan.js';
import type { Logger } from '../telemetry/logger.js';
import type { CalledRpc, StruckCalls } from './struck-calls.js';

/**
 * What a handler does with a request: at once where it can, since a promise costs. Throws or rejects with OipError. The
 * plan is that of a call that faults strike.
 */
export type Answer<Request, Response> = (
  request: Request,
  call: ServerUnaryCall<Request, Response>,
  plan?: CallPlan,
) => Response | Promise<Response>;

/** An RPC as faults see it. */
export interface StrikableRpc<Request> {
  struck: StruckCalls;
  /** What its faults choose a call by. */
  called(request: Request): CalledRpc;
  /** Lets go of a request that is never answered. */
  drop?(request: Request): void;
}

/** The handler that grpc-js wants. An error of the protocol has its status; any other one is INTERNAL, and in the log. */
export function unary<Request, Response>(
  answer: Answer<Request, Response>,
  log: Logger,
  { struck, called, drop }: StrikableRpc<Request>,
): handleUnaryCall<Request, Response> {
  const serve = (
    call: ServerUnaryCall<Request, Response>,
    callback: sendUnaryData<Response>,
    plan: CallPlan | undefined,
  ): void => {
    const fail = (error: unknown): void => callback(asGrpcStatus(error, log));
    try {
      const response = answer(call.request, call, plan);
      if (response instanceof Promise) response.then((value) => callback(null, value), fail);
      else callback(null, response);
    } catch (error) {
      fail(error);
    }
  };
  return (call, callback) => {
    if (!struck.active) return serve(call, callback, undefined);
    struck.run(call, called(call.request), {
      serve: (plan) => serve(call, callback, plan),
      fail: (error) => callback(asGrpcStatus(error, log)),
      drop: () => drop?.(call.request),
    });
  };
}

/** The status that an error ends a call with. */
export function asGrpcStatus(error: unknown, log: Logger): Pick<ServiceError, 'code' | 'details'> {
  const { grpcCode, message } = asOipError(error, log);
  return { code: grpcCode, details: message };
}
