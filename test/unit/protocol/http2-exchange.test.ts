/** One HTTP/2 exchange, against servers of node:http2 that answer as they like. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { grpcFrame, grpcFrames } from '../../../src/protocol/grpc-frames.js';
import { createHttp2Sender } from '../../../src/protocol/http2-exchange.js';

/** A server that answers each stream so, and a sender to it. */
async function serving(answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void) {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    answer(stream, headers);
  });
  let sessions = 0;
  server.on('session', (session) => {
    sessions += 1;
    session.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sender = createHttp2Sender({ endpoint, headers: { authorization: 'Bearer t' } });
  return {
    send: sender.send,
    sessions: () => sessions,
    async [Symbol.asyncDispose]() {
      await sender[Symbol.asyncDispose]();
      server.close();
    },
  };
}

describe('an exchange', () => {
  it('gives headers, body and trailers, over one connection for all', async () => {
    await using to = await serving((stream, headers) => {
      stream.respond({ ':status': 200, 'x-sent': JSON.stringify(headers) }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    });
    const sent = grpcFrame(Buffer.from('message'), { compressed: true });
    for (const encoding of ['gzip', 'deflate']) {
      const answer = await to.send({ path: '/a.B/C', headers: { 'grpc-encoding': encoding }, body: sent });
      expect(answer).toMatchObject({ status: 200, trailers: { 'grpc-status': '0' } });
      expect(grpcFrames(answer.body)).toEqual([{ compressed: true, bytes: Buffer.from('message') }]);
      expect(JSON.parse(String(answer.headers['x-sent']))).toMatchObject({
        ':method': 'POST',
        ':path': '/a.B/C',
        'content-type': 'application/grpc',
        te: 'trailers',
        authorization: 'Bearer t',
        'grpc-encoding': encoding,
      });
    }
    expect(to.sessions()).toBe(1);
  });

  it('sends another header in place of a usual one, and none for an empty one', async () => {
    await using to = await serving((stream, headers) => {
      stream.respond({ ':status': 200, 'x-sent': JSON.stringify(headers) }, { endStream: true });
    });
    const answer = await to.send({ path: '/', headers: { 'content-type': 'text/plain', te: '' } });
    const sent = JSON.parse(String(answer.headers['x-sent']));
    expect([sent['content-type'], 'te' in sent]).toEqual(['text/plain', false]);
  });

  it('is over when the server has said all, though it did not read all', async () => {
    await using to = await serving((stream) => stream.respond({ ':status': 415 }, { endStream: true }));
    expect(await to.send({ path: '/', body: Buffer.alloc(4_000_000) })).toMatchObject({ status: 415 });
    expect(await to.send({ path: '/' })).toMatchObject({ status: 415 });
  });

  it('fails with UNAVAILABLE where the stream ends without an answer, or nobody listens', async () => {
    await using to = await serving((stream) => stream.close(2));
    await expect(to.send({ path: '/a' })).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    await using nobody = createHttp2Sender({ endpoint: '127.0.0.1:1' });
    await expect(nobody.send({ path: '/a' })).rejects.toMatchObject({ status: 'UNAVAILABLE' });
  });

  it('fails with DEADLINE_EXCEEDED where there is no answer in time, and the next one goes on', async () => {
    await using to = await serving((stream, { ':path': path }) => {
      if (path === '/b') stream.respond({ ':status': 200 }, { endStream: true });
    });
    const waiting = to.send({ path: '/a' }, { timeoutMs: 50 });
    await expect(waiting).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    expect(await to.send({ path: '/b' })).toMatchObject({ status: 200 });
  });

  it('fails with CANCELLED when it is given up, before or after it is sent', async () => {
    await using to = await serving(() => {});
    const controller = new AbortController();
    const waiting = to.send({ path: '/a' }, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ status: 'CANCELLED' });
    await expect(to.send({ path: '/a' }, { signal: controller.signal })).rejects.toMatchObject({ status: 'CANCELLED' });
  });

  it('connects anew where the connection ended', async () => {
    await using to = await serving((stream) => {
      stream.respond({ ':status': 200 }, { endStream: true });
      stream.session?.close();
    });
    expect(await to.send({ path: '/' })).toMatchObject({ status: 200 });
    await expect.poll(() => to.send({ path: '/' }).then(({ status }) => status)).toBe(200);
    expect(to.sessions()).toBeGreaterThan(1);
  });
});

describe('frames', () => {
  it('are read one after the other', () => {
    const body = Buffer.concat([grpcFrame(Buffer.from('a')), grpcFrame(Buffer.alloc(0), { compressed: true })]);
    expect(grpcFrames(body).map(({ compressed, bytes }) => [compressed, bytes.toString()])).toEqual([
      [false, 'a'],
      [true, ''],
    ]);
    expect(grpcFrames(Buffer.alloc(0))).toEqual([]);
  });

  it.each([
    ['ends in its head', [0, 0, 0], /head/],
    ['ends in its message', [0, 0, 0, 0, 9, 1], /middle/],
    ['has a flag that is none', [2, 0, 0, 0, 0], /begins with 2/],
  ])('are refused where one %s', (_, bytes, says) => {
    expect(() => grpcFrames(Buffer.from(bytes))).toThrow(says);
  });
});
