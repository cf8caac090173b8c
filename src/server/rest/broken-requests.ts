/** Answers to what never became a whole request: heads that are malformed or too large, heads and bodies that are too slow. */
import { type Server, STATUS_CODES } from 'node:http';
import { OipError, oipError } from '../../protocol/status.js';
import type { RequestCounts } from '../telemetry/request-counts.js';

export interface BrokenRequestOptions {
  requests: RequestCounts;
  maxHeaderBytes: number;
  timeoutMs: number;
}

/** Milliseconds in which the answer must have left. */
const lastWordMs = 1_000;

/** Answers in JSON, as every route does, and closes the connection. */
export function answerBrokenRequests(server: Server, options: BrokenRequestOptions): void {
  server.on('clientError', (cause: NodeJS.ErrnoException, socket) => {
    // Nobody is there to read an answer, or it would land behind another that is not read.
    if (!socket.writable || cause.code === 'ECONNRESET' || cause.code === 'EPIPE' || socket.writableLength > 0) {
      socket.destroy();
      return;
    }
    const error = errorOf(cause, options);
    const body = JSON.stringify({ error: error.message });
    socket.end(
      `HTTP/1.1 ${error.httpStatus} ${STATUS_CODES[error.httpStatus]}\r\nConnection: close\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      () => socket.destroy(),
    );
    setTimeout(() => socket.destroy(), lastWordMs).unref();
    options.requests.record('rest', 'unknown', error.status, performance.now(), { httpStatus: error.httpStatus });
  });
}

function errorOf({ code }: NodeJS.ErrnoException, { maxHeaderBytes, timeoutMs }: BrokenRequestOptions): OipError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = `The headers are larger than the limit maxHeaderBytes of ${maxHeaderBytes} bytes`;
    return new OipError('RESOURCE_EXHAUSTED', 431, message);
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const message = `The request took longer to come than the limit requestTimeout of ${timeoutMs} ms`;
    return new OipError('DEADLINE_EXCEEDED', 408, message);
  }
  return oipError('INVALID_ARGUMENT', `This is no HTTP/1.1 request${code ? ` (${code})` : ''}`);
}
