/** Answers one request, whatever happens, and counts it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { faultHeader } from '../../faults/fault-text.js';
import { oipError } from '../../protocol/status.js';
import { asOipError } from '../as-oip-error.js';
import type { CallPlan } from '../faults/call-plan.js';
import type { RequestFields } from '../telemetry/request-counts.js';
import type { ServerParts } from '../transport.js';
import { type Answer, errorAnswer, send } from './answer.js';
import { createHandlers } from './handlers.js';
import { type BodyEvents, discardRest, readBody } from './read-body.js';
import type { RouteCall } from './route-call.js';
import { matchRoute, type RouteMatch } from './routes.js';
import { createStruckRequests, sendStruck } from './struck-requests.js';

/**
 * A body that is answered before it is read may still have this many times the largest size: its sender gets the answer.
 * Beyond that it gets a broken connection.
 */
const discardedLimits = 8;

/** Letters of a name from outside in a log line. */
const loggedNameLength = 100;

export interface Exchange {
  /** The client waits for leave to send its body. */
  expectsContinue: boolean;
  isStopping: () => boolean;
}

/** What answers requests of one server. */
export function createResponder(parts: ServerParts) {
  const handlers = createHandlers(parts);
  const struck = createStruckRequests(parts);
  const { requests, limits, log, faults } = parts;
  const maxBytes = limits.maxReceiveMessageBytes;
  return async (
    request: IncomingMessage,
    response: ServerResponse,
    { expectsContinue, isStopping }: Exchange,
  ): Promise<void> => {
    let begun = performance.now();
    let waitsForLeave = expectsContinue;
    const fields: RequestFields = {};
    const events: BodyEvents = {
      onWanted() {
        if (waitsForLeave) response.writeContinue();
        waitsForLeave = false;
      },
      onRead(bytes) {
        begun = performance.now();
        fields.requestBytes = bytes;
      },
    };
    const match = matchRoute(request.method ?? '', request.url ?? '');
    const method = match.kind === 'none' ? 'unknown' : match.name;
    if (request.headers[faultHeader] !== undefined) faults.noteHeader();
    let answer: Answer | undefined;
    let plan: CallPlan | undefined;
    try {
      if (match.kind === 'route') {
        const { model, version, name: rpc } = match;
        const body = () => readBody(request, maxBytes, events);
        const call: RouteCall = { headers: request.headers, model, version, fields, body };
        if (faults.active) {
          const outcome = await struck.run({ request, response, rpc, call }, handlers[rpc]);
          if (!outcome.answer) requests.record('rest', method, outcome.seenAs, begun, fieldsOf(fields, match));
          ({ answer, plan } = outcome);
        } else answer = await handlers[rpc](call);
      } else answer = noRoute(match);
    } catch (error) {
      answer = errorAnswer(asOipError(error, log));
    }
    if (!answer) return;
    // A body that will never come would be taken for the next request.
    const close = isStopping() || plan?.lastOfConnection === true || (waitsForLeave && !request.complete);
    if (plan?.delivery) void sendStruck({ request, response }, answer, plan.delivery, close);
    else send(response, answer, close);
    if (!request.complete) discardRest(request, maxBytes * discardedLimits);
    if (requests.logged) fieldsOf(fields, match, answer);
    requests.record('rest', method, statusOf(answer), begun, fields);
  };
}

function noRoute(match: Exclude<RouteMatch, { kind: 'route' }>): Answer {
  if (match.kind === 'none') return errorAnswer(oipError('ROUTE_NOT_FOUND', 'There is no such route on this server'));
  const allow = match.allow.join(', ');
  return errorAnswer(oipError('METHOD_NOT_ALLOWED', `This route takes ${allow}`), { allow });
}

/** gRPC's name for how it went; health answers 503 without being an error. */
function statusOf({ error, status }: Answer): string {
  return error?.status ?? (status < 300 ? 'OK' : 'UNAVAILABLE');
}

/** Fills in what a log line says of a request, which may have no answer. Names from outside, which may be as long as all headers, are cut. */
function fieldsOf(fields: RequestFields, match: RouteMatch, answer?: Answer): RequestFields {
  if (match.kind === 'route' && match.model !== '') fields.model = cut(match.model);
  if (match.kind === 'route' && match.version !== '') fields.version = cut(match.version);
  if (fields.requestId !== undefined) fields.requestId = cut(fields.requestId);
  if (answer) {
    fields.httpStatus = answer.status;
    fields.responseBytes = answer.body.byteLength;
  }
  return fields;
}

function cut(name: string): string {
  return name.length > loggedNameLength ? `${name.slice(0, loggedNameLength)}…` : name;
}
