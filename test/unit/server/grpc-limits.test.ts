import type { OutgoingHttpHeaders } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import { limitsSchema } from '../../../src/models/limits.js';
import type { Model } from '../../../src/models/model.js';
import { createLogger } from '../../../src/server/telemetry/logger.js';
import {
  callHeaders,
  callRaw,
  connectRaw,
  createServiceClient,
  encodeRequest,
  eventsOf,
  frame,
  inferenceService,
  inferMessage,
} from './grpc-clients.js';
import { serve } from './serve.js';

const serveWithin = (limits: object, options = {}, more = {}) =>
  serve(options, { limits: limitsSchema.parse(limits), ...more });

/** A model `held` whose predictions answer when they are let. */
function heldModel() {
  const waiting: (() => void)[] = [];
  let most = 0;
  let arrived = (): void => {};
  const predict: Model['predict'] = (inputs) =>
    new Promise((resolve) => {
      waiting.push(() => resolve([{ ...inputs[0], name: 'output_tensor' } as never]));
      most = Math.max(most, waiting.length);
      arrived();
    });
  return {
    models: [modelConfigSchema.parse({ kind: 'identity', name: 'held' })],
    makeModel: async (config: Parameters<typeof createModel>[0], version: string) => ({
      ...(await createModel(config, { version })),
      predict,
    }),
    get most() {
      return most;
    },
    answerAll: () => {
      for (const answer of waiting.splice(0)) answer();
    },
    async asked(count: number) {
      while (waiting.length < count) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
    },
  };
}

describe('maxReceiveMessageBytes', () => {
  const limit = 1_000;
  const message = (bytes: number) => {
    const bare = encodeRequest('ModelInfer', inferMessage('scaler', [1], { id: 'x'.repeat(200) })).byteLength;
    const request = encodeRequest('ModelInfer', inferMessage('scaler', [1], { id: 'x'.repeat(200 + bytes - bare) }));
    expect(request.byteLength).toBe(bytes);
    return frame(request);
  };

  it.each([
    ['at the limit is answered', limit, '0', ''],
    ['beyond it is RESOURCE_EXHAUSTED, by the name of the limit', limit + 1, '8', `maxReceiveMessageBytes, ${limit}`],
  ])('a message %s', async (_, bytes, code, details) => {
    await using running = await serveWithin({ maxReceiveMessageBytes: limit });
    const session = await connectRaw(running.endpoint);
    const { trailers } = await callRaw(session, callHeaders('ModelInfer'), message(bytes));
    expect(trailers['grpc-status']).toBe(code);
    expect(decodeURI(String(trailers['grpc-message']))).toContain(details);
    session.close();
  });
});

describe('maxSendMessageBytes', () => {
  it('refuses an answer beyond it by its name, and sends one of just its size', async () => {
    await using plain = await serve();
    const session = await connectRaw(plain.endpoint);
    const body = frame(encodeRequest('ModelInfer', inferMessage('scaler', [1, 2, 3])));
    const { frames } = await callRaw(session, callHeaders('ModelInfer'), body);
    session.close();
    const size = frames[0]?.bytes.byteLength ?? 0;

    await using exact = await serveWithin({ maxSendMessageBytes: size });
    using fits = createServiceClient(exact.endpoint);
    await fits.unary('ModelInfer', inferMessage('scaler', [1, 2, 3]));
    await using smaller = await serveWithin({ maxSendMessageBytes: size - 1 });
    using refused = createServiceClient(smaller.endpoint);
    await expect(refused.unary('ModelInfer', inferMessage('scaler', [1, 2, 3]))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: `The answer has ${size} bytes, more than the limit maxSendMessageBytes, ${size - 1}`,
    });
  });

  it('holds for every other answer too', async () => {
    await using running = await serveWithin({ maxSendMessageBytes: 20 });
    using client = createServiceClient(running.endpoint);
    expect(await client.unary('ServerLive')).toEqual({ live: true });
    await expect(client.unary('ServerMetadata')).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('the limit maxSendMessageBytes, 20'),
    });
  });
});

describe('maxHeaderBytes', () => {
  const limit = 2_000;
  /** As HTTP/2 counts them: names, values, and 32 each. */
  const sizeOf = (headers: OutgoingHttpHeaders) =>
    Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 32, 0);

  it.each([
    ['of the limit are read', 0, { reset: 0, status: '0' }],
    ['beyond it end their call with ENHANCE_YOUR_CALM', 1, { reset: 11, status: undefined }],
  ])('headers %s', async (_, surplus, expected) => {
    await using running = await serveWithin({ maxHeaderBytes: limit });
    const session = await connectRaw(running.endpoint);
    const headers = callHeaders('ServerLive', { ':scheme': 'http', ':authority': running.endpoint, padding: '' });
    headers.padding = 'x'.repeat(limit + surplus - sizeOf(headers));
    const { trailers, reset } = await callRaw(session, headers, frame(Buffer.alloc(0)));
    expect({ reset, status: trailers['grpc-status'] }).toEqual(expected);
    const after = await callRaw(session, callHeaders('ServerLive'), frame(Buffer.alloc(0)));
    expect(after.trailers['grpc-status']).toBe('0');
    session.close();
  });
});

describe('maxConcurrentStreams', () => {
  it('lets that many calls of a connection be open, and the next one begin when one ends', async () => {
    await using running = await serveWithin({ maxConcurrentStreams: 2 });
    using client = createServiceClient(running.endpoint);
    const streams = [client.open('ModelStreamInfer'), client.open('ModelStreamInfer')];
    const events = streams.map((stream) => eventsOf(stream));
    for (const [index, stream] of streams.entries()) {
      stream.write(inferMessage('scaler', [1]));
      await events[index]?.next();
    }
    let answered = false;
    const third = client.unary('ServerLive').then(() => {
      answered = true;
    });
    // A round trip of another stream: the third call would have been answered by then.
    for (let trips = 0; trips < 5; trips++) {
      streams[0]?.write(inferMessage('scaler', [1]));
      await events[0]?.next();
    }
    expect(answered).toBe(false);
    streams[1]?.end();
    await third;
    streams[0]?.end();
  });
});

describe('maxConcurrentRequests', () => {
  it('lets that many inferences run, refuses the next one by the name of the limit, and takes one again', async () => {
    const held = heldModel();
    await using running = await serveWithin({ maxConcurrentRequests: 3 }, held, { models: held.models });
    using client = createServiceClient(running.endpoint);
    const calls = [1, 2, 3].map((value) => client.unary('ModelInfer', inferMessage('held', [value])));
    await held.asked(3);
    await expect(client.unary('ModelInfer', inferMessage('held'))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('maxConcurrentRequests'),
    });
    // What is no inference goes on.
    expect(await client.unary('ServerReady')).toEqual({ ready: true });
    held.answerAll();
    await Promise.all(calls);
    const again = client.unary('ModelInfer', inferMessage('held'));
    await held.asked(1);
    held.answerAll();
    await again;
  });

  it('holds when calls are opened and reset at once, over and over', async () => {
    const held = heldModel();
    const most = 10;
    await using running = await serveWithin({ maxConcurrentRequests: most }, held, { models: held.models });
    const session = await connectRaw(running.endpoint);
    const body = frame(encodeRequest('ModelInfer', inferMessage('held')));
    const resets = Array.from({ length: 500 }, () => {
      const stream = session.request(callHeaders('ModelInfer'));
      stream.on('error', () => {});
      stream.end(body, () => stream.close(8));
      return new Promise((resolve) => stream.once('close', resolve));
    });
    await Promise.all(resets);
    expect(held.most).toBeLessThanOrEqual(most);
    held.answerAll();
    using client = createServiceClient(running.endpoint);
    expect(await client.unary('ServerLive')).toEqual({ live: true });
    session.destroy();
  });
});

describe('requestTimeout', () => {
  it('ends an inference that takes longer with DEADLINE_EXCEEDED', async () => {
    const held = heldModel();
    await using running = await serveWithin({ requestTimeout: '20ms' }, held, { models: held.models });
    using client = createServiceClient(running.endpoint);
    await expect(client.unary('ModelInfer', inferMessage('held'))).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      details: expect.stringContaining('requestTimeout'),
    });
    held.answerAll();
  });
});

describe('a deadline of the client', () => {
  it.each(['600H', '99999999H', '99999999S', '2147484S'])(
    'of %s, more than a timer counts, is none',
    async (timeout) => {
      await using running = await serve();
      const session = await connectRaw(running.endpoint);
      const body = frame(encodeRequest('ModelInfer', inferMessage('scaler')));
      const { trailers } = await callRaw(session, callHeaders('ModelInfer', { 'grpc-timeout': timeout }), body);
      expect(trailers['grpc-status']).toBe('0');
      session.close();
    },
  );

  it('ends a call that outlasts it', async () => {
    const held = heldModel();
    await using running = await serveWithin({}, held, { models: held.models });
    const session = await connectRaw(running.endpoint);
    const body = frame(encodeRequest('ModelInfer', inferMessage('held')));
    const { trailers } = await callRaw(session, callHeaders('ModelInfer', { 'grpc-timeout': '50m' }), body);
    expect(trailers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
    held.answerAll();
    session.close();
  });

  it('that cannot be read is INTERNAL', async () => {
    await using running = await serve();
    const session = await connectRaw(running.endpoint);
    const headers = callHeaders('ServerLive', { 'grpc-timeout': 'soon' });
    const { trailers } = await callRaw(session, headers, frame(Buffer.alloc(0)));
    expect(trailers['grpc-status']).toBe(String(status.INTERNAL));
    session.close();
  });
});

describe('malformed calls', () => {
  it.each([
    ['no message', Buffer.alloc(0), status.UNIMPLEMENTED],
    ['two messages', Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))]), status.UNIMPLEMENTED],
    ['bytes that are no protobuf', frame(Buffer.from([0xff, 0xff, 0xff])), status.INTERNAL],
  ])('%s: that call is refused, and the server goes on', async (_, body, code) => {
    await using running = await serve();
    const session = await connectRaw(running.endpoint);
    const { trailers } = await callRaw(session, callHeaders('ModelReady'), body);
    expect(trailers['grpc-status']).toBe(String(code));
    const after = await callRaw(
      session,
      callHeaders(`/${inferenceService.service}/ServerLive`),
      frame(Buffer.alloc(0)),
    );
    expect(after.trailers['grpc-status']).toBe('0');
    session.close();
  });
});

describe('answers that nobody reads', () => {
  it('end their calls, the oldest first, when they are more than two of the largest answers; others go on', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'warn', write: (line) => lines.push(line) });
    const maxSendMessageBytes = 1024 * 1024;
    await using running = await serveWithin({ maxSendMessageBytes }, { log });
    const session = await connectRaw(running.endpoint);
    const bytes = 256 * 1024;
    const body = frame(encodeRequest('ModelInfer', inferMessage('scaler', Array(bytes / 8).fill(1))));
    const calls = Array.from({ length: 40 }, () => {
      const stream = session.request(callHeaders('ModelInfer'));
      stream.on('error', () => {});
      stream.end(body);
      return stream;
    });
    // Each one is either answered, which its headers say, or reset.
    await Promise.all(
      calls.map((call) => new Promise((resolve) => call.once('response', resolve).once('close', resolve))),
    );
    // A look at what waits may still be on its way.
    using client = createServiceClient(running.endpoint);
    for (let n = 0; n < 20; n++) expect(await client.unary('ServerLive')).toEqual({ live: true });
    const left = calls.filter((call) => !call.closed);
    expect(left.length * bytes).toBeLessThanOrEqual(2.5 * maxSendMessageBytes);
    expect([calls.at(0)?.closed, calls.at(-1)?.closed]).toEqual([true, false]);
    expect(new Set(calls.filter((call) => call.closed).map((call) => call.rstCode))).toEqual(new Set([11]));
    expect(lines[0]).toContain('unread');
    const large = await client.unary('ModelInfer', inferMessage('scaler', Array(bytes / 8).fill(1)));
    expect(large).toMatchObject({ model_name: 'scaler' });
    session.destroy();
  });
});
