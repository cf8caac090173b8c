/** Bodies of requests: bounded in size, and decompressed where the client compressed them. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { OipError, oipError, quoteName } from '../../protocol/status.js';

/** What reading a body tells. */
export interface BodyEvents {
  /** Nothing speaks against the body; it is read now. */
  onWanted(): void;
  /** It is whole, and has this many bytes after decompression. */
  onRead(bytes: number): void;
}

const decoders: Readonly<Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
};

/**
 * The whole body, decompressed. Throws TOO_LARGE beyond `maxBytes`, before or after decompression, UNSUPPORTED_ENCODING
 * for a content encoding other than gzip, deflate and identity or for data that is not in it, CANCELLED where the
 * client goes away, and what the request was destroyed with where it is too slow. What was not read then is for discardRest.
 */
export function readBody(request: IncomingMessage, maxBytes: number, events: BodyEvents): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  return encoding === undefined
    ? collect(request, maxBytes, events, true)
    : readEncodedBody(request, encoding.trim().toLowerCase(), maxBytes, events);
}

async function readEncodedBody(
  request: IncomingMessage,
  encoding: string,
  maxBytes: number,
  events: BodyEvents,
): Promise<Buffer> {
  if (encoding === 'identity' || encoding === '') return collect(request, maxBytes, events, true);
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (!decode) {
    throw oipError(
      'UNSUPPORTED_ENCODING',
      `content encoding ${quoteName(encoding)}; expected gzip, deflate or identity`,
    );
  }
  const encoded = await collect(request, maxBytes, events, false);
  try {
    const body = await decode(encoded, { maxOutputLength: maxBytes });
    events.onRead(body.byteLength);
    return body;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw oipError('UNSUPPORTED_ENCODING', `the body is not valid ${encoding}`, { cause: error });
  }
}

function tooLarge(maxBytes: number): Error {
  return oipError('TOO_LARGE', `the body is larger than the limit maxReceiveMessageBytes of ${maxBytes} bytes`);
}

/** Bytes of the first buffer for a body that comes in pieces. */
const firstBytes = 64 * 1024;

const noBytes = Buffer.alloc(0);

function collect(request: IncomingMessage, maxBytes: number, events: BodyEvents, isWhole: boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const declared = Number(request.headers['content-length'] ?? Number.NaN);
    if (declared > maxBytes) {
      reject(tooLarge(maxBytes));
      return;
    }
    events.onWanted();
    let body: Buffer = noBytes;
    let size = 0;
    const onData = (chunk: Buffer): void => {
      const end = size + chunk.byteLength;
      if (end > maxBytes) {
        request.off('data', onData);
        reject(tooLarge(maxBytes));
        return;
      }
      if (chunk.byteLength === declared) body = chunk;
      else {
        // Copied as they come: each piece of a few bytes would keep what it was read in alive.
        if (end > body.byteLength) body = grown(body, size, Math.max(firstBytes, end * 2));
        chunk.copy(body, size);
      }
      size = end;
    };
    request.on('data', onData);
    request.on('end', () => {
      if (isWhole) events.onRead(size);
      resolve(body.byteLength === size ? body : body.subarray(0, size));
    });
    request.on('error', (error) =>
      // Of the server's own making where it did not wait any longer.
      reject(
        error instanceof OipError ? error : oipError('CANCELLED', 'the client went away in the middle of the body'),
      ),
    );
  });
}

function grown(old: Buffer, size: number, bytes: number): Buffer {
  const body = Buffer.allocUnsafeSlow(bytes);
  old.copy(body, 0, 0, size);
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
