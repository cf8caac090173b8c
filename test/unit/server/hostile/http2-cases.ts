/**
 * What a client must not send, by section of RFC 9113 and RFC 7541, and what the server has to make of it: an error of
 * the connection, an error of the stream, or nothing.
 */
import {
  callFields,
  type ErrorCode,
  emptyMessage,
  errorCodes,
  flags,
  type Headers,
  headerBlock,
  headersFrame,
  http2Frame,
  liveCall,
  preface,
  prefixed,
} from '../../../tools/http2-frames.js';

export interface Http2Case {
  section: string;
  what: string;
  /** Sent behind preface and settings. */
  bytes: Uint8Array;
  /** Sent instead of preface and settings. */
  start?: Uint8Array;
  /**
   * The codes of GOAWAY or RST_STREAM. Node says INTERNAL_ERROR where it gives up a connection itself, whatever was the
   * cause. `survives`: a PING is answered, and the stream is not reset.
   */
  expected: { connection: ErrorCode[] } | { stream: ErrorCode[] } | 'survives';
}

const bytes = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
const frame = http2Frame;
const open = headersFrame(1, callFields('ServerLive'));
const done = (stream = 1): Buffer => frame('DATA', { stream, flags: flags.END_STREAM, payload: emptyMessage });
const block = headerBlock(callFields('ServerLive'));
const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
};
const setting = (id: number, value: number): Buffer => bytes(Buffer.of(0, id), u32(value));
const without = (...names: string[]): Headers => callFields('ServerLive').filter(([name]) => !names.includes(name));
const call = (headers: Headers): Buffer => bytes(headersFrame(1, headers), done());

const protocol = { connection: ['PROTOCOL_ERROR'] } satisfies Http2Case['expected'];
const size = { connection: ['FRAME_SIZE_ERROR'] } satisfies Http2Case['expected'];
const compression = { connection: ['COMPRESSION_ERROR'] } satisfies Http2Case['expected'];
const malformed = { stream: ['PROTOCOL_ERROR'] } satisfies Http2Case['expected'];

const one = (
  section: string,
  what: string,
  sent: Uint8Array,
  expected: Http2Case['expected'],
  start?: Uint8Array,
): Http2Case => ({ section, what, bytes: sent, expected, ...(start && { start }) });

export const http2Cases: readonly Http2Case[] = [
  one('3.4', 'no SETTINGS behind the preface', frame('PING', { payload: Buffer.alloc(8) }), protocol, preface),
  one('4.1', 'a frame of an unknown type', frame(0xfa, { payload: [1, 2, 3] }), 'survives'),
  one('4.1', 'flags that mean nothing', bytes(frame('PING', { flags: 0xfe, payload: Buffer.alloc(8) })), 'survives'),
  one(
    '4.1',
    'the reserved bit of a stream',
    frame('WINDOW_UPDATE', { stream: 0x80000000, payload: u32(1) }),
    'survives',
  ),
  one(
    '4.2',
    'DATA beyond the largest frame',
    bytes(open, frame('DATA', { stream: 1, payload: Buffer.alloc(16_385) })),
    size,
  ),
  one('4.2', 'HEADERS beyond the largest frame', frame('HEADERS', { stream: 1, payload: Buffer.alloc(16_385) }), size),
  one('4.3', 'an index of HPACK that is not there', headersOf(prefixed(70, 7, 0x80)), compression),
  one('4.3', 'the index 0 of HPACK', headersOf(Buffer.of(0x80)), compression),
  one('4.3', 'a name of HPACK that ends too early', headersOf(Buffer.of(0, 0x7f, 0x10, 0x61)), compression),
  one('4.3', 'an integer of HPACK without an end', headersOf(Buffer.alloc(64, 0xff)), compression),
  one('4.3', 'a table of HPACK beyond its limit', headersOf(bytes(prefixed(1_000_000, 5, 0x20), block)), compression),
  one('4.3', 'a table of HPACK resized behind a field', headersOf(bytes(block, Buffer.of(0x20))), compression),
  one(
    '4.3',
    'Huffman padding of more than seven bits',
    headersOf(Buffer.of(0, 1, 0x61, 0x82, 0x1f, 0xff)),
    compression,
  ),
  one(
    '4.3',
    'the end of string in Huffman',
    headersOf(Buffer.of(0, 1, 0x61, 0x84, 0xff, 0xff, 0xff, 0xff)),
    compression,
  ),
  one('5.1', 'DATA on a stream that is idle', frame('DATA', { stream: 1, payload: [0] }), protocol),
  one('5.1', 'RST_STREAM on a stream that is idle', frame('RST_STREAM', { stream: 1, payload: u32(8) }), protocol),
  one(
    '5.1',
    'WINDOW_UPDATE on a stream that is idle',
    frame('WINDOW_UPDATE', { stream: 1, payload: u32(1) }),
    protocol,
  ),
  one(
    '5.1',
    'CONTINUATION on a stream that is idle',
    frame('CONTINUATION', { stream: 1, flags: 4, payload: block }),
    protocol,
  ),
  one('5.1', 'DATA behind the end of a stream', bytes(open, done(), done()), {
    connection: ['STREAM_CLOSED', 'PROTOCOL_ERROR'],
  }),
  one('5.1', 'HEADERS behind the end of a stream', bytes(open, done(), open), {
    connection: ['STREAM_CLOSED', 'PROTOCOL_ERROR'],
  }),
  one('5.1.1', 'an even number for a stream', headersFrame(2, callFields('ServerLive')), protocol),
  one(
    '5.1.1',
    'a number below the last one: it may be of a stream that was reset',
    bytes(headersFrame(5, callFields('ServerLive')), headersFrame(3, callFields('ServerLive'))),
    'survives',
  ),
  one(
    '5.3.1',
    'a stream that depends on itself',
    frame('PRIORITY', { stream: 1, payload: bytes(u32(1), Buffer.of(1)) }),
    protocol,
  ),
  one(
    '5.5',
    'an unknown frame inside of a header block',
    bytes(frame('HEADERS', { stream: 1, payload: block }), frame(0xfa)),
    protocol,
  ),
  one('6.1', 'DATA on stream 0', frame('DATA', { payload: [1] }), protocol),
  one(
    '6.1',
    'padding beyond the payload of DATA',
    bytes(open, frame('DATA', { stream: 1, flags: flags.PADDED, payload: [9, 1] })),
    protocol,
  ),
  one('6.2', 'HEADERS on stream 0', headersFrame(0, callFields('ServerLive')), protocol),
  one(
    '6.2',
    'padding beyond the payload of HEADERS',
    frame('HEADERS', { stream: 1, flags: 12, payload: bytes(Buffer.of(255), block.subarray(0, 20)) }),
    protocol,
  ),
  one(
    '6.2',
    'DATA inside of a header block',
    bytes(frame('HEADERS', { stream: 1, payload: block }), frame('DATA', { stream: 1 })),
    protocol,
  ),
  one(
    '6.2',
    'HEADERS of another stream inside of a header block',
    bytes(frame('HEADERS', { stream: 1, payload: block }), headersFrame(3, callFields('ServerLive'))),
    protocol,
  ),
  one('6.3', 'PRIORITY of four bytes', frame('PRIORITY', { stream: 1, payload: u32(3) }), {
    connection: ['FRAME_SIZE_ERROR'],
  }),
  one('6.3', 'PRIORITY on stream 0', frame('PRIORITY', { payload: bytes(u32(3), Buffer.of(1)) }), protocol),
  one('6.4', 'RST_STREAM of three bytes', bytes(open, frame('RST_STREAM', { stream: 1, payload: [0, 0, 8] })), size),
  one('6.4', 'RST_STREAM on stream 0', frame('RST_STREAM', { payload: u32(8) }), protocol),
  one('6.5', 'SETTINGS of seven bytes', frame('SETTINGS', { payload: Buffer.alloc(7) }), size),
  one('6.5', 'SETTINGS on a stream', frame('SETTINGS', { stream: 1 }), protocol),
  one(
    '6.5',
    'an acknowledgement with settings in it',
    frame('SETTINGS', { flags: flags.ACK, payload: setting(4, 100) }),
    size,
  ),
  one(
    '6.5',
    'an acknowledgement of settings that nobody sent',
    bytes(...Array(5).fill(frame('SETTINGS', { flags: flags.ACK }))),
    {
      connection: ['PROTOCOL_ERROR', 'INTERNAL_ERROR'],
    },
  ),
  one('6.5.2', 'ENABLE_PUSH of 2', frame('SETTINGS', { payload: setting(2, 2) }), protocol),
  one('6.5.2', 'a window beyond 2^31', frame('SETTINGS', { payload: setting(4, 2 ** 31) }), {
    connection: ['FLOW_CONTROL_ERROR'],
  }),
  one('6.5.2', 'a largest frame below 16,384', frame('SETTINGS', { payload: setting(5, 16_383) }), protocol),
  one('6.5.2', 'a largest frame beyond 2^24', frame('SETTINGS', { payload: setting(5, 2 ** 24) }), protocol),
  one('6.5.2', 'a setting that is unknown', frame('SETTINGS', { payload: setting(0xf0, 7) }), 'survives'),
  one(
    '6.6',
    'PUSH_PROMISE of a client',
    bytes(open, frame('PUSH_PROMISE', { stream: 1, flags: 4, payload: bytes(u32(3), block) })),
    protocol,
  ),
  one('6.7', 'PING of six bytes', frame('PING', { payload: Buffer.alloc(6) }), size),
  one('6.7', 'PING on a stream', frame('PING', { stream: 1, payload: Buffer.alloc(8) }), protocol),
  one(
    '6.7',
    'the answer to a PING that nobody sent',
    frame('PING', { flags: flags.ACK, payload: Buffer.alloc(8) }),
    protocol,
  ),
  one('6.8', 'GOAWAY on a stream', frame('GOAWAY', { stream: 1, payload: Buffer.alloc(8) }), protocol),
  one('6.8', 'GOAWAY of seven bytes', frame('GOAWAY', { payload: Buffer.alloc(7) }), size),
  one('6.9', 'WINDOW_UPDATE of three bytes', frame('WINDOW_UPDATE', { payload: [0, 0, 1] }), size),
  one('6.9', 'WINDOW_UPDATE of 0 for the connection', frame('WINDOW_UPDATE', { payload: u32(0) }), protocol),
  one('6.9', 'WINDOW_UPDATE of 0 for a stream', bytes(open, frame('WINDOW_UPDATE', { stream: 1, payload: u32(0) })), {
    stream: ['PROTOCOL_ERROR'],
  }),
  one('6.9.1', 'a window of the connection beyond 2^31', frame('WINDOW_UPDATE', { payload: u32(2 ** 31 - 1) }), {
    connection: ['FLOW_CONTROL_ERROR'],
  }),
  one(
    '6.9.1',
    'a window of a stream beyond 2^31',
    bytes(open, frame('WINDOW_UPDATE', { stream: 1, payload: u32(2 ** 31 - 1) })),
    {
      stream: ['FLOW_CONTROL_ERROR'],
    },
  ),
  one(
    '6.9.2',
    'a window that settings make larger than 2^31',
    bytes(
      open,
      frame('WINDOW_UPDATE', { stream: 1, payload: u32(2 ** 31 - 1 - 65_535) }),
      frame('SETTINGS', { payload: setting(4, 65_536) }),
    ),
    {
      stream: ['FLOW_CONTROL_ERROR'],
    },
  ),
  one(
    '6.10',
    'CONTINUATION behind the end of a block',
    bytes(open, frame('CONTINUATION', { stream: 1, flags: 4, payload: block })),
    protocol,
  ),
  one(
    '6.10',
    'CONTINUATION on stream 0',
    bytes(frame('HEADERS', { stream: 1, payload: block }), frame('CONTINUATION', { flags: 4 })),
    protocol,
  ),
  one(
    '6.10',
    'PING inside of a header block',
    bytes(frame('HEADERS', { stream: 1, payload: block }), frame('PING', { payload: Buffer.alloc(8) })),
    protocol,
  ),
  one(
    '7',
    'RST_STREAM of an unknown code',
    bytes(open, frame('RST_STREAM', { stream: 1, payload: u32(0xdeadbeef) })),
    'survives',
  ),
  one('8.1', 'a second HEADERS without the end of the stream', bytes(open, headersFrame(1, [['x', 'y']])), malformed),
  one(
    '8.1',
    'trailers with a pseudo-header',
    bytes(open, headersFrame(1, [[':path', '/x']], flags.END_STREAM)),
    malformed,
  ),
  one(
    '8.1.1',
    'more DATA than content-length says',
    call([...callFields('ServerLive'), ['content-length', '1']]),
    malformed,
  ),
  one(
    '8.1.1',
    'less DATA than content-length says',
    call([...callFields('ServerLive'), ['content-length', '99']]),
    malformed,
  ),
  one('8.2', 'a name with capitals', call([...callFields('ServerLive'), ['X-Upper', '1']]), malformed),
  one('8.2', 'a NUL in a value', call([...callFields('ServerLive'), ['x', 'a\0b']]), 'survives'),
  one('8.2.2', 'the header connection', call([...callFields('ServerLive'), ['connection', 'close']]), malformed),
  one('8.2.2', 'te other than trailers', call([...without('te'), ['te', 'gzip']]), malformed),
  one('8.3', 'a pseudo-header that is unknown', call([[':odd', '1'], ...callFields('ServerLive')]), malformed),
  one('8.3', 'a pseudo-header of an answer', call([[':status', '200'], ...callFields('ServerLive')]), malformed),
  one('8.3', 'a pseudo-header behind a header', call([...without(':path'), [':path', '/x']]), malformed),
  one('8.3.1', 'no :path', call(without(':path')), malformed),
  one('8.3.1', 'no :method', call(without(':method')), malformed),
  one('8.3.1', 'no :scheme', call(without(':scheme')), malformed),
  one(
    '8.3.1',
    'an empty :path',
    call([...without(':path').slice(0, 3), [':path', ''], ...without(':path').slice(3)]),
    malformed,
  ),
  one('8.3.1', ':path twice', call([[':path', '/x'], ...callFields('ServerLive')]), malformed),
  one(
    '8.4',
    'an honest call between odd frames',
    bytes(frame(0xfb), liveCall(1), frame(0xfc, { payload: Buffer.alloc(100) })),
    'survives',
  ),
];

function headersOf(payload: Uint8Array): Buffer {
  return http2Frame('HEADERS', { stream: 1, flags: flags.END_HEADERS | flags.END_STREAM, payload });
}

/** Name of the code in four bytes. */
export const codeOf = (payload: Buffer, at = 0): ErrorCode | undefined => errorCodes[payload.readUInt32BE(at)];
