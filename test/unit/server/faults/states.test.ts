import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { type FaultInput, faultSchema } from '../../../../src/faults/fault.js';
import { modelConfigSchema } from '../../../../src/models/kinds.js';
import { createServiceClient, eventsOf, healthService } from '../grpc-clients.js';
import { post, serve, type TestServer } from '../serve.js';

const models = [
  { kind: 'scale', name: 'scaler', aliases: ['simple-scaler'], versions: ['1', '2'] },
  { kind: 'identity', name: 'other' },
  { kind: 'identity', name: 'lazy', initial: 'unloaded' },
].map((model) => modelConfigSchema.parse(model));

const inputs = [{ name: 'x', datatype: 'FP64', shape: [1], contents: { fp64_contents: [7] } }];
const restInputs = [{ name: 'x', datatype: 'FP64', shape: [1], data: [7] }];

async function serveFaulty() {
  const running = await serve({}, { models });
  const { faults } = running.server;
  if (!faults) throw new Error('a server of one process keeps its faults');
  // What is declared is loaded while both ports answer.
  while (!(await running.server.isReady()));
  return {
    running,
    add: (...added: FaultInput[]) => faults.add(added.map((one) => faultSchema.parse(one))),
    clear: () => faults.clear(),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

const get = async (url: string) => (await fetch(url)).status;

/** All that a server tells of a model: over gRPC, then over REST. */
async function seen({ wire, baseUrl }: TestServer, name: string) {
  const infer = (wire.call('ModelInfer', { model_name: name, inputs }) as Promise<unknown>).then(
    () => 'OK',
    ({ code }: { code: number }) => status[code],
  );
  const index = (await wire.call('RepositoryIndex')) as { models: { name: string; state: string; reason: string }[] };
  const rest = `${baseUrl}/v2/models/${name}`;
  return {
    ready: [(await wire.call('ModelReady', { name })).ready, await get(`${rest}/ready`)],
    infer: [await infer, (await post(`${rest}/infer`, JSON.stringify({ inputs: restInputs }))).status],
    server: [(await wire.call('ServerReady')).ready, await get(`${baseUrl}/v2/health/ready`)],
    live: [(await wire.call('ServerLive')).live, await get(`${baseUrl}/v2/health/live`)],
    states: index.models.filter((model) => model.name === name).map(({ state, reason }) => `${state} ${reason}`.trim()),
  };
}

const well = {
  ready: [true, 200],
  infer: ['OK', 200],
  server: [true, 200],
  live: [true, 200],
  states: ['READY', 'READY'],
};
const ill = { live: [true, 200], ready: [false, 503], infer: ['UNAVAILABLE', 503], server: [false, 503] };

describe('a fault of the state of a model', () => {
  it.each<[FaultInput, object]>([
    [{ kind: 'not-ready' }, { ...ill, states: Array(2).fill('UNAVAILABLE a fault was injected: not-ready') }],
    [{ kind: 'loading' }, { ...ill, states: ['LOADING', 'LOADING'] }],
    [
      { kind: 'load-failed', reason: 'no memory' },
      { ...ill, states: ['1', '2'].map((v) => `UNAVAILABLE failed to load "scaler" version "${v}": no memory`) },
    ],
    // What is unloaded on purpose does not make a server less ready.
    [{ kind: 'unloaded' }, { ...ill, server: [true, 200], states: ['UNAVAILABLE unloaded', 'UNAVAILABLE unloaded'] }],
  ])('%j is told alike by every question, and leaves the other models alone', async (fault, expected) => {
    await using server = await serveFaulty();
    const { running } = server;
    expect(await seen(running, 'scaler')).toEqual(well);
    await server.add({ ...fault, model: 'simple-scaler' });
    expect(await seen(running, 'scaler')).toEqual(expected);
    const { ready, infer, states } = await seen(running, 'other');
    expect({ ready, infer, states }).toEqual({ ready: [true, 200], infer: ['OK', 200], states: ['READY'] });
    await server.clear();
    expect(await seen(running, 'scaler')).toEqual(well);
  });

  it('concerns every model where it names none', async () => {
    await using server = await serveFaulty();
    await server.add({ kind: 'not-ready' });
    for (const name of ['scaler', 'other']) expect(await seen(server.running, name)).toMatchObject(ill);
    await server.clear();
    expect(await seen(server.running, 'other')).toMatchObject({ ...well, states: ['READY'] });
    expect(await seen(server.running, 'lazy')).toMatchObject({ states: ['UNAVAILABLE unloaded'] });
  });

  it('gives way to the one that was added after it, and shows again when that ends', async () => {
    await using server = await serveFaulty();
    const [, second] = await server.add({ kind: 'loading', model: 'other' }, { kind: 'not-ready' });
    const state = async () => (await seen(server.running, 'other')).states;
    expect(await state()).toEqual(['UNAVAILABLE a fault was injected: not-ready']);
    await server.running.server.faults?.clear([second?.id ?? '']);
    expect(await state()).toEqual(['LOADING']);
    await server.clear();
    expect(await state()).toEqual(['READY']);
  });

  it('ends by itself, and those who watch see it come and go', async () => {
    await using server = await serveFaulty();
    using health = createServiceClient(server.running.endpoint, healthService);
    const watched = ['', 'scaler', 'simple-scaler/2', 'other'].map((service) => health.watch('Watch', { service }));
    const streams = watched.map((stream) => eventsOf(stream));
    const next = () => Promise.all(streams.slice(0, 3).map((events) => events.next()));
    expect(await next()).toEqual(Array(3).fill({ status: 'SERVING' }));
    await server.add({ kind: 'not-ready', model: 'scaler', for: '300ms' });
    expect(await next()).toEqual(Array(3).fill({ status: 'NOT_SERVING' }));
    expect(await next()).toEqual(Array(3).fill({ status: 'SERVING' }));
    expect(await seen(server.running, 'scaler')).toEqual(well);
    // Whoever watches another model has seen nothing but its start.
    await server.add({ kind: 'unloaded', model: 'other' });
    expect(await streams[3]?.next()).toEqual({ status: 'SERVING' });
    expect(await streams[3]?.next()).toEqual({ status: 'NOT_SERVING' });
    for (const stream of watched) stream.cancel();
  });
});

describe('loads and unloads under a fault', () => {
  const load = (server: TestServer, name: string) =>
    server.wire.call('RepositoryModelLoad', { model_name: name }).then(
      () => 'OK',
      ({ code, details }: { code: number; details: string }) => `${status[code]}: ${details}`,
    );
  const restLoad = async (server: TestServer, name: string) =>
    await post(`${server.baseUrl}/v2/repository/models/${name}/load`, '{}');

  it('fail over the wire while load-failed is in force, and succeed again after it', async () => {
    await using server = await serveFaulty();
    await server.add({ kind: 'load-failed', reason: 'no memory' });
    expect(await load(server.running, 'other')).toMatch(/^\w+: Model "other" version "1" failed to load: no memory$/);
    const { status: code, text } = await restLoad(server.running, 'other');
    expect(code).toBeGreaterThanOrEqual(400);
    expect(text).toContain('failed to load: no memory');
    expect(await seen(server.running, 'other')).toMatchObject(ill);
    await server.clear();
    expect(await seen(server.running, 'other')).toMatchObject({ ...well, states: ['READY'] });
    expect(await load(server.running, 'other')).toBe('OK');
    expect((await restLoad(server.running, 'other')).status).toBe(200);
  });

  it('end as they would under other faults, and show when those are over', async () => {
    await using server = await serveFaulty();
    const { running } = server;
    await server.add({ kind: 'not-ready' });
    expect(await load(running, 'lazy')).toBe('OK');
    await running.wire.call('RepositoryModelUnload', { model_name: 'other' });
    for (const name of ['lazy', 'other']) expect(await seen(running, name)).toMatchObject(ill);
    await server.clear();
    expect(await seen(running, 'lazy')).toMatchObject({ ready: [true, 200], states: ['READY'] });
    expect(await seen(running, 'other')).toMatchObject({ ready: [false, 503], states: ['UNAVAILABLE unloaded'] });
  });

  it.each(['not-ready', 'loading', 'load-failed', 'unloaded'] as const)(
    'are as if nothing had been when a server starts with %s, and loses it',
    async (kind) => {
      await using running = await serve({}, { models, faults: [faultSchema.parse({ kind })] });
      expect(await seen(running, 'other')).toMatchObject({ ready: [false, 503], infer: ['UNAVAILABLE', 503] });
      await running.server.faults?.clear();
      while (!(await running.server.isReady()));
      expect(await seen(running, 'other')).toEqual({ ...well, states: ['READY'] });
      expect(await seen(running, 'lazy')).toMatchObject({ ready: [false, 503], states: ['UNAVAILABLE unloaded'] });
    },
  );
});
