/** What the clients of both transports share: the protocol's defaults, and answers that make no sense. */
import type { InferCall } from './client.js';
import { OipError, oipError } from './status.js';
import type { InferRequest } from './tensor.js';

/** Milliseconds that a call may take unless its options say otherwise. */
export const defaultTimeoutMs = 10_000;

/** A whole request from what the caller gave. */
export function completeCall(call: InferCall): InferRequest {
  return { modelVersion: '', id: '', parameters: {}, outputs: [], form: 'typed', ...call };
}

/** Runs a decoder of an answer; what it refuses is the server's fault, not the caller's, so it becomes INTERNAL. */
export function malformedAnswer<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof OipError || error instanceof RangeError || error instanceof TypeError) {
      throw oipError('INTERNAL', `The server's answer is malformed: ${reason}`, { cause: error });
    }
    throw error;
  }
}
