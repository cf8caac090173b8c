import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { createServiceClient, eventsOf, healthService, inferenceService } from './grpc-clients.js';
import { serve } from './serve.js';

const models = [
  { kind: 'scale', name: 'scaler', aliases: ['simple-scaler'], versions: ['1', '2'] },
  { kind: 'identity', name: 'lazy', initial: 'unloaded' },
].map((model) => modelConfigSchema.parse(model));

async function serveHealth() {
  const running = await serve({}, { models });
  return {
    running,
    client: createServiceClient(running.endpoint),
    health: createServiceClient(running.endpoint, healthService),
  };
}

describe('Check of grpc.health.v1.Health', () => {
  it('knows the server, its service, and each model by name, alias and version', async () => {
    const { running, client, health } = await serveHealth();
    await using _ = running;
    const check = async (service: string) => (await health.unary('Check', { service })).status;
    for (const service of ['', inferenceService.service, 'scaler', 'simple-scaler', 'scaler/1', 'scaler/2']) {
      expect(await check(service)).toBe('SERVING');
    }
    expect(await check('lazy')).toBe('NOT_SERVING');
    await client.unary('RepositoryModelUnload', { model_name: 'scaler' });
    expect(await check('scaler')).toBe('NOT_SERVING');
    expect(await check('scaler/2')).toBe('NOT_SERVING');
    // What is unloaded on purpose does not make the server less ready.
    expect(await check('')).toBe('SERVING');
    client[Symbol.dispose]();
    health[Symbol.dispose]();
  });

  it('says NOT_SERVING of a server whose models are still loading', async () => {
    const loading = [modelConfigSchema.parse({ kind: 'identity', name: 'm', loadDelay: '1h' })];
    await using running = await serve({}, { models: loading });
    using health = createServiceClient(running.endpoint, healthService);
    for (const service of ['', inferenceService.service, 'm']) {
      expect(await health.unary('Check', { service })).toEqual({ status: 'NOT_SERVING' });
    }
  });

  it.each(['nobody', 'scaler/9', 'scaler/1/x', '../x', 'x'.repeat(1_000)])(
    'answers NOT_FOUND for %j',
    async (service) => {
      await using running = await serve({}, { models });
      using health = createServiceClient(running.endpoint, healthService);
      await expect(health.unary('Check', { service })).rejects.toMatchObject({
        code: status.NOT_FOUND,
        details: expect.stringContaining(service.slice(0, 100)),
      });
    },
  );
});

describe('List of grpc.health.v1.Health', () => {
  it('has the server, its service, and every model', async () => {
    await using running = await serve({}, { models });
    using health = createServiceClient(running.endpoint, healthService);
    expect(await health.unary('List')).toEqual({
      statuses: {
        '': { status: 'SERVING' },
        [inferenceService.service]: { status: 'SERVING' },
        scaler: { status: 'SERVING' },
        lazy: { status: 'NOT_SERVING' },
      },
    });
  });
});

describe('Watch of grpc.health.v1.Health', () => {
  it('tells the status at once, and then every change of it', async () => {
    const { running, client, health } = await serveHealth();
    await using _ = running;
    const stream = health.watch('Watch', { service: 'lazy' });
    const events = eventsOf(stream);
    expect(await events.next()).toEqual({ status: 'NOT_SERVING' });
    await client.unary('RepositoryModelLoad', { model_name: 'lazy' });
    expect(await events.next()).toEqual({ status: 'SERVING' });
    // A load of another model is no change.
    await client.unary('RepositoryModelLoad', { model_name: 'scaler' });
    await client.unary('RepositoryModelUnload', { model_name: 'lazy' });
    expect(await events.next()).toEqual({ status: 'NOT_SERVING' });
    stream.cancel();
    expect(await events.next()).toMatchObject({ code: status.CANCELLED });
    client[Symbol.dispose]();
    health[Symbol.dispose]();
  });

  it('keeps the stream of an unknown service open', async () => {
    const { running, health } = await serveHealth();
    await using _ = running;
    const stream = health.watch('Watch', { service: 'nobody' });
    const events = eventsOf(stream);
    expect(await events.next()).toEqual({ status: 'SERVICE_UNKNOWN' });
    await running.server.close();
    expect(await events.next()).toBe('end');
    health[Symbol.dispose]();
  });

  it('tells NOT_SERVING when the server stops, and ends', async () => {
    const { running, health } = await serveHealth();
    await using _ = running;
    const streams = ['', 'scaler', 'lazy'].map((service) => eventsOf(health.watch('Watch', { service })));
    const first = await Promise.all(streams.map((events) => events.next()));
    expect(first).toEqual([{ status: 'SERVING' }, { status: 'SERVING' }, { status: 'NOT_SERVING' }]);
    const closed = running.server.close();
    for (const events of streams.slice(0, 2)) expect(await events.next()).toEqual({ status: 'NOT_SERVING' });
    for (const events of streams) expect(await events.next()).toBe('end');
    await closed;
    health[Symbol.dispose]();
  });
});
