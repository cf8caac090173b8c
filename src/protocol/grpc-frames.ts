/**
 * The frames that gRPC puts messages in: a byte that says whether the message is compressed, its length, the message.
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

const headBytes = 5;

/** One message of a body. */
export interface GrpcFrame {
  /** The message's bytes are in the encoding that `grpc-encoding` names. */
  compressed: boolean;
  bytes: Buffer;
}

/** A message in its frame. */
export function grpcFrame(message: Uint8Array, { compressed = false }: { compressed?: boolean } = {}): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(compressed ? 1 : 0, 0);
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}

/** The messages of a body. Throws RangeError for one that ends in the middle of a frame, or has a flag that is none. */
export function grpcFrames(body: Buffer): GrpcFrame[] {
  const frames: GrpcFrame[] = [];
  for (let offset = 0; offset < body.byteLength; ) {
    const flag = body.readUInt8(offset);
    if (flag > 1) throw new RangeError(`a gRPC frame begins with ${flag}, and not with 0 or 1`);
    if (offset + headBytes > body.byteLength) throw new RangeError('the body ends in the head of a gRPC frame');
    const end = offset + headBytes + body.readUInt32BE(offset + 1);
    if (end > body.byteLength) throw new RangeError('the body ends in the middle of a gRPC message');
    frames.push({ compressed: flag === 1, bytes: body.subarray(offset + headBytes, end) });
    offset = end;
  }
  return frames;
}
