/** Bodies of requests: bounded in size and in time, and decompressed where the client compressed them. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { OipError, oipError, quoteName } from '../../protocol/status.js';

export interface BodyLimits {
  /** Bytes, before and after decompression. */
  maxBytes: number;
  /** Milliseconds that the client may take to send it. */
  timeoutMs: number;
}

const decoders: Readonly<Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
};

/**
 * The whole body, decompressed. Throws TOO_LARGE beyond `maxBytes`, UNSUPPORTED_ENCODING for a content encoding other
 * than gzip, deflate and identity or for data that is not in it, DEADLINE_EXCEEDED with HTTP status 408 where the client
 * is too slow, and CANCELLED where it goes away. What was not read then is for discardRest. `onWanted` is called when
 * nothing speaks against the body before it is read.
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits, onWanted: () => void): Promise<Buffer> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return collect(request, limits, onWanted);
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (!decode) {
    throw oipError(
      'UNSUPPORTED_ENCODING',
      `content encoding ${quoteName(encoding)}; expected gzip, deflate or identity`,
    );
  }
  const body = await collect(request, limits, onWanted);
  try {
    return await decode(body, { maxOutputLength: limits.maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limits);
    throw oipError('UNSUPPORTED_ENCODING', `the body is not valid ${encoding}`, { cause: error });
  }
}

function tooLarge({ maxBytes }: BodyLimits): Error {
  return oipError('TOO_LARGE', `the body is larger than the limit maxReceiveMessageBytes of ${maxBytes} bytes`);
}

/** Bytes of the first buffer for a body that comes in pieces. */
const firstBytes = 64 * 1024;

function collect(request: IncomingMessage, limits: BodyLimits, onWanted: () => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const declared = Number(request.headers['content-length'] ?? Number.NaN);
    if (declared > limits.maxBytes) {
      reject(tooLarge(limits));
      return;
    }
    onWanted();
    let body: Buffer | undefined;
    let size = 0;
    const onData = (chunk: Buffer): void => {
      const end = size + chunk.byteLength;
      if (end > limits.maxBytes) {
        fail(tooLarge(limits));
        return;
      }
      if (chunk.byteLength === declared) body = chunk;
      else {
        // Copied as they come: each piece of a few bytes would keep what it was read in alive.
        if (!body || end > body.byteLength) body = grown(body, size, Math.max(firstBytes, end * 2));
        chunk.copy(body, size);
      }
      size = end;
    };
    const stop = (): void => {
      clearTimeout(timer);
      request.off('data', onData);
    };
    const fail = (error: Error): void => {
      stop();
      reject(error);
    };
    const timer = setTimeout(() => {
      const message = `The body took longer to come than the limit requestTimeout of ${limits.timeoutMs} ms`;
      fail(new OipError('DEADLINE_EXCEEDED', 408, message));
    }, limits.timeoutMs);
    request.on('data', onData);
    request.on('end', () => {
      stop();
      resolve(body?.subarray(0, size) ?? Buffer.alloc(0));
    });
    request.on('error', () => fail(oipError('CANCELLED', 'the client went away in the middle of the body')));
  });
}

function grown(old: Buffer | undefined, size: number, bytes: number): Buffer {
  const body = Buffer.allocUnsafeSlow(bytes);
  old?.copy(body, 0, 0, size);
  return body;
}

/**
 * Reads what is left of a body that was answered early, and throws it away, so that its sender, who may read nothing
 * before it has written everything, gets the answer, and the connection serves the next request. A body of more than
 * `mostBytes` is cut off with its connection.
 */
export function discardRest(request: IncomingMessage, mostBytes: number): void {
  let size = 0;
  request.on('error', () => {});
  request.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    if (size > mostBytes) request.socket.destroy();
  });
  request.resume();
}
