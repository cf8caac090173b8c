import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { limitsSchema } from '../../../src/models/limits.js';
import { createLogger } from '../../../src/server/telemetry/logger.js';
import { callHeaders, callRaw, connectRaw, encodeRequest, frame, inferMessage } from './grpc-clients.js';
import { serve } from './serve.js';

const largest = 100_000;
const limits = limitsSchema.parse({ maxReceiveMessageBytes: largest });
/** A request near the largest size, in its frame. */
const whole = frame(encodeRequest('ModelInfer', inferMessage('identity', Array(12_000).fill(1.5))));

/** A call of which only a part is sent. */
function begin(session: ClientHttp2Session, part: Uint8Array, method = 'ModelInfer') {
  const stream: ClientHttp2Stream = session.request(callHeaders(method));
  let status: unknown;
  const note = (headers: Record<string, unknown>) => {
    status ??= headers['grpc-status'];
  };
  stream.on('response', note);
  stream.on('trailers', note);
  stream.on('error', () => {});
  stream.resume();
  const ended = new Promise<{ status: unknown; reset: number }>((resolve) => {
    stream.on('close', () => resolve({ status, reset: stream.rstCode }));
  });
  stream.write(part);
  return { stream, ended };
}

const turn = (session: ClientHttp2Session) => new Promise((resolve) => session.ping(resolve));

describe('messages that are on their way', () => {
  it('are bounded in sum: who has sent nothing for the longest time is refused, and nobody else', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'warn', write: (line) => lines.push(line) });
    await using running = await serve({ log }, { limits });
    const sessions = await Promise.all([connectRaw(running.endpoint), connectRaw(running.endpoint)]);
    const [first, second] = sessions as [ClientHttp2Session, ClientHttp2Session];
    const honest = begin(second, whole.subarray(0, 100));
    const stalled = [];
    for (let count = 0; count < 40; count++) {
      stalled.push(begin(count % 2 ? first : second, whole.subarray(0, 90_000)));
      await turn(first);
      await turn(second);
      // It makes progress, if little.
      honest.stream.write(whole.subarray(100 + count, 101 + count));
      await turn(second);
    }
    const refused = await Promise.all(stalled.slice(0, 20).map(({ ended }) => ended));
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set(['8']));
    honest.stream.end(whole.subarray(140));
    expect(await honest.ended).toEqual({ status: '0', reset: 0 });
    // The last ones are still welcome to finish.
    const last = stalled.at(-1);
    last?.stream.end(whole.subarray(90_000));
    expect(await last?.ended).toEqual({ status: '0', reset: 0 });
    expect(lines.length).toBeGreaterThan(0);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', maxBytes: 16 * largest, calls: 1 });
    for (const session of sessions) session.destroy();
  });

  it('come in as many pieces as they like', async () => {
    await using running = await serve({}, { limits });
    const session = await connectRaw(running.endpoint);
    const small = frame(encodeRequest('ModelInfer', inferMessage('identity', [1, 2, 3])));
    const { stream, ended } = begin(session, small.subarray(0, 1));
    for (let at = 1; at < small.byteLength; at++) {
      stream.write(small.subarray(at, at + 1));
      await turn(session);
    }
    stream.end();
    expect(await ended).toEqual({ status: '0', reset: 0 });
    session.destroy();
  });

  it('are forgotten when they are whole, or given up: hundreds of large ones, one after the other', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'warn', write: (line) => lines.push(line) });
    await using running = await serve({ log }, { limits });
    const session = await connectRaw(running.endpoint);
    for (let round = 0; round < 100; round++) {
      const given = begin(session, whole.subarray(0, 50_000));
      await turn(session);
      given.stream.close(8);
      const { trailers } = await callRaw(session, callHeaders('ModelInfer'), whole);
      expect(trailers['grpc-status']).toBe('0');
    }
    const stream = begin(session, whole, 'ModelStreamInfer');
    for (let round = 0; round < 100; round++) stream.stream.write(whole);
    stream.stream.end();
    expect(await stream.ended).toEqual({ status: '0', reset: 0 });
    expect(lines).toEqual([]);
    session.destroy();
  });
});
