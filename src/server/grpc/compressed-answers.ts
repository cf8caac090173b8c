/**
 * Compressed answers to clients that compress. grpc-js reads compressed messages but always writes plain ones, so the
 * HTTP/2 stream is where its answers are compressed: it writes each message as one frame of a flag, a length and the
 * message, and waits for one to be written before the next.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md and compression.md beside it
 */
import type {
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
  ServerStreamResponseOptions,
} from 'node:http2';
import { constants, deflate, gzip } from 'node:zlib';

/** What requests may be compressed with, as gRPC writes it in a header. */
export const acceptedEncodings = 'identity,deflate,gzip';

type Compression = 'gzip' | 'deflate';

/** The clients of this server are near: time is worth more than bytes. */
const options = { level: constants.Z_BEST_SPEED };
const headBytes = 5;
const compressedFlag = 1;

type Respond = (headers?: OutgoingHttpHeaders, how?: ServerStreamResponseOptions) => void;
type Written = (error?: Error | null) => void;

export function isCompression(encoding: unknown): encoding is Compression {
  return encoding === 'gzip' || encoding === 'deflate';
}

/** Whether a client that sent these headers reads answers in `encoding`. */
export function acceptsEncoding(headers: IncomingHttpHeaders, encoding: Compression): boolean {
  const accepted = headers['grpc-accept-encoding'];
  return typeof accepted === 'string' && accepted.split(',').some((name) => name.trim() === encoding);
}

/**
 * Makes the messages that are answered on `stream` go compressed, each one that gets smaller by it. The compression runs
 * beside the event loop.
 */
export function compressAnswers(stream: ServerHttp2Stream, encoding: Compression): void {
  const respond = stream.respond.bind(stream) as Respond;
  const write = stream.write.bind(stream) as (frame: Uint8Array, written: Written) => boolean;
  const compress = encoding === 'gzip' ? gzip : deflate;
  const respondCompressed: Respond = (headers, how) =>
    respond(how?.endStream ? headers : { ...headers, 'grpc-encoding': encoding }, how);
  stream.respond = respondCompressed as typeof stream.respond;
  stream.write = ((frame: Buffer, written: Written): boolean => {
    compress(frame.subarray(headBytes), options, (error, compressed) => {
      const smaller = !error && compressed.byteLength < frame.byteLength - headBytes;
      // A call that was given up meanwhile has no stream any more: that is the error which `written` then gets.
      write(smaller ? frameOf(compressed) : frame, written);
    });
    return true;
  }) as typeof stream.write;
}

function frameOf(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + message.byteLength);
  frame.writeUInt8(compressedFlag, 0);
  frame.writeUInt32BE(message.byteLength, 1);
  message.copy(frame, headBytes);
  return frame;
}
