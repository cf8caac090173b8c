/**
 * Messages that come out as faults have them. grpc-js writes each as one frame of a flag, a length and the message; that is
 * taken here, behind its limits, and before it would be compressed.
 */
import type { ServerHttp2Stream } from 'node:http2';
import type { CallLife } from '../faults/call-life.js';
import type { Delivery } from '../faults/call-plan.js';
import { tcpSocketOf } from '../faults/socket-faults.js';
import { filled, firstOf, writePieces } from '../faults/struck-bytes.js';
import { noteOutcome, socketOf } from './call-streams.js';

const headBytes = 5;

/** No protobuf: a tag that has not ended after the ten bytes that a varint may have. */
const noMessage = Buffer.alloc(16, 0xff);

/** Tag of a field that no message of the protocol has, number 15, of bytes: its readers pass over it. */
const unknownField = 0x7a;

type Written = (error?: Error | null) => void;

/**
 * Has the next message of a stream come out as `delivery` says. Where an error comes without a message, there is nothing
 * but the connection to break.
 */
export function shapeNextMessage(stream: ServerHttp2Stream, delivery: Delivery, life: CallLife): void {
  const { rate, cutAfter } = delivery;
  const { respond, write } = stream;
  // What makes answers compressed has put itself before the stream's own method.
  const plain = (Object.getPrototypeOf(stream) as ServerHttp2Stream).write as (
    bytes: Buffer,
    done: () => void,
  ) => boolean;
  stream.write = ((frame: Buffer, written: Written): boolean => {
    Object.assign(stream, { respond, write });
    const all = framePieces(frame, delivery);
    const pieces = cutAfter === undefined ? all : firstOf(all, headBytes + cutAfter);
    void writePieces(pieces, rate, life, (piece, done) => plain.call(stream, piece, done)).then((whole) => {
      if (!whole) return;
      if (cutAfter === undefined) written();
      else breakConnection(stream);
    });
    return true;
  }) as typeof stream.write;
  if (cutAfter === undefined) return;
  stream.respond = ((headers, how) => {
    if (how?.endStream) breakConnection(stream);
    else respond.call(stream, headers, how);
  }) as typeof stream.respond;
}

function* framePieces(frame: Buffer, { invalid, added }: Delivery): Generator<Buffer> {
  const message = invalid ? noMessage : frame.subarray(headBytes);
  const more = added === 0 ? Buffer.alloc(0) : Buffer.from([unknownField, ...varint(added)]);
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(message.byteLength + more.byteLength + added, 1);
  yield Buffer.concat([head, message, more]);
  yield* filled(0, added);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function breakConnection(stream: ServerHttp2Stream): void {
  noteOutcome(stream, 'UNAVAILABLE');
  const socket = socketOf(stream);
  if (socket) tcpSocketOf(socket).destroy();
}
