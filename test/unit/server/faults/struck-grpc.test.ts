import type { ClientHttp2Session } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverConfigSchema } from '../../../../src/models/server-config.js';
import {
  connectRaw,
  createServiceClient,
  eventsOf,
  healthService,
  inferMessage,
  reflectionService,
} from '../grpc-clients.js';
import { type FaultyServer, inferRaw, messageOf, serveFaulty } from './struck-server.js';

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

const fp64 = (bytes: Uint8Array): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength >> 3 }, (_, index) => view.getFloat64(index * 8, true));
};

type Output = {
  name: string;
  datatype: string;
  shape: string[];
  contents?: { fp64_contents?: number[]; int64_contents?: string[] };
};
type Message = { outputs: Output[]; raw_output_contents: Buffer[] };
const infer = async (fault: string, model = 'same') =>
  messageOf(await inferRaw(session, { fault, model })) as unknown as Message;

describe('a wrong answer over gRPC', () => {
  it('is right without a fault', async () => {
    const { outputs } = messageOf(await inferRaw(session)) as unknown as Message;
    expect(outputs).toMatchObject([{ datatype: 'FP64', shape: ['2'], contents: { fp64_contents: [1, 2] } }]);
  });

  it('has other values', async () => {
    expect((await infer('wrong-value=10')).outputs[0]?.contents?.fp64_contents).toEqual([11, 12]);
    expect((await infer('nan')).outputs[0]?.contents?.fp64_contents).toEqual([Number.NaN, Number.NaN]);
    expect(fp64((await infer('wrong-value', 'raw')).raw_output_contents[0] as Buffer)).toEqual([2, 3]);
  });

  it('says another shape, or another datatype', async () => {
    expect((await infer('wrong-shape')).outputs[0]).toMatchObject({
      shape: ['3'],
      contents: { fp64_contents: [1, 2] },
    });
    const { outputs } = await infer('wrong-datatype');
    expect(outputs[0]).toMatchObject({
      datatype: 'INT64',
      contents: { int64_contents: ['4607182418800017408', '4611686018427387904'] },
    });
  });

  it('has an output less, or one more', async () => {
    expect((await infer('missing-output')).outputs).toEqual([]);
    expect((await infer('missing-output', 'raw')).raw_output_contents).toEqual([]);
    expect((await infer('extra-output')).outputs).toHaveLength(2);
  });

  it('has the other form', async () => {
    const toRaw = await infer('wrong-form');
    expect(toRaw.outputs[0]?.contents ?? null).toBeNull();
    expect(fp64(toRaw.raw_output_contents[0] as Buffer)).toEqual([1, 2]);
    const toTyped = await infer('wrong-form', 'raw');
    expect(toTyped.raw_output_contents).toEqual([]);
    expect(toTyped.outputs[0]?.contents?.fp64_contents).toEqual([1, 2]);
  });

  it.each([
    [1, 15],
    [9, 7],
    [16, 0],
    [1_000, 0],
  ])('lacks %i of its 16 raw bytes, in a message that is whole', async (bytes, left) => {
    const { raw_output_contents: contents, outputs } = await infer(`truncated=${bytes}`, 'raw');
    expect(contents.map(({ byteLength }) => byteLength)).toEqual([left]);
    expect(outputs[0]?.shape).toEqual(['2']);
  });

  it('lacks elements where they are typed', async () => {
    expect((await infer('truncated')).outputs[0]).toMatchObject({ shape: ['2'], contents: { fp64_contents: [1] } });
  });

  it('is wrong in several ways at once, in their order', async () => {
    const { outputs, raw_output_contents } = await infer(
      'wrong-value=1, wrong-shape, wrong-value=2, wrong-form, truncated=8',
    );
    expect(outputs[0]?.shape).toEqual(['3']);
    expect(fp64(raw_output_contents[0] as Buffer)).toEqual([4]);
  });

  it('is no protobuf', async () => {
    const answer = await inferRaw(session, { fault: 'invalid-message' });
    expect(answer.trailers['grpc-status']).toBe('0');
    expect(() => messageOf(answer)).toThrow();
    using client = createServiceClient(server.running.endpoint);
    await server.add({ kind: 'invalid-message', rpc: 'ModelReady' });
    await expect(client.unary('ModelReady', { name: 'same' })).rejects.toMatchObject({ code: status.INTERNAL });
    await server.clear();
  });

  it('is as large as said, beyond maxSendMessageBytes, and valid', async () => {
    const { limits } = serverConfigSchema.parse({ version: '1', models: [], limits: { maxSendMessageBytes: 1_000 } });
    await using small = await serveFaulty({ limits });
    const connection = await connectRaw(small.running.endpoint);
    const answer = await inferRaw(connection, { fault: 'oversize=3000000' });
    expect(answer.frames[0]?.bytes.byteLength).toBeGreaterThan(3_000_000);
    expect(answer.trailers['grpc-status']).toBe('0');
    expect((messageOf(answer) as unknown as Message).outputs[0]?.contents?.fp64_contents).toEqual([1, 2]);
    connection.destroy();
  });

  it('is too large for a client as clients are', async () => {
    await server.add({ kind: 'oversize', first: 1 });
    await expect(server.running.wire.call('ModelInfer', inferMessage('same'))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    await expect(server.running.wire.call('ModelInfer', inferMessage('same'))).resolves.toBeDefined();
    await server.clear();
  });

  it('comes whole to a client that compresses', async () => {
    const more = { 'grpc-encoding': 'gzip', 'grpc-accept-encoding': 'gzip' };
    for (const fault of ['slow-bytes=100000', 'oversize=100000', 'wrong-value']) {
      const answer = await inferRaw(session, { fault, more, values: Array(500).fill(1) });
      expect(answer.trailers['grpc-status'], fault).toBe('0');
      expect(answer.frames).toHaveLength(1);
      expect(answer.frames[0]?.flag, fault).toBe(fault === 'wrong-value' ? 1 : 0);
    }
  });
});

describe('an error over gRPC', () => {
  it.each([
    ['status', '14', 'a fault was injected'],
    ['status=ABORTED message="a%20b, \\"c\\""', '10', 'a%20b, "c"'],
    ['status=429', '8', 'a fault was injected'],
    ['status=418', '3', 'a fault was injected'],
    ['status=DATA_LOSS, status=ABORTED', '15', 'a fault was injected'],
  ])('%s is that of the fault', async (fault, code, message) => {
    const { trailers } = await inferRaw(session, { fault });
    expect(trailers['grpc-status']).toBe(code);
    expect(trailers['grpc-message']).toBe(encodeURI(message));
  });

  it('has a message that does no harm, whatever it is', async () => {
    await server.add({ kind: 'status', message: `\ud800\r\n\0${'ü'.repeat(900)}` });
    const { trailers } = await inferRaw(session);
    expect(trailers['grpc-status']).toBe('14');
    expect(decodeURI(String(trailers['grpc-message']))).toHaveLength(904);
    await server.clear();
  });

  it('tells what is wrong with a header, and serves the next call', async () => {
    const { trailers } = await inferRaw(session, { fault: 'teapot' });
    expect(trailers['grpc-status']).toBe(String(status.INVALID_ARGUMENT));
    expect(trailers['grpc-message']).toContain('there%20is%20no%20fault%20teapot');
    expect((await inferRaw(session)).trailers['grpc-status']).toBe('0');
  });

  it('is not there where headers of faults are not allowed', async () => {
    await using strict = await serveFaulty({ faultHeader: false });
    const connection = await connectRaw(strict.running.endpoint);
    expect((await inferRaw(connection, { fault: 'status' })).trailers['grpc-status']).toBe('0');
    connection.destroy();
  });

  it('that a header asks for strikes no other call', async () => {
    const answers = await Promise.all([
      inferRaw(session, { fault: 'status' }),
      inferRaw(session),
      inferRaw(session, { fault: 'status=NOT_FOUND' }),
    ]);
    expect(answers.map(({ trailers }) => trailers['grpc-status'])).toEqual(['14', '0', '5']);
  });
});

describe('a fault over gRPC', () => {
  it('chooses calls by model, alias, RPC and metadata, and counts those alone', async () => {
    const { wire } = server.running;
    const code = (model: string, method = 'ModelInfer') =>
      wire.call(method, method === 'ModelInfer' ? inferMessage(model) : { name: model }).then(
        () => 0,
        ({ code: one }) => one as number,
      );
    await server.add({ kind: 'status', model: 'same', rpc: 'ModelInfer', first: 2 });
    expect([
      await code('raw'),
      await code('same', 'ModelReady'),
      await code('alias'),
      await code('same'),
      await code('same'),
    ]).toEqual([0, 0, 14, 14, 0]);
    expect(server.struck()).toEqual([2]);
    await server.clear();
    await server.add({ kind: 'status', header: 'x-user=me' });
    const struck = await inferRaw(session, { more: { 'x-user': 'me' } });
    expect([struck.trailers['grpc-status'], (await inferRaw(session)).trailers['grpc-status']]).toEqual(['14', '0']);
    await server.clear();
  });

  it('of readiness strikes single calls', async () => {
    const { wire } = server.running;
    using health = createServiceClient(server.running.endpoint, healthService);
    const all = async () => [
      (await wire.call('ServerReady')).ready,
      (await wire.call('ModelReady', { name: 'same' })).ready,
      await wire.call('ModelMetadata', { name: 'same' }).then(
        () => 0,
        ({ code }) => code as number,
      ),
      await wire.call('ModelConfig', { name: 'same' }).then(
        () => 0,
        ({ code }) => code as number,
      ),
      await wire.call('ModelInfer', inferMessage('same')).then(
        () => 0,
        ({ code }) => code as number,
      ),
      (await health.unary('Check')).status,
      (await health.unary('Check', { service: 'same' })).status,
    ];
    await server.add({ kind: 'not-ready', first: 7 });
    expect(await all()).toEqual([false, false, 14, 14, 14, 'NOT_SERVING', 'NOT_SERVING']);
    expect(await all()).toEqual([true, true, 0, 0, 0, 'SERVING', 'SERVING']);
    await expect(wire.call('ModelReady', { name: 'nobody' })).rejects.toMatchObject({ code: status.NOT_FOUND });
    await server.clear();
  });

  it('counts failed inferences among those of the model', async () => {
    const { wire } = server.running;
    const failed = async () => {
      const { model_stats: stats } = (await wire.call('ModelStatistics', { name: 'two' })) as {
        model_stats: { inference_stats: { fail: { count: string } } }[];
      };
      return Number(stats[0]?.inference_stats.fail.count);
    };
    const before = await failed();
    await inferRaw(session, { fault: 'status', model: 'two' });
    await inferRaw(session, { fault: 'not-ready', model: 'two' });
    expect(await failed()).toBe(before + 2);
  });

  it('strikes health and reflection, too', async () => {
    const { endpoint } = server.running;
    using health = createServiceClient(endpoint, healthService);
    using reflection = createServiceClient(endpoint, reflectionService('v1'));
    await server.add({ kind: 'status', status: 'ABORTED' });
    await expect(health.unary('Check')).rejects.toMatchObject({ code: status.ABORTED });
    expect(await eventsOf(health.watch('Watch')).next()).toMatchObject({ code: status.ABORTED });
    const stream = reflection.open('ServerReflectionInfo');
    expect(await eventsOf(stream).next()).toMatchObject({ code: status.ABORTED });
    await server.clear();
    expect(await health.unary('Check')).toEqual({ status: 'SERVING' });
    await server.add({ kind: 'not-ready', rpc: 'Health/Watch', first: 1 });
    const watch = health.watch('Watch');
    expect(await eventsOf(watch).next()).toEqual({ status: 'NOT_SERVING' });
    watch.cancel();
    await server.clear();
  });
});
