/** The REST transport: HTTP/1.1 in, routes, HTTP/1.1 out. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseDuration } from '../../duration.js';
import { limitConnections } from '../connection-limit.js';
import type { RunningTransport, TransportOptions } from '../transport.js';
import { keepAliveMs } from '../waits.js';
import { answerBrokenRequests } from './broken-requests.js';
import { createResponder } from './responder.js';

/** Milliseconds between two looks at requests that take too long to come. */
const slowRequestCheckMs = 1_000;

/** Listens for HTTP/1.1 in plain text. Rejects with the system's error where the port cannot be had. */
export async function startRestServer(options: TransportOptions): Promise<RunningTransport> {
  const { host, port, limits, requests } = options;
  const timeoutMs = parseDuration(limits.requestTimeout) ?? 0;
  const respond = createResponder(options);
  let stopping = false;

  const server = createServer({
    keepAliveTimeout: keepAliveMs,
    // It refuses from its figure on; and it counts the path, names and values.
    maxHeaderSize: limits.maxHeaderBytes + 1,
    headersTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    connectionsCheckingInterval: Math.min(slowRequestCheckMs, timeoutMs),
  });
  limitConnections(server, limits.maxConnections, options.log);
  const serve = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', ignore);
    void respond(request, response, { expectsContinue, isStopping: () => stopping });
  };
  server.on('request', serve(false));
  // Without this, a body that is to be refused would be asked for first.
  server.on('checkContinue', serve(true));
  answerBrokenRequests(server, { requests, maxHeaderBytes: limits.maxHeaderBytes, timeoutMs });
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

const ignore = (): void => {};
