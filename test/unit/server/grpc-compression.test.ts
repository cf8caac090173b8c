import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { compressionAlgorithms, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limitsSchema } from '../../../src/models/limits.js';
import {
  callHeaders,
  callRaw,
  connectRaw,
  createServiceClient,
  decodeResponse,
  encodeRequest,
  eventsOf,
  frame,
  inferMessage,
} from './grpc-clients.js';
import { serve, type TestServer } from './serve.js';

const compress = { gzip: gzipSync, deflate: deflateSync };
const inflate = { gzip: gunzipSync, deflate: inflateSync };
const encodings = ['gzip', 'deflate'] as const;
const limit = 10_000;

let running: TestServer;
beforeAll(async () => {
  running = await serve({}, { limits: limitsSchema.parse({ maxReceiveMessageBytes: limit }) });
});
afterAll(() => running[Symbol.asyncDispose]());

const ones = Array(1_000).fill(1);
const request = encodeRequest('ModelInfer', inferMessage('scaler', ones));

async function call(body: Uint8Array, headers: Record<string, string> = {}, method = 'ModelInfer') {
  const session = await connectRaw(running.endpoint);
  const answer = await callRaw(session, callHeaders(method, headers), body);
  session.close();
  return answer;
}

describe.each(encodings)('%s', (encoding) => {
  const accepting = { 'grpc-encoding': encoding, 'grpc-accept-encoding': `identity, ${encoding}` };

  it('is read in requests, and answered in kind where the client accepts it', async () => {
    const { headers, trailers, frames } = await call(frame(compress[encoding](request), 1), accepting);
    expect(trailers['grpc-status']).toBe('0');
    expect(headers['grpc-encoding']).toBe(encoding);
    expect(frames).toHaveLength(1);
    const [answer] = frames;
    expect(answer?.flag).toBe(1);
    expect(answer?.bytes.byteLength).toBeLessThan(1_000);
    const message = decodeResponse('ModelInfer', inflate[encoding](answer?.bytes ?? Buffer.alloc(0)));
    expect(message).toMatchObject({ outputs: [{ contents: { fp64_contents: ones.map((value) => 2 * value) } }] });
  });

  it.each(['identity', undefined])('is not answered where the client accepts %s', async (accepted) => {
    const { headers, trailers, frames } = await call(frame(compress[encoding](request), 1), {
      'grpc-encoding': encoding,
      ...(accepted && { 'grpc-accept-encoding': accepted }),
    });
    expect([trailers['grpc-status'], headers['grpc-encoding'], frames[0]?.flag]).toEqual(['0', 'identity', 0]);
  });

  it('leaves an answer as it is that would not get smaller', async () => {
    const live = encodeRequest('ServerLive', {});
    const { headers, frames } = await call(frame(live), accepting, 'ServerLive');
    expect([headers['grpc-encoding'], frames[0]?.flag]).toEqual([encoding, 0]);
    expect(decodeResponse('ServerLive', frames[0]?.bytes ?? Buffer.alloc(0))).toEqual({ live: true });
  });

  it('is answered in a stream, message by message', async () => {
    const body = Buffer.concat([1, 2, 3].map(() => frame(compress[encoding](request), 1)));
    const { headers, trailers, frames } = await call(body, accepting, 'ModelStreamInfer');
    expect([trailers['grpc-status'], headers['grpc-encoding']]).toEqual(['0', encoding]);
    expect(frames.map(({ flag }) => flag)).toEqual([1, 1, 1]);
    for (const { bytes } of frames) {
      const message = decodeResponse('ModelStreamInfer', inflate[encoding](bytes));
      expect(message).toMatchObject({ error_message: '' });
    }
  });

  it('leaves errors as they are', async () => {
    const unknown = encodeRequest('ModelInfer', inferMessage('nobody'));
    const { headers, trailers, frames } = await call(frame(compress[encoding](unknown), 1), accepting);
    expect([trailers['grpc-status'], headers['grpc-encoding'], frames]).toEqual(['5', undefined, []]);
  });

  it('that is none is answered INTERNAL', async () => {
    const { trailers } = await call(frame(Buffer.from('this was never compressed'), 1), accepting);
    expect(trailers['grpc-status']).toBe(String(status.INTERNAL));
  });

  it('that stops short is answered INTERNAL', async () => {
    const whole = compress[encoding](request);
    const { trailers } = await call(frame(whole.subarray(0, whole.byteLength - 6), 1), accepting);
    expect(trailers['grpc-status']).toBe(String(status.INTERNAL));
  });

  it('that grows beyond maxReceiveMessageBytes is answered RESOURCE_EXHAUSTED, with the limit', async () => {
    const { trailers } = await call(frame(compress[encoding](Buffer.alloc(limit + 1)), 1), accepting);
    expect(trailers['grpc-status']).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(decodeURI(String(trailers['grpc-message']))).toContain(`the limit maxReceiveMessageBytes, ${limit}`);
  });

  it('that grows to maxReceiveMessageBytes is read', async () => {
    // With an unknown field behind it, which is skipped: two bytes of tag, two of length, and zeros.
    const length = limit - request.byteLength - 4;
    const field = Buffer.concat([Buffer.from([0xba, 0x06, (length & 0x7f) | 0x80, length >> 7]), Buffer.alloc(length)]);
    const { trailers } = await call(frame(compress[encoding](Buffer.concat([request, field])), 1), accepting);
    expect(trailers['grpc-status']).toBe('0');
  });

  it("is spoken by grpc-js's own client, both ways", async () => {
    using client = createServiceClient(running.endpoint, undefined, {
      'grpc.default_compression_algorithm': compressionAlgorithms[encoding],
    });
    expect(await client.unary('ModelInfer', inferMessage('scaler', ones))).toMatchObject({
      outputs: [{ contents: { fp64_contents: ones.map((value) => 2 * value) } }],
    });
    const stream = client.open('ModelStreamInfer');
    const events = eventsOf(stream);
    for (let n = 0; n < 3; n++) stream.write(inferMessage('scaler', ones, { id: String(n) }));
    stream.end();
    for (let n = 0; n < 3; n++) expect(await events.next()).toMatchObject({ infer_response: { id: String(n) } });
    expect(await events.next()).toBe('end');
  });
});

describe('a request without compression', () => {
  it('is answered without, whatever the client accepts', async () => {
    const { headers, frames } = await call(frame(request), { 'grpc-accept-encoding': 'identity,deflate,gzip' });
    expect([headers['grpc-encoding'], frames[0]?.flag]).toEqual(['identity', 0]);
  });
});

describe('a request in another encoding', () => {
  it('is answered UNIMPLEMENTED, with the accepted ones', async () => {
    const { trailers } = await call(frame(request, 1), { 'grpc-encoding': 'br' });
    expect(trailers).toMatchObject({
      'grpc-status': String(status.UNIMPLEMENTED),
      'grpc-accept-encoding': 'identity,deflate,gzip',
    });
    expect(decodeURI(String(trailers['grpc-message']))).toBe(
      'grpc-encoding br is not supported; the server accepts identity,deflate,gzip',
    );
  });
});
