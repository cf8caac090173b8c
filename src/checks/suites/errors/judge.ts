/** Sends what is wrong, sees that the server is as before, and judges the answer. */
import type { IncomingHttpHeaders } from 'node:http';
import { grpcFrames } from '../../../protocol/grpc-frames.js';
import type { HttpAnswer } from '../../../protocol/http-exchange.js';
import type { Http2Answer } from '../../../protocol/http2-exchange.js';
import { noMessageLimits } from '../../../protocol/message-limits.js';
import { decodeRestResponse, headerLengthHeader, parseHeaderLength } from '../../../protocol/rest-messages.js';
import { OipError, oipErrorFromGrpc } from '../../../protocol/status.js';
import { decodeInferResponse } from '../../../protocol/wire/infer-messages.js';
import { CaseFailure, CaseSkipped, type Transport } from '../../case.js';
import { responseLines } from '../../exchange.js';
import type { Probe } from '../../probe.js';
import type { ServerProfile } from '../../profile.js';
import { knownAnswersText, unusual } from '../../verdict.js';
import type { Row } from './row.js';
import { type Attempt, bytesOf } from './sent-request.js';

/** What came of an attempt. */
export type Outcome =
  /** Answered as if nothing were wrong. */
  | { kind: 'accepted'; says: string }
  /** `status` is gRPC's name, or HTTP's number. */
  | { kind: 'refused'; status: string; message: string; headers?: IncomingHttpHeaders; http?: HttpAnswer }
  /** The connection ended without an answer. */
  | { kind: 'unanswered'; message: string };

/** Sends it. Throws OipError where there was no answer in time, or the run was given up. */
export async function outcomeOf(probe: Probe, attempt: Attempt): Promise<Outcome> {
  const { asked, mostMs = Number.POSITIVE_INFINITY } = attempt;
  const options = { timeoutMs: Math.min(probe.timeoutMs, mostMs), ...(asked && { asked }) };
  try {
    if (attempt.kind === 'grpc') {
      const bytes = await probe.grpcBytes(attempt.method, bytesOf(attempt.message), options);
      return { kind: 'accepted', says: wordsOf(() => responseLines(decodeInferResponse(bytes, noMessageLimits))) };
    }
    if (attempt.kind === 'frames')
      return outcomeOfFrames(await probe.http2({ ...attempt, body: bytesOf(attempt.body) }, options));
    const { body, ...request } = attempt;
    return outcomeOfHttp(await probe.http(body ? { ...request, body: bytesOf(body) } : request, options));
  } catch (error) {
    if (!(error instanceof OipError) || error.status === 'DEADLINE_EXCEEDED' || error.status === 'CANCELLED')
      throw error;
    if (attempt.kind === 'grpc') {
      // What the channel says where the server says nothing.
      const silent = error.message === `${attempt.method} failed with status ${error.grpcCode}`;
      return { kind: 'refused', status: error.status, message: silent ? '' : error.message };
    }
    return { kind: 'unanswered', message: error.message };
  }
}

function outcomeOfHttp(http: HttpAnswer): Outcome {
  const { status, headers, body } = http;
  if (status >= 300)
    return { kind: 'refused', status: String(status), message: errorMessage(http) ?? String(body), headers, http };
  const header = headers[headerLengthHeader]?.toString();
  const decoded = () => decodeRestResponse({ body, headerLength: parseHeaderLength(header, body.byteLength) });
  return { kind: 'accepted', says: wordsOf(() => responseLines(decoded())) };
}

/** gRPC's status is in the trailers, or in the headers of an answer that has nothing else. */
function outcomeOfFrames({ status, headers, trailers, body }: Http2Answer): Outcome {
  if (status !== 200) return { kind: 'refused', status: `HTTP ${status}`, message: `HTTP status ${status}` };
  const { 'grpc-status': code, 'grpc-message': details = '' } = { ...headers, ...trailers };
  if (code === undefined) return { kind: 'unanswered', message: 'the answer has no grpc-status' };
  if (Number(code) === 0) return { kind: 'accepted', says: wordsOf(() => [`${grpcFrames(body).length} messages`]) };
  const message = percentDecoded(String(details));
  const refused = oipErrorFromGrpc(Number(code), message);
  return { kind: 'refused', status: refused.status, message, headers: { ...headers, ...trailers } };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Of an answer that should not be: what it says, if that is to be read. */
function wordsOf(lines: () => string[]): string {
  try {
    return lines().slice(1).join('; ');
  } catch {
    return '';
  }
}

/** `error` of the body, which the protocol asks for; undefined where there is none. */
function errorMessage({ body }: HttpAnswer): string | undefined {
  try {
    const { error } = JSON.parse(body.toString('utf8')) as { error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @returns a note where the answer is legal and unusual
 * @throws CaseFailure where it is wrong, CaseSkipped where that cannot be told
 */
export function verdictOf(row: Row, transport: Transport, outcome: Outcome, server: ServerProfile): string | undefined {
  if (outcome.kind === 'unanswered') {
    // A server may cut off what is too large for it.
    if (row.accepted === 'limit') return unusual(server, `it was not answered: ${outcome.message}`);
    throw new CaseFailure(`it was not answered: ${outcome.message}`);
  }
  const others = knownAnswersText(row.known[transport]);
  const aside = others === '' ? '' : ` (${others})`;
  if (outcome.kind === 'accepted') {
    const what = `it was accepted${outcome.says === '' ? '' : `: ${outcome.says}`}`;
    if (row.accepted === 'legal') return undefined;
    if (row.accepted === 'limit' && !server.ours) throw new CaseSkipped(`${what}; its limits are not known`);
    if (row.accepted === 'lax') return unusual(server, `${what}${aside}; others refuse it`);
    throw new CaseFailure(what);
  }
  const { status, message, headers, http } = outcome;
  if (row.accepted === 'legal') return unusual(server, `it was refused with ${status}: ${message}${aside}`);
  const expected = [transport === 'grpc' ? row.documented.grpc : row.documented.http].flat().map(String);
  const notes: string[] = [];
  if (!expected.includes(status)) {
    const retried = retriedStatus(status) ? '; a client that retries on it retries what can never work' : '';
    notes.push(`answered ${status}, where most clients expect ${expected[0]}${aside}${retried}`);
  }
  if (message.trim() === '') notes.push('the error says nothing');
  else if (http && errorMessage(http) === undefined) notes.push('the body has no "error" that is text');
  const { header } = row;
  const sent = header && headers?.[header.name]?.toString();
  if (header && headers && !header.value.test(sent ?? '')) {
    notes.push(`${header.name} is ${sent ?? 'absent'}, where ${header.words} is expected`);
  }
  return notes.length === 0 ? undefined : unusual(server, notes.join('; '));
}

/** Statuses that say that the same request may succeed later. */
function retriedStatus(status: string): boolean {
  return ['INTERNAL', 'UNKNOWN', 'UNAVAILABLE'].includes(status) || /^5/.test(status);
}
