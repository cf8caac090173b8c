/** What a row of the bad input table is. */
import type { InferCall } from '../../../src/protocol/client.js';
import type { GrpcStatus } from '../../../src/protocol/status.js';
import type { Parameters, Tensor } from '../../../src/protocol/tensor.js';
import { type Attempts, tensor, type Way, ways } from './bad-input-attempts.js';

/** `–` where there is no such thing over this transport. */
type Expected<Status> = Status | 'accepted' | '–';

export interface BadInputRow {
  /** As the documentation has it. */
  case: string;
  grpc: Expected<GrpcStatus | 'HTTP 415'>;
  http: Expected<`${number}`>;
  /** Why it is not sent in all four ways, where it is not. */
  someWays?: 'exists in some forms of data only' | 'does not depend on the form of data';
  inputs: BadInput[];
}

export interface BadInput {
  name: string;
  /** Part of the message. */
  says: string;
  attempts: Attempts;
  /** A header of the HTTP answer. */
  header?: [name: string, value: string];
}

/** Bytes of the largest message of the table's server: small, so that one beyond it is soon sent. */
export const maxMessageBytes = 100_000;

/** One thing to send; `says` is part of the message. */
export const input = (name: string, says: string, attempts: Attempts, header?: BadInput['header']): BadInput => ({
  name,
  says,
  attempts,
  ...(header && { header }),
});

/** An inference with the scale model, whose input `more` changes. */
export const scaler = (more: Partial<Tensor>, parameters: Parameters = {}): InferCall => ({
  modelName: 'scaler',
  inputs: [tensor('x', more)],
  parameters,
});

/** An input of one FP64 element for messages of gRPC, and its data in both forms. */
export const x = { name: 'x', datatype: 'FP64', shape: [1] };
export const contents = { fp64_contents: [1] };
export const bytes: Buffer = Buffer.alloc(8);

/** Ways in which a row is not sent although it could be. */
export function missingWays({ grpc, http, inputs }: BadInputRow): Way[] {
  const sent = new Set(inputs.flatMap(({ attempts }) => Object.keys(attempts)));
  return ways.filter((way) => !sent.has(way) && (way.startsWith('REST') ? http : grpc) !== '–');
}
