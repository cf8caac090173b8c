/** What is done with a struck call before it is served, or instead, whatever transport it came by. */
import type { GrpcStatus } from '../../protocol/status.js';
import type { ServerParts } from '../transport.js';
import { type CallLife, waited } from './call-life.js';
import type { CallPlan } from './call-plan.js';

/**
 * Has a call wait as long as its plan says. Comes to false where it ended meanwhile. An inference that waits counts among
 * those that run: it holds its request, and a slow server is full of just such calls. Throws OVERLOADED.
 */
export async function waitAsPlanned(
  { freezes, delayMs }: CallPlan,
  life: CallLife,
  isInference: boolean,
  { control, dataPlane }: Pick<ServerParts, 'control' | 'dataPlane'>,
): Promise<boolean> {
  for (const fault of freezes) control.faults.happen(fault);
  if (delayMs === 0) return !life.ended;
  if (!isInference) return await waited(life, delayMs);
  dataPlane.admit();
  try {
    return await waited(life, delayMs);
  } finally {
    dataPlane.release();
  }
}

/**
 * What a gRPC client makes of a stream that was reset with a code; what is not in that table is UNKNOWN.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Errors
 */
export function statusOfReset(code: number): GrpcStatus {
  return statusOfCode[code] ?? 'UNKNOWN';
}

const statusOfCode: Readonly<Record<number, GrpcStatus>> = {
  0: 'INTERNAL',
  1: 'INTERNAL',
  2: 'INTERNAL',
  3: 'INTERNAL',
  4: 'INTERNAL',
  6: 'INTERNAL',
  7: 'UNAVAILABLE',
  8: 'CANCELLED',
  9: 'INTERNAL',
  10: 'INTERNAL',
  11: 'RESOURCE_EXHAUSTED',
  12: 'PERMISSION_DENIED',
};
