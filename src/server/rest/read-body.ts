/** Bodies of requests: bounded, and decompressed where the client compressed them. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { oipError, quoteName } from '../../protocol/status.js';

const decoders: Readonly<Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
};

/**
 * The whole body, decompressed. Throws TOO_LARGE beyond `limit` bytes, before or after decompression, and
 * UNSUPPORTED_ENCODING for a content encoding other than gzip, deflate and identity, or data that is not in it.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (!decode && encoding !== 'identity') {
    throw oipError(
      'UNSUPPORTED_ENCODING',
      `content encoding ${quoteName(encoding)}; expected gzip, deflate or identity`,
    );
  }
  const body = await collect(request, limit);
  if (!decode) return body;
  try {
    return await decode(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw oipError('UNSUPPORTED_ENCODING', `the body is not valid ${encoding}`, { cause: error });
  }
}

function tooLarge(limit: number): Error {
  return oipError('TOO_LARGE', `the body is larger than the limit of ${limit} bytes`);
}

/**
 * A body a little over the limit is read to its end and thrown away, so that its sender, who reads nothing before it has
 * written everything, gets the answer instead of a broken connection. Beyond this many limits it gets the latter.
 */
const discardedLimits = 8;

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= limit) chunks.push(chunk);
      else chunks.length = 0;
      if (size > limit * discardedLimits) {
        request.pause();
        reject(tooLarge(limit));
      }
    });
    request.on('end', () => (size > limit ? reject(tooLarge(limit)) : resolve(Buffer.concat(chunks, size))));
    request.on('error', () => reject(oipError('CANCELLED', 'the client went away in the middle of the body')));
  });
}
