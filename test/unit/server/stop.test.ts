import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import type { Model } from '../../../src/models/model.js';
import type { Tensor } from '../../../src/protocol/tensor.js';
import { type StartServerOptions, startServer } from '../../../src/server/start-server.js';
import { createLogger } from '../../../src/server/telemetry/logger.js';
import { config, serve } from './serve.js';

const input: Tensor = { name: 'x', datatype: 'FP64', shape: [1], data: Float64Array.of(1) };

/** A server of one identity model called `m` whose prediction is another. */
function serveModel(predict: Model['predict'], options: StartServerOptions = {}, more: object = {}) {
  const declared = modelConfigSchema.parse({ kind: 'identity', name: 'm', ...more });
  const makeModel: StartServerOptions['makeModel'] = async (config, version) => ({
    ...(await createModel(config, { version })),
    predict,
  });
  return serve({ makeModel, ...options }, { models: [declared] });
}

/** A model that begins when it is called and ends when it is let. */
function heldModel() {
  let begin = (): void => {};
  let end = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const predict: Model['predict'] = async () => {
    begin();
    await ended;
    return [{ ...input, name: 'output_tensor' }];
  };
  return { predict, begun, end: () => end() };
}

const connected = (socket: Socket) => new Promise<Socket>((resolve) => socket.once('connect', () => resolve(socket)));

describe('a server that stops', () => {
  it.each(['grpc', 'rest'] as const)('lets a running %s inference finish', async (transport) => {
    const held = heldModel();
    await using running = await serveModel(held.predict);
    const call = running[transport].infer({ modelName: 'm', inputs: [input] });
    await held.begun;
    const closed = running.server.close();
    held.end();
    expect((await call).outputs[0]?.data).toEqual(Float64Array.of(1));
    await closed;
  });

  it('cuts an inference that outlasts the grace', async () => {
    const held = heldModel();
    await using running = await serveModel(held.predict);
    const calls = [running.grpc, running.rest].map((client) =>
      client.infer({ modelName: 'm', inputs: [input] }).catch((error: unknown) => error),
    );
    await held.begun;
    await running.server.close(20);
    for (const outcome of await Promise.all(calls)) expect(outcome).toMatchObject({ name: 'OipError' });
    held.end();
  });

  it('is not held up by idle, silent or half-sent connections, nor by an open stream', async () => {
    const server = await startServer(config);
    const silent = await connected(connect(server.httpPort, '127.0.0.1'));
    const half = await connected(connect(server.httpPort, '127.0.0.1'));
    half.write('POST /v2/models/scaler/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
    const silentGrpc = await connected(connect(server.grpcPort, '127.0.0.1'));
    const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
    await new Promise((resolve) => session.once('connect', resolve));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/inference.GRPCInferenceService/ModelInfer',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    for (const open of [silent, half, silentGrpc, session, stream]) open.on('error', () => {});
    for (const socket of [silent, half, silentGrpc]) socket.resume();
    const gone = [silent, half, silentGrpc, session].map(
      (open) => new Promise((resolve) => open.once('close', resolve)),
    );
    await server.close();
    await Promise.all(gone);
  });

  it('frees its ports, and may be closed twice', async () => {
    const first = await startServer(config);
    await Promise.all([first.close(), first.close()]);
    const again = await startServer({ ...config, grpcPort: first.grpcPort, httpPort: first.httpPort });
    expect(again.grpcPort).toBe(first.grpcPort);
    await again.close();
  });
});

describe('a server that cannot start', () => {
  it('says which port is taken, and leaves the other one free', async () => {
    await using running = await serve();
    const { grpcPort, httpPort } = running.server;
    await expect(startServer({ ...config, grpcPort })).rejects.toMatchObject({ name: 'ListenError', port: grpcPort });
    await expect(startServer({ ...config, httpPort })).rejects.toMatchObject({
      name: 'ListenError',
      port: httpPort,
      message: expect.stringContaining('EADDRINUSE'),
    });
  });
});

describe('models that cannot answer', () => {
  it('are answered for with UNAVAILABLE and 503 while they are not ready', async () => {
    await using running = await serveModel(() => [], {}, { loadDelay: '1h' });
    for (const client of [running.grpc, running.rest]) {
      expect(await client.serverLive()).toBe(true);
      expect(await client.serverReady()).toBe(false);
      expect(await client.modelReady('m')).toBe(false);
      await expect(client.infer({ modelName: 'm', inputs: [input] })).rejects.toMatchObject({
        status: 'UNAVAILABLE',
        httpStatus: 503,
      });
    }
    const response = await fetch(`${running.baseUrl}/v2/health/ready`);
    expect([response.status, await response.json()]).toEqual([503, { ready: false }]);
  });

  it('are answered for with INTERNAL and a request id; what happened is in the log only', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'error', write: (line) => lines.push(line) });
    const predict = () => {
      throw new Error('secret detail \ud800');
    };
    await using running = await serveModel(predict, { log });
    for (const client of [running.grpc, running.rest]) {
      const error = await client
        .infer({ modelName: 'm', id: 'req-7', inputs: [input] })
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ status: 'INTERNAL', message: expect.stringContaining('req-7') });
      expect(String(error)).not.toContain('secret');
    }
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      Array(2).fill(
        expect.objectContaining({
          level: 'error',
          message: 'request failed',
          model: 'm',
          requestId: 'req-7',
          error: expect.stringContaining('secret detail'),
        }),
      ),
    );
  });
});
