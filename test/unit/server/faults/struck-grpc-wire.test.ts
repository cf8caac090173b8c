import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultHeader } from '../../../../src/faults/fault-text.js';
import { serverConfigSchema } from '../../../../src/models/server-config.js';
import { callHeaders, callRaw, connectRaw, encodeRequest, frame, inferMessage } from '../grpc-clients.js';
import { closed, endlessFaults, type FaultyServer, inferRaw, serveFaulty } from './struck-server.js';

let server: FaultyServer;
let session: ClientHttp2Session;
beforeAll(async () => {
  server = await serveFaulty();
  session = await connectRaw(server.running.endpoint);
});
afterAll(async () => {
  session.destroy();
  await server[Symbol.asyncDispose]();
});

describe('a wait over gRPC', () => {
  it('comes first, and is as long as said', async () => {
    const begun = performance.now();
    const { trailers } = await inferRaw(session, { fault: 'delay=300ms, status=ABORTED' });
    expect(trailers['grpc-status']).toBe('10');
    // A timer may be a little early by another clock.
    expect(performance.now() - begun).toBeGreaterThan(290);
  });

  it.each(['delay=1h', 'hang'])('%s ends with the deadline of its call', async (fault) => {
    const { trailers } = await inferRaw(session, { fault, more: { 'grpc-timeout': '200m' } });
    expect(trailers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
  });

  it('of a thousand calls leaves nothing when they are given up', async () => {
    const { limits } = serverConfigSchema.parse({
      version: '1',
      models: [],
      limits: { maxConcurrentRequests: 500, maxConcurrentStreams: 1_000 },
    });
    await using busy = await serveFaulty({ limits });
    const connection = await connectRaw(busy.running.endpoint);
    const body = frame(encodeRequest('ModelInfer', inferMessage('same')));
    const open = (fault: string, count: number) =>
      Array.from({ length: count }, () => {
        const stream = connection.request(callHeaders('ModelInfer', { [faultHeader]: fault }));
        stream.on('error', () => {});
        stream.end(body);
        return stream;
      });
    const giveUp = async (streams: ClientHttp2Stream[]) => {
      for (const stream of streams) stream.close(8);
      await Promise.all(streams.map(closed));
    };
    // Delayed inferences run, and hanging ones do not: as many as may run are in the way of others.
    const delayed = open('delay=1h', 500);
    await expect.poll(async () => (await inferRaw(connection)).trailers['grpc-status']).toBe('8');
    await giveUp(delayed);
    await expect.poll(async () => (await inferRaw(connection)).trailers['grpc-status']).toBe('0');
    const hanging = open('hang', 900);
    expect((await inferRaw(connection)).trailers['grpc-status']).toBe('0');
    await giveUp(hanging);
    await expect.poll(async () => (await busy.counted('grpc', 'ModelInfer')).CANCELLED).toBe(1_400);
    connection.destroy();
  });

  it('does not outlive a server that stops', async () => {
    await using stopping = await serveFaulty();
    await stopping.add(...endlessFaults);
    const ends = endlessFaults.map(async ({ kind }) => {
      const connection = await connectRaw(stopping.running.endpoint);
      await inferRaw(connection, { more: { 'x-fault': kind } });
      connection.destroy();
    });
    await expect.poll(() => stopping.struck()).toEqual([1, 1, 1, 1]);
    await stopping.running.server.close(100);
    await Promise.all(ends);
  });
});

/** The bytes of one call's answer as they come, with the moment of each. */
async function receive(endpoint: string, fault: string, values: readonly number[]) {
  const connection = await connectRaw(endpoint);
  const stream = connection.request(callHeaders('ModelInfer', { [faultHeader]: fault }));
  stream.on('error', () => {});
  const chunks: { at: number; bytes: number }[] = [];
  stream.on('data', ({ byteLength }: Buffer) => chunks.push({ at: performance.now(), bytes: byteLength }));
  let trailers: unknown;
  stream.on('trailers', (received) => {
    trailers = received;
  });
  stream.end(frame(encodeRequest('ModelInfer', inferMessage('same', values))));
  await closed(stream);
  return { chunks, trailers, connection, bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0) };
}

describe('the bytes of an answer over gRPC', () => {
  it('come slowly, little by little', async () => {
    const { endpoint } = server.running;
    const plain = await receive(endpoint, 'wrong-shape', Array(20).fill(1));
    plain.connection.destroy();
    const begun = performance.now();
    const { chunks, bytes, trailers, connection } = await receive(endpoint, 'slow-bytes=400', Array(20).fill(1));
    const took = performance.now() - begun;
    expect(bytes).toBe(plain.bytes);
    expect(trailers).toMatchObject({ 'grpc-status': '0' });
    expect(chunks.length).toBeGreaterThan(4);
    expect(Math.max(...chunks.map((chunk) => chunk.bytes))).toBeLessThan(bytes / 2);
    expect(took).toBeGreaterThan(((bytes - 1) / 400) * 1_000 * 0.9);
    connection.destroy();
  });

  it.each([0, 10])('break off after %i of the message, with their connection', async (count) => {
    const { bytes, trailers, connection } = await receive(
      server.running.endpoint,
      `partial-answer=${count}`,
      [1, 2, 3],
    );
    expect(bytes).toBe(5 + count);
    expect(trailers).toBeUndefined();
    await closed(connection);
  });

  it('break off before an error, too', async () => {
    const { bytes, connection } = await receive(server.running.endpoint, 'status, partial-answer=5', [1]);
    expect(bytes).toBe(0);
    await closed(connection);
  });
});

describe('the connection of a call over gRPC', () => {
  it.each([
    [2, 'INTERNAL'],
    [7, 'UNAVAILABLE'],
    [8, 'CANCELLED'],
    [11, 'RESOURCE_EXHAUSTED'],
  ])('lives when its call is reset with code %i, which is counted as %s', async (code, name) => {
    const before = (await server.counted('grpc', 'ModelInfer'))[name] ?? 0;
    const answer = await inferRaw(session, { fault: `stream-reset=${code}` });
    expect(answer).toMatchObject({ reset: code, frames: [] });
    expect((await inferRaw(session)).trailers['grpc-status']).toBe('0');
    expect((await server.counted('grpc', 'ModelInfer'))[name]).toBe(before + 1);
  });

  it('is reset by TCP', async () => {
    const connection = await connectRaw(server.running.endpoint);
    const failed = new Promise((resolve) => connection.once('error', resolve));
    void inferRaw(connection, { fault: 'reset' });
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
    await expect.poll(async () => (await server.counted('grpc', 'ModelInfer')).UNAVAILABLE).toBeGreaterThan(0);
  });

  it('ends in peace by GOAWAY without an error: the call is answered, and calls under way are', async () => {
    const connection = await connectRaw(server.running.endpoint);
    const goaway = once(connection, 'goaway');
    const other = inferRaw(connection, { fault: 'delay=300ms' });
    const answer = await inferRaw(connection, { fault: 'goaway' });
    expect(answer.trailers['grpc-status']).toBe('0');
    expect((await goaway)[0]).toBe(0);
    expect((await other).trailers['grpc-status']).toBe('0');
    await closed(connection);
  });

  it.each([1, 11])('ends at once by GOAWAY with error %i', async (code) => {
    const connection = await connectRaw(server.running.endpoint);
    const goaway = once(connection, 'goaway');
    const answer = await inferRaw(connection, { fault: `goaway=${code}` });
    expect((await goaway)[0]).toBe(code);
    expect(answer.trailers['grpc-status']).toBeUndefined();
    await closed(connection);
  });

  it('is half open until its fault is cleared: no answer, no PING, no end', async () => {
    await server.add({ kind: 'half-open', rpc: 'ModelInfer' });
    const connection = await connectRaw(server.running.endpoint);
    let events = 0;
    const count = () => {
      events++;
    };
    connection.on('close', count).on('goaway', count);
    const stream = connection.request(callHeaders('ModelInfer'));
    stream.on('response', count).on('error', () => {});
    stream.end(frame(encodeRequest('ModelInfer', inferMessage('same'))));
    const other = await connectRaw(server.running.endpoint);
    await expect.poll(() => server.struck()).toEqual([1]);
    connection.ping(count);
    // As long as several honest calls take on another connection.
    for (let calls = 0; calls < 20; calls++) {
      await callRaw(other, callHeaders('ServerLive'), frame(Buffer.alloc(0)));
    }
    expect(events).toBe(0);
    await server.clear();
    await closed(connection);
    other.destroy();
  });
});
