import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { ServerControl } from '../../../src/server/control.js';
import { createLogger } from '../../../src/server/telemetry/logger.js';
import {
  callHeaders,
  callRaw,
  connectRaw,
  createServiceClient,
  encodeRequest,
  eventsOf,
  frame,
  healthService,
  inferMessage,
} from './grpc-clients.js';
import { serve } from './serve.js';

async function serveCounting() {
  let control: ServerControl | undefined;
  const running = await serve({
    control: (local) => {
      control = local;
      return local;
    },
  });
  return {
    running,
    async counts() {
      const [worker] = (await control?.counts()) ?? [];
      const grpc = worker?.requests.filter(({ transport }) => transport === 'grpc') ?? [];
      return Object.fromEntries(grpc.map(({ method, status: name, count }) => [`${method} ${name}`, count]));
    },
  };
}

describe('requests are counted', () => {
  it('by method and status, when they are answered', async () => {
    const { running, counts } = await serveCounting();
    await using _ = running;
    using client = createServiceClient(running.endpoint);
    using health = createServiceClient(running.endpoint, healthService);
    for (let n = 0; n < 3; n++) await client.unary('ModelInfer', inferMessage('scaler'));
    await expect(client.unary('ModelInfer', inferMessage('nobody'))).rejects.toMatchObject({ code: status.NOT_FOUND });
    await health.unary('Check');
    const stream = client.open('ModelStreamInfer');
    const events = eventsOf(stream);
    stream.write(inferMessage('nobody'));
    await events.next();
    stream.end();
    await events.next();
    expect(await counts()).toEqual({
      'ModelInfer OK': 3,
      'ModelInfer NOT_FOUND': 1,
      'Health/Check OK': 1,
      'ModelStreamInfer OK': 1,
    });
  });

  it('where no handler sees them, too', async () => {
    const { running, counts } = await serveCounting();
    await using _ = running;
    const session = await connectRaw(running.endpoint);
    const body = frame(encodeRequest('ModelInfer', inferMessage('scaler')));
    await callRaw(session, callHeaders('/made.Up/Path'), body);
    await callRaw(session, callHeaders('/another.Up/Path'), body);
    await callRaw(session, callHeaders('ModelInfer', { 'grpc-encoding': 'br' }), body);
    await callRaw(session, callHeaders('ModelReady'), frame(Buffer.from([0xff])));
    await callRaw(session, callHeaders('ModelInfer', { 'content-type': 'text/plain' }), body);
    const cancelled = session.request(callHeaders('ModelInfer'));
    cancelled.on('error', () => {});
    await new Promise((resolve) => {
      cancelled.once('close', resolve);
      cancelled.write(body, () => cancelled.close(8));
    });
    await callRaw(session, callHeaders('ServerLive'), frame(Buffer.alloc(0)));
    expect(await counts()).toEqual({
      // One name for all that does not exist: a client must not make new ones.
      'unknown UNIMPLEMENTED': 2,
      'ModelInfer UNIMPLEMENTED': 1,
      'ModelReady INTERNAL': 1,
      'ModelInfer UNKNOWN': 1,
      'ModelInfer CANCELLED': 1,
      'ServerLive OK': 1,
    });
    session.close();
  });
});

describe('requests are logged at the level debug', () => {
  it('with model, version, id and size of the answer, and nothing of their data', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'debug', write: (line) => line.includes('"request"') && lines.push(line) });
    await using running = await serve({ log });
    using client = createServiceClient(running.endpoint);
    const request = inferMessage('scaler', [1234.5], { model_version: '1', id: 'req-9' });
    await client.unary('ModelInfer', request);
    await expect(client.unary('ModelInfer', inferMessage('nobody', [1], { id: 'req-10' }))).rejects.toThrow();
    await client.unary('ServerLive');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        message: 'request',
        transport: 'grpc',
        method: 'ModelInfer',
        status: 'OK',
        model: 'scaler',
        version: '1',
        requestId: 'req-9',
        responseBytes: expect.any(Number),
        durationMs: expect.any(Number),
      }),
      expect.objectContaining({ method: 'ModelInfer', status: 'NOT_FOUND', model: 'nobody', requestId: 'req-10' }),
      expect.objectContaining({ method: 'ServerLive', status: 'OK' }),
    ]);
    expect(lines.join('')).not.toContain('2469');
    expect(lines.join('')).not.toContain('1234.5');
  });

  it('takes no call number from a client', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'debug', write: (line) => line.includes('"request"') && lines.push(line) });
    await using running = await serve({ log });
    const session = await connectRaw(running.endpoint);
    const body = frame(encodeRequest('ModelInfer', inferMessage('scaler')));
    await callRaw(session, callHeaders('ModelInfer', { 'kserve-env-call-number': 'x' }), body);
    expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ model: 'scaler' })]);
    session.close();
  });
});
