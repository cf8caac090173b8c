import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultHeader } from '../../../../src/faults/fault-text.js';
import {
  callHeaders,
  connectRaw,
  createServiceClient,
  encodeRequest,
  eventsOf,
  frame,
  inferMessage,
} from '../grpc-clients.js';
import { closed, type FaultyServer, inferRaw, serveFaulty } from './struck-server.js';

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

interface Answer {
  error_message: string;
  infer_response: { id: string; outputs: { shape: string[]; contents: { fp64_contents: number[] } | null }[] } | null;
}

/** An open stream of inferences. */
function openStream(metadata: Record<string, string> = {}) {
  const client = createServiceClient(server.running.endpoint);
  const stream = client.open('ModelStreamInfer', metadata);
  const events = eventsOf(stream);
  return {
    stream,
    ask: (id: string, values = [1, 2]) => stream.write(inferMessage('same', values, { id })),
    next: () => events.next() as Promise<Answer>,
    [Symbol.dispose]() {
      stream.cancel();
      client[Symbol.dispose]();
    },
  };
}

const valuesOf = ({ infer_response: answer }: Answer) => answer?.outputs[0]?.contents?.fp64_contents;

describe('faults of a stream of inferences', () => {
  it('strike single requests of a stream, one that is older than the fault, too', async () => {
    using stream = openStream();
    stream.ask('a');
    expect(valuesOf(await stream.next())).toEqual([1, 2]);
    await server.add({ kind: 'wrong-value', every: 2, rpc: 'ModelStreamInfer' });
    for (const id of ['b', 'c', 'd', 'e']) stream.ask(id);
    const answers = [await stream.next(), await stream.next(), await stream.next(), await stream.next()];
    expect(answers.map(valuesOf)).toEqual([
      [1, 2],
      [2, 3],
      [1, 2],
      [2, 3],
    ]);
    expect(answers.map(({ infer_response: answer }) => answer?.id)).toEqual(['b', 'c', 'd', 'e']);
    expect(server.struck()).toEqual([2]);
    await server.clear();
  });

  it('answer with an error as any inference that fails, and the stream goes on', async () => {
    await server.add({ kind: 'status', message: 'not now', first: 1 }, { kind: 'not-ready', first: 1, after: 1 });
    using stream = openStream();
    stream.ask('a');
    expect(await stream.next()).toMatchObject({ error_message: 'not now', infer_response: { id: 'a' } });
    stream.ask('b');
    expect((await stream.next()).error_message).toMatch(/not ready: UNAVAILABLE/);
    stream.ask('c');
    expect(valuesOf(await stream.next())).toEqual([1, 2]);
    await server.clear();
  });

  it('end the stream with their status where its client asked for that', async () => {
    await server.add({ kind: 'status', status: 'ABORTED', first: 1 });
    using stream = openStream({ triton_grpc_error: 'true' });
    stream.ask('a');
    expect(await stream.next()).toEqual({ code: status.ABORTED, details: 'a fault was injected' });
    await server.clear();
  });

  it('keep the order of answers while one waits', async () => {
    await server.add({ kind: 'delay', time: '200ms', first: 1 });
    using stream = openStream();
    stream.ask('a');
    stream.ask('b');
    const answers = [await stream.next(), await stream.next()];
    expect(answers.map(({ infer_response: answer }) => answer?.id)).toEqual(['a', 'b']);
    await server.clear();
  });

  it('are those of its header for every request', async () => {
    using stream = openStream({ [faultHeader]: 'wrong-shape, wrong-value=5' });
    stream.ask('a');
    stream.ask('b');
    for (const answer of [await stream.next(), await stream.next()]) {
      expect(answer.infer_response?.outputs[0]?.shape).toEqual(['3']);
      expect(valuesOf(answer)).toEqual([6, 7]);
    }
  });

  it('make a message of it no protobuf', async () => {
    await server.add({ kind: 'invalid-message', first: 1 });
    using stream = openStream();
    stream.ask('a');
    expect(await stream.next()).toMatchObject({ code: status.INTERNAL });
    await server.clear();
  });
});

/** The bytes of one stream of two requests, the second one struck. */
async function receive(
  fault: string,
): Promise<{ bytes: number; stream: ClientHttp2Stream; connection: ClientHttp2Session }> {
  const connection = await connectRaw(server.running.endpoint);
  const stream = connection.request(callHeaders('ModelStreamInfer', { [faultHeader]: fault }));
  stream.on('error', () => {});
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
  });
  stream.end(frame(encodeRequest('ModelInfer', inferMessage('same'))));
  await closed(stream);
  return { bytes, stream, connection };
}

describe('a stream of inferences on the wire', () => {
  it('breaks off in the middle of a message, with its connection', async () => {
    const { bytes, connection } = await receive('partial-answer=9');
    expect(bytes).toBe(5 + 9);
    await closed(connection);
  });

  it('is reset, and its connection lives', async () => {
    const { bytes, stream, connection } = await receive('stream-reset=7');
    expect([bytes, stream.rstCode]).toEqual([0, 7]);
    expect((await inferRaw(connection)).trailers['grpc-status']).toBe('0');
    connection.destroy();
  });

  it('has messages as large as said, and as short', async () => {
    const plain = await receive('wrong-value=1');
    const large = await receive('oversize=100000');
    const short = await receive('wrong-form, truncated=4');
    const raw = await receive('wrong-form');
    expect(large.bytes - plain.bytes).toBeGreaterThanOrEqual(100_000);
    expect(raw.bytes - short.bytes).toBe(4);
    for (const { connection } of [plain, large, short, raw]) connection.destroy();
  });

  it('ends with its deadline while a request of it hangs', async () => {
    const stream = session.request(callHeaders('ModelStreamInfer', { [faultHeader]: 'hang', 'grpc-timeout': '200m' }));
    const response = once(stream, 'response');
    stream.end(frame(encodeRequest('ModelInfer', inferMessage('same'))));
    stream.resume();
    expect((await response)[0]).toMatchObject({ 'grpc-status': String(status.DEADLINE_EXCEEDED) });
  });
});
