import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createGrpcClient } from '../../../src/protocol/grpc-client.js';
import { createRestClient } from '../../../src/protocol/rest-client.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(server: Server | ReturnType<typeof createNetServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = createNetServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server that takes connections and never says a word. */
async function silentPort(): Promise<number> {
  const server = createNetServer((socket) => {
    socket.on('error', () => {});
    cleanups.push(async () => socket.destroy());
  });
  return listen(server);
}

async function foreignServer(listener: RequestListener) {
  const server = createHttpServer(listener);
  const port = await listen(server);
  cleanups.push(async () => server.closeAllConnections());
  return own(createRestClient({ baseUrl: `http://127.0.0.1:${port}` }));
}

function own<T extends AsyncDisposable>(client: T): T {
  cleanups.push(async () => client[Symbol.asyncDispose]());
  return client;
}

const failsWith = (status: string) => expect.objectContaining({ name: 'OipError', status });
const clientOf = (transport: 'grpc' | 'rest', port: number) =>
  own(
    transport === 'grpc'
      ? createGrpcClient({ endpoint: `127.0.0.1:${port}` })
      : createRestClient({ baseUrl: `http://127.0.0.1:${port}` }),
  );

describe.each(['grpc', 'rest'] as const)('a client over %s', (transport) => {
  it('fails with UNAVAILABLE where nothing listens', async () => {
    const client = clientOf(transport, await closedPort());
    await expect(client.serverLive()).rejects.toEqual(failsWith('UNAVAILABLE'));
  });

  it('fails with DEADLINE_EXCEEDED where nothing answers', async () => {
    const client = clientOf(transport, await silentPort());
    await expect(client.serverReady({ timeoutMs: 50 })).rejects.toEqual(failsWith('DEADLINE_EXCEEDED'));
    await expect(client.infer({ modelName: 'm', inputs: [] }, { timeoutMs: 50 })).rejects.toEqual(
      failsWith('DEADLINE_EXCEEDED'),
    );
  });

  it('fails with CANCELLED once its signal is aborted, before the call and during it', async () => {
    const client = clientOf(transport, await silentPort());
    await expect(client.serverLive({ signal: AbortSignal.abort() })).rejects.toEqual(failsWith('CANCELLED'));
    const controller = new AbortController();
    const call = client.serverLive({ signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toEqual(failsWith('CANCELLED'));
  });

  it('fails its running calls when it is disposed of', async () => {
    const client = clientOf(transport, await silentPort());
    const call = client.serverLive({ timeoutMs: 2_000 }).catch((error: unknown) => error);
    await client[Symbol.asyncDispose]();
    expect(await call).toMatchObject({ name: 'OipError' });
  });

  it('says what it talks to', async () => {
    expect(clientOf(transport, 1)).toMatchObject({ transport, endpoint: expect.stringContaining('127.0.0.1:1') });
  });

  it('refuses what the form cannot carry before sending it', async () => {
    const inputs = [{ name: 'x', datatype: 'FP16' as const, shape: [1], data: Uint16Array.of(1) }];
    const call = clientOf(transport, 1).infer({ modelName: 'm', inputs, form: 'typed' });
    await expect(call).rejects.toEqual(failsWith('OUT_OF_RANGE'));
  });
});

describe('a REST client of a foreign server', () => {
  const answer =
    (status: number, body = '', headers: Record<string, string> = {}): RequestListener =>
    (request, response) => {
      request.resume();
      response.writeHead(status, headers).end(body);
    };

  it('judges health by status where the body is empty', async () => {
    const healthy = await foreignServer(answer(200));
    expect(await healthy.serverLive()).toBe(true);
    expect(await healthy.modelReady('m')).toBe(true);
    const unready = await foreignServer(answer(400));
    expect(await unready.serverReady()).toBe(false);
    expect(await unready.modelReady('m')).toBe(false);
  });

  it('believes the body where it says not ready', async () => {
    const client = await foreignServer(answer(200, '{"ready":false}'));
    expect(await client.serverReady()).toBe(false);
  });

  it.each([
    [404, '{"error":"Model m not found"}', 'NOT_FOUND', 'Model m not found'],
    [400, '{"error":"bad"}', 'INVALID_ARGUMENT', 'bad'],
    [422, '{"detail":[{"loc":["body"]}]}', 'INVALID_ARGUMENT', '[{"loc":["body"]}]'],
    [500, 'Internal Server Error', 'INTERNAL', 'Internal Server Error'],
    [502, '', 'INTERNAL', 'HTTP status 502'],
  ])('reads the error %i %s', async (status, body, name, message) => {
    const client = await foreignServer(answer(status, body));
    await expect(client.infer({ modelName: 'm', inputs: [] })).rejects.toMatchObject({
      status: name,
      httpStatus: status,
      message,
    });
  });

  it.each([
    ['no JSON', '<html>'],
    ['no outputs', '{}'],
    ['outputs that do not fill their shape', '{"outputs":[{"name":"y","datatype":"FP64","shape":[2],"data":[1]}]}'],
  ])('calls an answer with %s malformed', async (_case, body) => {
    const client = await foreignServer(answer(200, body));
    await expect(client.infer({ modelName: 'm', inputs: [] })).rejects.toMatchObject({
      status: 'INTERNAL',
      message: expect.stringContaining("server's answer is malformed"),
    });
  });

  it('fails with UNAVAILABLE where the answer breaks off', async () => {
    const client = await foreignServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.destroy());
    });
    await expect(client.serverMetadata()).rejects.toEqual(failsWith('UNAVAILABLE'));
  });

  it('takes metadata without the optional members', async () => {
    const client = await foreignServer(answer(200, '{"name":"m","version":"1"}'));
    expect(await client.modelMetadata('m')).toEqual({ name: 'm', versions: [], platform: '', inputs: [], outputs: [] });
    expect(await client.serverMetadata()).toEqual({ name: 'm', version: '1', extensions: [] });
  });

  it('reads the index of a repository, with what the server leaves out', async () => {
    const client = await foreignServer(answer(200, '[{"name":"m","version":"1","state":"READY"},{"name":"n"}]'));
    expect(await client.repositoryIndex()).toEqual([
      { name: 'm', version: '1', state: 'READY', reason: '' },
      { name: 'n', version: '', state: '', reason: '' },
    ]);
  });

  it.each([404, 405, 501])('says UNIMPLEMENTED where there is no repository, by status %i', async (status) => {
    const client = await foreignServer(answer(status, '{"error":"no such route"}'));
    await expect(client.repositoryIndex()).rejects.toMatchObject({
      status: 'UNIMPLEMENTED',
      message: 'no such route',
    });
  });

  it('keeps the path of its base URL, and percent-encodes names', async () => {
    const paths: (string | undefined)[] = [];
    const server = createHttpServer((request, response) => {
      paths.push(request.url);
      response.end('{}');
    });
    const port = await listen(server);
    const client = own(createRestClient({ baseUrl: `http://127.0.0.1:${port}/prefix/` }));
    await client.modelReady('a/b', '..');
    await client[Symbol.asyncDispose]();
    expect(paths).toEqual(['/prefix/v2/models/a%2Fb/versions/%2E%2E/ready']);
  });

  it('takes http URLs only', () => {
    expect(() => createRestClient({ baseUrl: 'ftp://x' })).toThrow(TypeError);
    expect(() => createRestClient({ baseUrl: 'localhost' })).toThrow(TypeError);
  });
});
