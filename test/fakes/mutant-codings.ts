/** Frames and compressed bytes, as a mutant opens and closes them. */
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { type GrpcFrame, grpcFrame } from '../../src/protocol/grpc-frames.js';

const headBytes = 5;

/** The bytes behind an encoding's name; undefined where they are not what it says. */
export function unpacked(encoding: string | string[] | undefined, bytes: Buffer): Buffer | undefined {
  try {
    if (encoding === 'gzip') return gunzipSync(bytes);
    if (encoding === 'deflate') return inflateSync(bytes);
  } catch {
    return undefined;
  }
  return bytes;
}

/** The bytes in an encoding; as they are in one that is unknown. */
export function packed(encoding: string | string[] | undefined, bytes: Buffer): Buffer {
  if (encoding === 'gzip') return gzipSync(bytes);
  if (encoding === 'deflate') return deflateSync(bytes);
  return bytes;
}

/** Takes bytes as they come, and gives the frames that are whole; `rest` is what is left over. */
export class FrameReader {
  rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): GrpcFrame[] {
    const frames: GrpcFrame[] = [];
    let bytes = this.rest.byteLength === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (bytes.byteLength >= headBytes) {
      const end = headBytes + bytes.readUInt32BE(1);
      if (bytes.byteLength < end) break;
      frames.push({ compressed: bytes[0] === 1, bytes: bytes.subarray(headBytes, end) });
      bytes = bytes.subarray(end);
    }
    this.rest = bytes;
    return frames;
  }
}

/** The message of a frame; undefined where it is not in the encoding that was announced. */
export const opened = (
  { compressed, bytes }: GrpcFrame,
  encoding: string | string[] | undefined,
): Buffer | undefined => (compressed ? unpacked(encoding, bytes) : bytes);

/** A message as a frame, compressed where the encoding is one that compresses. */
export function framed(message: Buffer, encoding: string | string[] | undefined): Buffer {
  const compressed = encoding === 'gzip' || encoding === 'deflate';
  return grpcFrame(packed(encoding, message), { compressed });
}
