import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { createGrpcChannel } from '../../../src/protocol/grpc-channel.js';

const path = '/test.Stream/Talk';
const bytes = (value: Buffer) => value;
const definition = { path, requestStream: true, responseStream: true };
const codecs = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

/** A server whose stream refuses whoever calls, at once. */
async function refusingServer() {
  const server = new Server();
  server.addService(
    { Talk: { ...definition, ...codecs } },
    { Talk: (call: { emit(event: 'error', error: object): void }) => call.emit('error', { code: status.NOT_FOUND }) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { endpoint: `127.0.0.1:${port}`, [Symbol.dispose]: () => server.forceShutdown() };
}

describe('a stream that ends with an error', () => {
  it('tells of it whoever begins to read only afterwards', async () => {
    using server = await refusingServer();
    await using channel = createGrpcChannel({ endpoint: server.endpoint });
    const method = { path, requestSerialize: bytes, responseDeserialize: bytes };
    const [first, second] = [channel.stream(method), channel.stream(method)];
    const read = (stream: typeof first) => stream.responses[Symbol.asyncIterator]().next();
    await expect(read(first)).rejects.toMatchObject({ status: 'NOT_FOUND' });
    // The second was refused before the first: its error has been there for a while.
    await new Promise((resolve) => setImmediate(resolve));
    await expect(read(second)).rejects.toMatchObject({ status: 'NOT_FOUND' });
  });
});
