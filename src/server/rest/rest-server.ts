/** The REST transport: HTTP/1.1 in, routes, HTTP/1.1 out. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseDuration } from '../../duration.js';
import { oipError } from '../../protocol/status.js';
import { listenForSockets } from '../listening.js';
import type { RunningTransport, TransportOptions } from '../transport.js';
import { keepAliveMs } from '../waits.js';
import { createAdmission } from './admission.js';
import { send } from './answer.js';
import { answerBrokenRequests, wholeAnswer } from './broken-requests.js';
import { discardRest } from './read-body.js';
import { createResponder } from './responder.js';
import { matchRoute } from './routes.js';

/** Milliseconds between two looks at requests that take too long to come. */
const slowRequestCheckMs = 1_000;

/** What a client is told that does not speak TLS. */
const needsTls = wholeAnswer(oipError('INVALID_ARGUMENT', 'This port speaks TLS: use https'));

/** Listens for HTTP/1.1, by TLS where there is a certificate. Rejects with the system's error where the port cannot be had. */
export async function startRestServer(options: TransportOptions): Promise<RunningTransport> {
  const { limits, requests } = options;
  const timeoutMs = parseDuration(limits.requestTimeout) ?? 0;
  const respond = createResponder(options);
  const admit = createAdmission(options.access);
  let stopping = false;

  const server = createServer({
    keepAliveTimeout: keepAliveMs,
    // It refuses from its figure on; and it counts the path, names and values.
    maxHeaderSize: limits.maxHeaderBytes + 1,
    headersTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    connectionsCheckingInterval: Math.min(slowRequestCheckMs, timeoutMs),
  });
  const serve = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', ignore);
    const answer = admit(request, response);
    if (!answer) return void respond(request, response, { expectsContinue, isStopping: () => stopping });
    const begun = performance.now();
    send(response, answer, stopping || (expectsContinue && !request.complete));
    if (!request.complete) discardRest(request, limits.maxReceiveMessageBytes);
    const match = matchRoute(request.method ?? '', request.url ?? '');
    const method = match.kind === 'none' ? 'unknown' : match.name;
    requests.record('rest', method, answer.error?.status ?? 'OK', begun, { httpStatus: answer.status });
  };
  server.on('request', serve(false));
  // Without this, a body that is to be refused would be asked for first.
  server.on('checkContinue', serve(true));
  answerBrokenRequests(server, { requests, maxHeaderBytes: limits.maxHeaderBytes, timeoutMs });
  const listening = await listenForSockets({
    ...options,
    transport: 'rest',
    maxConnections: limits.maxConnections,
    allowHalfOpen: true,
    protocol: 'http/1.1',
    needsTls: () => needsTls,
    deliver: ({ socket }) => void server.emit('connection', socket),
  });
  // It listens to nothing itself; from here on it looks for requests that take too long.
  server.emit('listening');
  return {
    port: listening.port,
    stop() {
      stopping = true;
      const closed = listening.close();
      // Ends what is idle, too.
      server.close();
      return closed;
    },
    cut: () => listening.cut(),
  };
}

const ignore = (): void => {};
