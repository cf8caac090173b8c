/**
 * What one inference message may hold. A legal message of a few megabytes can ask for gigabytes: two bytes make an
 * input, and two an element of BYTES. So both transports count first, and allocate what is within these limits only.
 */
import type { Datatype } from './datatype.js';
import { oipError } from './status.js';

export interface MessageLimits {
  /** Elements of one tensor. */
  maxTensorElements: number;
  /** Elements of one BYTES tensor, each of which costs an object. */
  maxBytesElements: number;
  /** Inputs, outputs and raw entries: of each of them in one message. */
  maxTensors: number;
}

/** The limits of a server unless it sets its own. */
export const defaultMessageLimits: Readonly<MessageLimits> = {
  maxTensorElements: 8_388_608,
  maxBytesElements: 262_144,
  maxTensors: 256,
};

/** No limit but the message's own size: for a client, which reads what it asked for. */
export const noMessageLimits: Readonly<MessageLimits> = {
  maxTensorElements: Number.POSITIVE_INFINITY,
  maxBytesElements: Number.POSITIVE_INFINITY,
  maxTensors: Number.POSITIVE_INFINITY,
};

/** Dimensions of a shape, and parameters of one thing: far beyond any use, and they cost time when they are millions. */
const maxDimensions = 1_024;
const maxParameters = 1_024;

/** Throws TOO_LARGE for more than `maxTensors` of `what`, such as `inputs`. */
export function assertTensorLimit(count: number, { maxTensors }: Readonly<MessageLimits>, what: string): void {
  if (count > maxTensors) throw tooMany(what, 'maxTensors', maxTensors);
}

/** Throws TOO_LARGE for a shape of more dimensions than are read. */
export function assertDimensionLimit(count: number): void {
  if (count > maxDimensions) throw tooMany('dimensions of a shape', 'maxDimensions', maxDimensions);
}

/** Throws TOO_LARGE for more parameters of one thing than are read. */
export function assertParameterLimit(count: number): void {
  if (count > maxParameters) throw tooMany('parameters', 'maxParameters', maxParameters);
}

function tooMany(what: string, limit: string, figure: number): Error {
  return oipError('TOO_LARGE', `The message has more ${what} than the limit ${limit}, ${figure}`);
}

/** Throws TOO_LARGE for a tensor of more elements than its datatype may have; `subject` names the tensor. */
export function assertElementLimit(
  datatype: Datatype,
  count: number,
  limits: Readonly<MessageLimits>,
  subject: string,
): void {
  const limit = datatype === 'BYTES' ? 'maxBytesElements' : 'maxTensorElements';
  if (count > limits[limit]) {
    throw oipError(
      'TOO_LARGE',
      `${subject}: ${count} elements of ${datatype} are more than the limit ${limit}, ${limits[limit]}`,
    );
  }
}
