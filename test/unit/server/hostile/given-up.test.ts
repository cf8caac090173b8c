/** Connections after an error of HTTP/2: they end, whether their client ends them, has gone, or waits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limitsSchema } from '../../../../src/models/limits.js';
import {
  callFields,
  flags,
  frameConnection,
  frameTypes,
  headersFrame,
  http2Frame,
  liveCall,
  preface,
} from '../../../tools/http2-frames.js';
import { serve, type TestServer } from '../serve.js';

const goaway = http2Frame('GOAWAY', { payload: Buffer.alloc(8) });
const badFrame = http2Frame('DATA', { payload: [1] });

let running: TestServer;
beforeAll(async () => {
  running = await serve();
});
afterAll(() => running[Symbol.asyncDispose]());

/** GOAWAY, which has Node end the session, an open call, and RST_STREAM of a wrong size, in one piece. */
const assertionOfNghttp2 = [
  goaway,
  headersFrame(1, callFields('ServerLive')),
  http2Frame('RST_STREAM', { stream: 1, payload: [0x80, 0, 0, 0, 8, 0, 8] }),
];

it('a session that ends in the middle of what is read does not take the process with it', async () => {
  const once = async () => {
    using connection = await frameConnection(
      running.server.grpcPort,
      Buffer.concat([preface, http2Frame('SETTINGS'), ...assertionOfNghttp2]),
    );
    await connection.ended();
  };
  await Promise.all(Array.from({ length: 20 }, once));
  using other = await frameConnection(running.server.grpcPort);
  expect(await other.answersPing()).toBe(true);
});

describe('calls that come in one piece with the GOAWAY of their client', () => {
  it('are served: it concerns what the server would begin, and Node would refuse them where nghttp2 cannot bear it', async () => {
    using connection = await frameConnection(running.server.grpcPort);
    connection.send(goaway, liveCall(1), liveCall(3));
    for (const stream of [1, 3]) {
      const last = await connection.frame((one) => one.stream === stream && (one.flags & flags.END_STREAM) !== 0);
      expect(last?.type).toBe(frameTypes.HEADERS);
    }
    expect(await connection.ended()).toBe('NO_ERROR');
    expect(connection.frames.some(({ type }) => type === frameTypes.RST_STREAM)).toBe(false);
  });

  it('may have their trailers there, too', async () => {
    for (let times = 0; times < 20; times++) {
      using connection = await frameConnection(running.server.grpcPort);
      const begin = headersFrame(1, callFields('ServerLive'));
      connection.send(goaway, begin, headersFrame(1, [['x-trailer', '1']], flags.END_STREAM), liveCall(3));
      await connection.ended();
      expect(connection.frames.some(({ stream }) => stream === 3)).toBe(true);
    }
  });
});

const openCall = headersFrame(1, callFields('ModelStreamInfer'));

describe('a connection that HTTP/2 has given up', () => {
  it.each([
    ['without a call', Buffer.alloc(0)],
    ['behind an answered call', liveCall(1)],
    ['with an open call', openCall],
  ])('is closed by the server %s, while its client waits', async (_, before) => {
    using connection = await frameConnection(running.server.grpcPort);
    connection.send(before, badFrame);
    expect(await connection.ended()).toBe('PROTOCOL_ERROR');
  });

  it('is closed by the server, too, where its client had said that it goes', async () => {
    using connection = await frameConnection(running.server.grpcPort);
    // First alone: both together are the end of a session that has not been given up.
    connection.send(openCall, goaway);
    expect(await connection.answersPing()).toBe(true);
    connection.send(badFrame);
    await connection.ended();
  });

  it('does not count as open for ever, where its client has gone', async () => {
    await using small = await serve({}, { limits: limitsSchema.parse({ maxConnections: 20 }) });
    for (let gone = 0; gone < 20; gone++) {
      using connection = await frameConnection(small.server.grpcPort);
      connection.send(badFrame);
      await connection.frame(({ type }) => type === 7);
    }
    for (let served = false; !served; ) {
      using connection = await frameConnection(small.server.grpcPort);
      served = await connection.answersPing();
    }
  });

  it('is told from one whose client is silent, and does not answer a PING', async () => {
    using connection = await frameConnection(running.server.grpcPort);
    connection.send(openCall);
    expect(await connection.answersPing()).toBe(true);
    // Asked once by the server, and not cut for the answer that does not come.
    expect(await connection.frame(({ type, flags }) => type === 6 && flags === 0)).toBeDefined();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await connection.answersPing()).toBe(true);
  });
});
