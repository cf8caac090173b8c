import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import { limitsSchema } from '../../../src/models/limits.js';
import type { Model } from '../../../src/models/model.js';
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
import { serve } from './serve.js';

interface StreamMessage {
  error_message: string;
  infer_response: { id: string; model_name: string; outputs: object[]; parameters: object } | null;
}

const values = (message: unknown) =>
  (message as { infer_response: { outputs: { contents: { fp64_contents: number[] } }[] } }).infer_response.outputs[0]
    ?.contents.fp64_contents;

/** A server with a model `held` that answers when it is let, beside those of every test. */
async function serveHeld() {
  const waiting: (() => void)[] = [];
  let arrived = (): void => {};
  const predict: Model['predict'] = (inputs) =>
    new Promise((resolve) => {
      waiting.push(() => resolve([{ ...inputs[0], name: 'output_tensor' } as never]));
      arrived();
    });
  const models = [
    { kind: 'identity', name: 'held' },
    { kind: 'scale', name: 'scaler' },
  ].map((model) => modelConfigSchema.parse(model));
  const running = await serve(
    {
      makeModel: async (config, version) => ({
        ...(await createModel(config, { version })),
        ...(config.name === 'held' && { predict }),
      }),
    },
    { models },
  );
  return {
    running,
    waiting,
    /** Settles when the held model has been asked `count` times and not answered. */
    async asked(count: number) {
      while (waiting.length < count) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
    },
  };
}

describe('ModelStreamInfer', () => {
  it('answers in the order of the requests, each with its id, and ends when the client does', async () => {
    await using running = await serve();
    using client = createServiceClient(running.endpoint);
    const stream = client.open('ModelStreamInfer');
    const events = eventsOf(stream);
    const count = 100;
    for (let n = 0; n < count; n++) stream.write(inferMessage('scaler', [n], { id: `r${n}` }));
    stream.end();
    for (let n = 0; n < count; n++) {
      const message = await events.next();
      expect(message).toMatchObject({ error_message: '', infer_response: { id: `r${n}`, model_name: 'scaler' } });
      expect(values(message)).toEqual([2 * n]);
    }
    expect(await events.next()).toBe('end');
  });

  it('answers requests that come in one piece with the end of the stream', async () => {
    await using running = await serve();
    const session = await connectRaw(running.endpoint);
    const requests = ['a', 'b', 'c'].map((id) =>
      frame(encodeRequest('ModelInfer', inferMessage('scaler', [1], { id }))),
    );
    const { frames, trailers } = await callRaw(session, callHeaders('ModelStreamInfer'), Buffer.concat(requests));
    const answers = frames.map(({ bytes }) => decodeResponse('ModelStreamInfer', bytes) as unknown as StreamMessage);
    expect(answers.map(({ infer_response }) => infer_response?.id)).toEqual(['a', 'b', 'c']);
    expect(trailers['grpc-status']).toBe('0');
    session.close();
  });

  it('says on every answer that it is the final one to its request', async () => {
    await using running = await serve();
    using client = createServiceClient(running.endpoint);
    const stream = client.open('ModelStreamInfer');
    const events = eventsOf(stream);
    stream.write(
      inferMessage('scaler', [1], { parameters: { triton_enable_empty_final_response: { bool_param: true } } }),
    );
    const message = (await events.next()) as StreamMessage;
    expect(message.infer_response?.parameters).toEqual({
      triton_final_response: { bool_param: true, parameter_choice: 'bool_param' },
    });
    stream.end();
    expect(await events.next()).toBe('end');
  });

  it('answers an inference that fails with its message and id, and goes on', async () => {
    await using running = await serve();
    using client = createServiceClient(running.endpoint);
    const stream = client.open('ModelStreamInfer');
    const events = eventsOf(stream);
    stream.write(inferMessage('nobody', [1], { id: 'a' }));
    stream.write({ model_name: 'scaler', id: 'b' });
    stream.write(inferMessage('scaler', [4], { id: 'c' }));
    stream.end();
    const [unknown, empty, good] = [await events.next(), await events.next(), await events.next()] as StreamMessage[];
    expect(unknown).toMatchObject({ error_message: expect.stringContaining('"nobody"'), infer_response: { id: 'a' } });
    expect(unknown?.infer_response?.outputs).toEqual([]);
    expect(empty).toMatchObject({ error_message: expect.stringContaining('input'), infer_response: { id: 'b' } });
    expect(values(good)).toEqual([8]);
    expect(await events.next()).toBe('end');
  });

  it('answers a request that cannot be decoded with its id, and goes on', async () => {
    await using running = await serve();
    using client = createServiceClient(running.endpoint);
    const stream = client.open('ModelStreamInfer');
    const events = eventsOf(stream);
    stream.write({ model_name: 'scaler', id: 'a', inputs: [{ name: 'x', datatype: 'FP64', shape: [2] }] });
    stream.write(inferMessage('scaler', [4]));
    stream.end();
    const refused = { error_message: expect.stringContaining('"x"'), infer_response: { id: 'a' } };
    expect(await events.next()).toMatchObject(refused);
    expect(values(await events.next())).toEqual([8]);
  });

  it('ends with the status of the first failure where triton_grpc_error asks for that', async () => {
    await using running = await serve();
    using client = createServiceClient(running.endpoint);
    const stream = client.open('ModelStreamInfer', { triton_grpc_error: 'true' });
    const events = eventsOf(stream);
    stream.write(inferMessage('scaler', [4]));
    stream.write(inferMessage('nobody'));
    stream.write(inferMessage('scaler', [5]));
    expect(values(await events.next())).toEqual([8]);
    expect(await events.next()).toEqual({ code: status.NOT_FOUND, details: expect.stringContaining('"nobody"') });
  });

  it('answers what is too large to send, or too much at one time, in the stream', async () => {
    const limits = limitsSchema.parse({ maxSendMessageBytes: 200, maxConcurrentRequests: 1 });
    await using running = await serve({}, { limits });
    using client = createServiceClient(running.endpoint);
    const stream = client.open('ModelStreamInfer');
    const events = eventsOf(stream);
    stream.write(inferMessage('scaler', Array(100).fill(1), { id: 'big' }));
    stream.write(inferMessage('scaler', [1]));
    stream.end();
    expect(await events.next()).toMatchObject({
      error_message: expect.stringContaining('limit maxSendMessageBytes, 200'),
      infer_response: { id: 'big' },
    });
    expect(values(await events.next())).toEqual([2]);
    expect(await events.next()).toBe('end');
  });

  it('reads nothing more while its client reads nothing', async () => {
    await using running = await serve();
    const session = await connectRaw(running.endpoint);
    const stream = session.request(callHeaders('ModelStreamInfer'));
    stream.on('error', () => {});
    const bytes = 512 * 1024;
    const message = frame(encodeRequest('ModelInfer', inferMessage('scaler', Array(bytes / 8).fill(1))));
    let written = 0;
    const most = 200;
    // What the server does not read stays here, once all buffers on the way are full.
    while (written < most && (await accepted(stream, message))) written++;
    expect(written).toBeLessThan(most / 2);
    let answered = 0;
    stream.on('data', (chunk: Buffer) => {
      answered += chunk.byteLength;
    });
    stream.end();
    await new Promise((resolve) => stream.once('end', resolve));
    expect(answered).toBeGreaterThan(written * bytes);
    session.close();
  });

  it('forgets a stream that its client cancels, in the middle of an inference too', async () => {
    const { running, waiting, asked } = await serveHeld();
    await using _ = running;
    using client = createServiceClient(running.endpoint);
    const stream = client.open('ModelStreamInfer');
    const events = eventsOf(stream);
    stream.write(inferMessage('held'));
    await asked(1);
    stream.cancel();
    expect(await events.next()).toMatchObject({ code: status.CANCELLED });
    waiting[0]?.();
    expect(await client.unary('ServerLive')).toEqual({ live: true });
  });

  it('ends with UNAVAILABLE when the server stops: at once where it is idle, after the answer where it is not', async () => {
    const { running, waiting, asked } = await serveHeld();
    await using _ = running;
    using client = createServiceClient(running.endpoint);
    const idle = eventsOf(client.open('ModelStreamInfer'));
    const busyStream = client.open('ModelStreamInfer');
    const busy = eventsOf(busyStream);
    busyStream.write(inferMessage('held', [7]));
    busyStream.write(inferMessage('held', [8]));
    await asked(1);
    const closed = running.server.close(60_000);
    const stopped = { code: status.UNAVAILABLE, details: 'The server stops' };
    expect(await idle.next()).toEqual(stopped);
    waiting[0]?.();
    expect(values(await busy.next())).toEqual([7]);
    expect(await busy.next()).toEqual(stopped);
    await closed;
    expect(waiting).toHaveLength(1);
  });
});

/** Whether the stream took a message off our hands within a time in which a server that reads would have. */
function accepted(stream: { write(bytes: Buffer, done: () => void): boolean }, message: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 1_000);
    stream.write(message, () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
