/** HTTP/2 written and read by hand, frame by frame, for what no client would send. Source: RFC 9113, RFC 7541. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What every client sends first. */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const frameTypes = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** ACK is END_STREAM by another name. */
export const flags = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

/** RFC 9113, section 7. */
export const errorCodes = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

const headBytes = 9;

/** A frame; `length` lies about the payload. */
export function http2Frame(
  type: number | keyof typeof frameTypes,
  {
    flags = 0,
    stream = 0,
    payload = [],
    length = payload.length,
  }: Partial<Omit<Frame, 'type' | 'payload'>> & { payload?: Uint8Array | readonly number[]; length?: number } = {},
): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(typeof type === 'number' ? type : frameTypes[type], 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** The whole frames at the beginning of `bytes`, and what is left behind them. */
export function readFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let rest = bytes;
  while (rest.byteLength >= headBytes) {
    const end = headBytes + rest.readUIntBE(0, 3);
    if (rest.byteLength < end) break;
    frames.push({
      type: rest.readUInt8(3),
      flags: rest.readUInt8(4),
      stream: rest.readUInt32BE(5) & 0x7fffffff,
      payload: rest.subarray(headBytes, end),
    });
    rest = rest.subarray(end);
  }
  return { frames, rest };
}

export type Headers = readonly (readonly [name: string, value: string])[];

/** Fields as literals without indexing, which need no table. Source: RFC 7541, section 6.2.2 */
export function headerBlock(headers: Headers): Buffer {
  return Buffer.concat(headers.map(([name, value]) => Buffer.concat([Buffer.of(0), text(name), text(value)])));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([prefixed(bytes.byteLength, 7), bytes]);
}

/** An integer in the last bits of a byte, and as many more as it takes. Source: RFC 7541, section 5.1 */
export function prefixed(value: number, bits: number, first = 0): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.of(first | value);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** Headers of a unary gRPC call. */
export const callFields = (method: string, more: Headers = []): Headers => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', `/inference.GRPCInferenceService/${method}`],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
  ...more,
];

export const emptyMessage = Buffer.alloc(5);

/** HEADERS with the whole of a block. */
export const headersFrame = (stream: number, headers: Headers, more = 0): Buffer =>
  http2Frame('HEADERS', { stream, flags: flags.END_HEADERS | more, payload: headerBlock(headers) });

/** A call of ServerLive: HEADERS, and DATA with its empty message. */
export const liveCall = (stream: number): Buffer =>
  Buffer.concat([
    headersFrame(stream, callFields('ServerLive')),
    http2Frame('DATA', { stream, flags: flags.END_STREAM, payload: emptyMessage }),
  ]);

export interface FrameConnection extends Disposable {
  readonly socket: Socket;
  /** Every frame that has come. */
  readonly frames: readonly Frame[];
  send(...parts: Uint8Array[]): void;
  /** The first frame that matches, or undefined where the connection ends without one. */
  frame(matches: (frame: Frame) => boolean): Promise<Frame | undefined>;
  /** Whether the server has answered a PING, and so has read what was sent before. */
  answersPing(): Promise<boolean>;
  /** The code of GOAWAY, once the connection has ended; undefined where it ended without one. */
  ended(): Promise<ErrorCode | undefined>;
}

/** A connection that has sent the preface and empty settings, unless `start` says what else. */
export async function frameConnection(
  port: number,
  start: Uint8Array = Buffer.concat([preface, http2Frame('SETTINGS')]),
): Promise<FrameConnection> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay();
  socket.on('error', () => {});
  const frames: Frame[] = [];
  let unread: Buffer = Buffer.alloc(0);
  let wake = (): void => {};
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    const read = readFrames(unread.byteLength === 0 ? chunk : Buffer.concat([unread, chunk]));
    unread = read.rest;
    frames.push(...read.frames);
    wake();
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      over = true;
      wake();
      resolve();
    });
  });
  await Promise.race([closed, once(socket, 'connect').catch(() => {})]);
  socket.write(start);
  const frame: FrameConnection['frame'] = async (matches) => {
    for (let next = 0; ; ) {
      while (next < frames.length) {
        const one = frames[next++] as Frame;
        if (matches(one)) return one;
      }
      if (over) return undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  let pings = 0;
  return {
    socket,
    frames,
    send: (...parts) => socket.write(Buffer.concat(parts)),
    frame,
    async answersPing() {
      const payload = Buffer.alloc(8, ++pings);
      socket.write(http2Frame('PING', { payload }));
      const isAnswer = (one: Frame) => one.type === frameTypes.PING && one.payload.equals(payload);
      return (await frame(isAnswer)) !== undefined;
    },
    async ended() {
      await closed;
      const goaway = frames.find(({ type }) => type === frameTypes.GOAWAY);
      return goaway && errorCodes[goaway.payload.readUInt32BE(4)];
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}
