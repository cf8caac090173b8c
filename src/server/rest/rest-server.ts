/** The REST transport: HTTP/1.1 in, routes, HTTP/1.1 out. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { parseDuration } from '../../duration.js';
import { oipError } from '../../protocol/status.js';
import { limitConnections } from '../connection-limit.js';
import { asOipError } from '../data-plane.js';
import type { RequestFields } from '../telemetry/request-counts.js';
import type { RunningTransport, ServerParts, TransportOptions } from '../transport.js';
import { keepAliveMs } from '../waits.js';
import { type Answer, errorAnswer, send } from './answer.js';
import { answerBrokenRequests } from './broken-requests.js';
import { createHandlers, type Handlers } from './handlers.js';
import { type BodyLimits, discardRest, readBody } from './read-body.js';
import type { RouteCall } from './route-call.js';
import { matchRoute } from './routes.js';

/**
 * A body that is answered before it is read may still have this many times the largest size: its sender gets the answer.
 * Beyond that it gets a broken connection.
 */
const discardedLimits = 8;

/** Milliseconds between two looks at requests that take too long to come. */
const slowRequestCheckMs = 1_000;

/** Letters of a name from outside in a log line. */
const loggedNameLength = 100;

/** Listens for HTTP/1.1 in plain text. Rejects with the system's error where the port cannot be had. */
export async function startRestServer(options: TransportOptions): Promise<RunningTransport> {
  const { host, port, limits, requests } = options;
  const timeoutMs = parseDuration(limits.requestTimeout) ?? 0;
  const bodyLimits: BodyLimits = { maxBytes: limits.maxReceiveMessageBytes, timeoutMs };
  const answers = new WeakMap<Duplex, ServerResponse>();
  const respond = createResponder(options, bodyLimits);
  let stopping = false;

  const server = createServer({
    keepAliveTimeout: keepAliveMs,
    // It refuses from its figure on; and it counts the path, names and values.
    maxHeaderSize: limits.maxHeaderBytes + 1,
    headersTimeout: timeoutMs,
    // Bodies have the same time by a timer of their own, which answers better; this one ends what nobody reads.
    requestTimeout: timeoutMs + slowRequestCheckMs,
    connectionsCheckingInterval: Math.min(slowRequestCheckMs, timeoutMs),
  });
  limitConnections(server, limits.maxConnections, options.log);
  const serve = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    answers.set(request.socket, response);
    response.on('error', () => {});
    void respond(request, response, { expectsContinue, isStopping: () => stopping });
  };
  server.on('request', serve(false));
  // Without this, a body that is to be refused would be asked for first.
  server.on('checkContinue', serve(true));
  answerBrokenRequests(server, {
    requests,
    maxHeaderBytes: limits.maxHeaderBytes,
    timeoutMs,
    answerOn: (socket) => answers.get(socket),
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      return closed;
    },
    cut: () => server.closeAllConnections(),
  };
}

interface Exchange {
  /** The client waits for leave to send its body. */
  expectsContinue: boolean;
  isStopping: () => boolean;
}

/** Answers one request, whatever happens, and counts it. */
function createResponder(parts: ServerParts, bodyLimits: BodyLimits) {
  const handlers = createHandlers(parts);
  const { requests, log } = parts;
  return async (
    request: IncomingMessage,
    response: ServerResponse,
    { expectsContinue, isStopping }: Exchange,
  ): Promise<void> => {
    let begun = performance.now();
    let waitsForLeave = expectsContinue;
    const fields: RequestFields = {};
    const giveLeave = (): void => {
      if (waitsForLeave) response.writeContinue();
      waitsForLeave = false;
    };
    const body = async (): Promise<Buffer> => {
      const bytes = await readBody(request, bodyLimits, giveLeave);
      begun = performance.now();
      fields.requestBytes = bytes.byteLength;
      return bytes;
    };
    const { method, answer } = await answerTo(request, handlers, fields, body).catch((error: unknown) => ({
      method: methodOf(request),
      answer: errorAnswer(asOipError(error, log)),
    }));
    // A body that will never come whole would be taken for the next request.
    const close = isStopping() || (waitsForLeave && !request.complete) || answer.status === 408;
    send(response, answer, close);
    if (!request.complete) discardRest(request, bodyLimits.maxBytes * discardedLimits);
    if (requests.logged) {
      // A name from outside may be as long as all headers.
      for (const key of ['model', 'version', 'requestId'] as const) {
        const name = fields[key];
        if (name !== undefined && name.length > loggedNameLength) fields[key] = `${name.slice(0, loggedNameLength)}…`;
      }
      fields.httpStatus = answer.status;
      fields.responseBytes = answer.body.byteLength;
    }
    requests.record('rest', method, statusOf(answer), begun, fields);
  };
}

/** gRPC's name for how it went; health answers 503 without being an error. */
function statusOf({ error, status }: Answer): string {
  return error?.status ?? (status < 300 ? 'OK' : 'UNAVAILABLE');
}

function methodOf({ method = '', url = '' }: IncomingMessage): string {
  const match = matchRoute(method, url);
  return match.kind === 'none' ? 'unknown' : match.name;
}

async function answerTo(
  request: IncomingMessage,
  handlers: Handlers,
  fields: RequestFields,
  body: RouteCall['body'],
): Promise<{ method: string; answer: Answer }> {
  const match = matchRoute(request.method ?? '', request.url ?? '');
  if (match.kind === 'none') throw oipError('ROUTE_NOT_FOUND', 'There is no such route on this server');
  if (match.kind === 'method') {
    const allow = match.allow.join(', ');
    return {
      method: match.name,
      answer: errorAnswer(oipError('METHOD_NOT_ALLOWED', `This route takes ${allow}`), { allow }),
    };
  }
  const { name, model, version } = match;
  if (model !== '') fields.model = model;
  if (version !== '') fields.version = version;
  return { method: name, answer: await handlers[name]({ headers: request.headers, model, version, fields, body }) };
}
