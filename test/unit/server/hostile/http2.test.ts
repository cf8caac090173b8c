/** What is not HTTP/2, sent by hand: each ends its connection, its stream, or nothing, and no other connection notices. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGrpcClient } from '../../../../src/protocol/grpc-client.js';
import { type FrameConnection, frameConnection, frameTypes } from '../../../tools/http2-frames.js';
import { serve, type TestServer } from '../serve.js';
import { codeOf, type Http2Case, http2Cases } from './http2-cases.js';

let running: TestServer;
beforeAll(async () => {
  running = await serve();
});
afterAll(() => running[Symbol.asyncDispose]());

async function outcome({ socket, send, frame, answersPing }: FrameConnection, { bytes, expected }: Http2Case) {
  send(bytes);
  if (expected === 'survives' && (await answersPing())) return 'survives';
  const wanted = expected !== 'survives' && 'stream' in expected ? frameTypes.RST_STREAM : frameTypes.GOAWAY;
  const found = await frame(({ type }) => type === wanted || type === frameTypes.GOAWAY);
  socket.destroy();
  if (!found) return 'ended without a word';
  return found.type === frameTypes.GOAWAY
    ? { connection: codeOf(found.payload, 4) }
    : { stream: codeOf(found.payload) };
}

const codesOf = (expected: Http2Case['expected']): unknown[] => {
  if (expected === 'survives') return ['survives'];
  // An endpoint may treat the error of a stream as one of the connection: RFC 9113, section 5.4.2.
  const streams = 'stream' in expected ? expected.stream : [];
  const connections = 'connection' in expected ? expected.connection : expected.stream;
  return [
    ...streams.map((stream) => ({ stream })),
    ...[...connections, 'INTERNAL_ERROR'].map((connection) => ({ connection })),
  ];
};

describe('a server that gets', () => {
  it.each(http2Cases)('$section: $what', async (one) => {
    using connection = await frameConnection(running.server.grpcPort, one.start);
    expect(codesOf(one.expected)).toContainEqual(await outcome(connection, one));
    const tensor = { name: 'x', datatype: 'FP64' as const, shape: [2], data: Float64Array.of(1, 2) };
    // Of a new client, so on a new connection.
    await using honest = createGrpcClient({ endpoint: running.endpoint });
    const { outputs } = await honest.infer({ modelName: 'scaler', inputs: [tensor] });
    expect(outputs[0]?.data).toEqual(Float64Array.of(2, 4));
  });
});
