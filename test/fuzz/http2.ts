/** Bytes on the socket of HTTP/2. Each input has a connection of its own, which its client ends, or cuts. */
import { connect } from 'node:net';
import { frameTypes, readFrames } from '../tools/http2-frames.js';
import { mutateFrames } from './mutate-frames.js';
import { patienceMs, type Target, type Verdict } from './target.js';

export const http2Target: Target = {
  name: 'http2',
  mutate: mutateFrames,
  openLane: ({ grpcPort }) => ({ try: (input) => send(grpcPort, input), [Symbol.dispose]: () => {} }),
};

/**
 * A connection that its client has ended must be ended by the server, too: at once, or, where HTTP/2 has given it up,
 * soon after GOAWAY; the latter is seen by what is left at the end.
 */
function send(port: number, input: Buffer): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const late = setTimeout(() => {
      socket.destroy();
      resolve(`leaves its connection open for ${patienceMs} ms after the client has ended it`);
    }, patienceMs);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(late);
      resolve(undefined);
    });
    let unread: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      const { frames, rest } = readFrames(Buffer.concat([unread, chunk]));
      unread = rest;
      if (input.byteLength % 11 === 0 || frames.some(({ type }) => type === frameTypes.GOAWAY)) socket.destroy();
    });
    const half = input.byteLength % 7 === 0 ? Math.floor(input.byteLength / 2) : input.byteLength;
    socket.write(input.subarray(0, half));
    socket.end(input.subarray(half));
  });
}
