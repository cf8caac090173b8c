/** Answers to what never became a whole request: heads that are malformed or too large, heads and bodies that are too slow. */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { OipError, oipError } from '../../protocol/status.js';
import type { RequestCounts } from '../telemetry/request-counts.js';
import { handshakeByte } from '../tls/handshakes.js';

/** As Node gives it, with what was read. */
interface ParseError extends NodeJS.ErrnoException {
  rawPacket?: Buffer;
}

export interface BrokenRequestOptions {
  requests: RequestCounts;
  maxHeaderBytes: number;
  timeoutMs: number;
}

/** Milliseconds in which the answer must have left. */
const lastWordMs = 1_000;

/** Answers in JSON, as every route does, and closes the connection. */
export function answerBrokenRequests(server: Server, options: BrokenRequestOptions): void {
  server.on('clientError', (cause: ParseError, socket) => {
    // Nobody is there to read an answer, or it would land behind another that is not read.
    if (!socket.writable || cause.code === 'ECONNRESET' || cause.code === 'EPIPE' || socket.writableLength > 0) {
      socket.destroy();
      return;
    }
    const error = errorOf(cause, options);
    const request = requestOf(socket);
    const cut = (): void => void (request ?? socket).destroy(request && error);
    socket.end(wholeAnswer(error), cut);
    setTimeout(cut, lastWordMs).unref();
    // One whose body is still to come is counted by whoever waits for that, and hears of this error.
    if (!request)
      options.requests.record('rest', 'unknown', error.status, performance.now(), { httpStatus: error.httpStatus });
  });
}

/** The request in whose body a connection is. Node keeps it to itself; were it elsewhere, such a one would count twice. */
function requestOf(socket: Duplex): IncomingMessage | undefined {
  const { _httpMessage: response } = socket as Duplex & { _httpMessage?: ServerResponse | null };
  return response && !response.req.complete ? response.req : undefined;
}

/** An answer that ends its connection, for where there is no request to answer. */
export function wholeAnswer({ httpStatus, message }: OipError): string {
  const body = JSON.stringify({ error: message });
  return (
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus]}\r\nConnection: close\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

function errorOf({ code, rawPacket }: ParseError, { maxHeaderBytes, timeoutMs }: BrokenRequestOptions): OipError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = `The headers are larger than the limit maxHeaderBytes of ${maxHeaderBytes} bytes`;
    return new OipError('RESOURCE_EXHAUSTED', 431, message);
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const message = `The request took longer to come than the limit requestTimeout of ${timeoutMs} ms`;
    return new OipError('DEADLINE_EXCEEDED', 408, message);
  }
  if (rawPacket?.[0] === handshakeByte) return oipError('INVALID_ARGUMENT', 'This port does not speak TLS: use http');
  return oipError('INVALID_ARGUMENT', `This is no HTTP/1.1 request${code ? ` (${code})` : ''}`);
}
