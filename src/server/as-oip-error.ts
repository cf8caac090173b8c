/** What is answered to whatever goes wrong. */
import { randomUUID } from 'node:crypto';
import { OipError, oipError } from '../protocol/status.js';
import { type Logger, stackOf } from './telemetry/logger.js';

/**
 * The error to answer with. One of the protocol passes; anything else is a bug of ours or of a user's model, logged with
 * its stack, and the client gets an id to find it by.
 */
export function asOipError(error: unknown, log: Logger, fields: { model?: string; requestId?: string } = {}): OipError {
  if (error instanceof OipError) return error;
  const requestId = fields.requestId ?? randomUUID();
  log.error('request failed', { ...fields, requestId, error: stackOf(error) });
  return oipError('INTERNAL', `The server failed; its log says more under request id ${requestId}`);
}
