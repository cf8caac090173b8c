import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import {
  callHeaders,
  callRaw,
  connectRaw,
  createServiceClient,
  inferMessage,
  type ServiceClient,
} from './grpc-clients.js';
import { serve, type TestServer } from './serve.js';

const models = [
  { kind: 'scale', name: 'scaler', aliases: ['simple-scaler'], parameters: { owner: 'me', retries: 3 } },
  { kind: 'sum', name: 'sum', datatype: 'any', versions: ['1', '2'] },
  { kind: 'identity', name: 'lazy', initial: 'unloaded' },
  { kind: 'identity', name: 'broken', initial: 'failed' },
  { kind: 'add_sub', name: 'simple' },
].map((model) => modelConfigSchema.parse(model));

let running: TestServer;
let client: ServiceClient;
beforeAll(async () => {
  running = await serve({}, { models });
  client = createServiceClient(running.endpoint);
});
afterAll(async () => {
  client[Symbol.dispose]();
  await running[Symbol.asyncDispose]();
});

const states = async (ready = false) => {
  const { models: entries } = await client.unary('RepositoryIndex', { ready });
  return (entries as Record<string, string>[]).map(({ name, version, state }) => `${name} ${version} ${state}`);
};

describe('RepositoryIndex', () => {
  it('lists every version of every model with its state and the reason', async () => {
    const { models: entries } = await client.unary('RepositoryIndex');
    expect(entries).toEqual([
      { name: 'scaler', version: '1', state: 'READY', reason: '' },
      { name: 'sum', version: '1', state: 'READY', reason: '' },
      { name: 'sum', version: '2', state: 'READY', reason: '' },
      { name: 'lazy', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
      { name: 'broken', version: '1', state: 'UNAVAILABLE', reason: expect.stringContaining('failed to load') },
      { name: 'simple', version: '1', state: 'READY', reason: '' },
    ]);
  });

  it('lists only what is ready where it is asked for that', async () => {
    expect(await states(true)).toEqual(['scaler 1 READY', 'sum 1 READY', 'sum 2 READY', 'simple 1 READY']);
  });
});

describe('RepositoryModelLoad and RepositoryModelUnload', () => {
  it.each([
    ["Triton's layout, the model in field 2", { repository_name: '', model_name: 'lazy' }],
    ["Triton's layout with a repository", { repository_name: 'models', model_name: 'lazy' }],
    ["KServe's layout, the model in field 1", { repository_name: 'lazy', model_name: '' }],
  ])('read %s', async (_, request) => {
    expect(await client.unary('RepositoryModelLoad', request)).toEqual({ model_name: 'lazy', isLoaded: true });
    expect(await states()).toContain('lazy 1 READY');
    expect(await client.unary('RepositoryModelUnload', request)).toEqual({ model_name: 'lazy', isUnloaded: true });
    expect(await states()).toContain('lazy 1 UNAVAILABLE');
  });

  it('load and unload all versions, by an alias too', async () => {
    await client.unary('RepositoryModelUnload', { model_name: 'sum' });
    expect(await states(true)).toEqual(['scaler 1 READY', 'simple 1 READY']);
    await client.unary('RepositoryModelLoad', { model_name: 'sum' });
    await client.unary('RepositoryModelUnload', { model_name: 'simple-scaler' });
    await client.unary('RepositoryModelLoad', { model_name: 'simple-scaler' });
    expect(await states(true)).toEqual(['scaler 1 READY', 'sum 1 READY', 'sum 2 READY', 'simple 1 READY']);
  });

  it.each(['RepositoryModelLoad', 'RepositoryModelUnload'])(
    '%s answers NOT_FOUND for an unknown model',
    async (method) => {
      await expect(client.unary(method, { model_name: 'nobody' })).rejects.toMatchObject({
        code: status.NOT_FOUND,
        details: expect.stringContaining('"nobody"'),
      });
    },
  );

  it.each([
    ['bool', { bool_param: true }],
    ['int64', { int64_param: '9007199254740993' }],
    ['string', { string_param: '{}' }],
    ['bytes', { bytes_param: Buffer.from('x') }],
  ])('refuse a %s parameter that they do not understand, by its name', async (_, parameter) => {
    await expect(
      client.unary('RepositoryModelLoad', { model_name: 'lazy', parameters: { config: parameter } }),
    ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('"config"') });
  });

  it('accept unload_dependents, and a parameter that is none', async () => {
    await client.unary('RepositoryModelUnload', {
      model_name: 'lazy',
      parameters: { unload_dependents: { bool_param: true }, nothing: {} },
    });
  });
});

describe('ModelStatistics', () => {
  it('counts inferences that succeeded and failed, and their nanoseconds', async () => {
    await client.unary('ModelInfer', inferMessage('scaler', [1, 2]));
    await client.unary('ModelInfer', inferMessage('simple-scaler', [1]));
    await expect(client.unary('ModelInfer', { model_name: 'scaler' })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    const { model_stats } = await client.unary('ModelStatistics', { name: 'scaler' });
    const [statistics] = model_stats as Record<string, Record<string, { count: string; ns: string }>>[];
    expect(statistics).toMatchObject({ name: 'scaler', version: '1', inference_count: '2', execution_count: '2' });
    expect(Number(statistics?.last_inference)).toBeGreaterThan(1.6e12);
    const durations = statistics?.inference_stats ?? {};
    expect(Object.fromEntries(Object.entries(durations).map(([name, { count }]) => [name, count]))).toEqual({
      success: '2',
      fail: '1',
      queue: '2',
      compute_input: '2',
      compute_infer: '2',
      compute_output: '2',
      cache_hit: '0',
      cache_miss: '0',
    });
    const ns = (name: string) => Number(durations[name]?.ns);
    expect(ns('fail')).toBeGreaterThan(0);
    expect(ns('success')).toBeGreaterThanOrEqual(ns('compute_input') + ns('compute_infer') + ns('compute_output') - 10);
  });

  it.each([
    ['every model for an empty name', {}, ['scaler 1', 'sum 1', 'sum 2', 'lazy 1', 'broken 1', 'simple 1']],
    ['every version for an empty version', { name: 'sum' }, ['sum 2', 'sum 1']],
    ['one version', { name: 'sum', version: '1' }, ['sum 1']],
  ])('has %s', async (_, request, expected) => {
    const { model_stats } = await client.unary('ModelStatistics', request);
    expect((model_stats as Record<string, string>[]).map(({ name, version }) => `${name} ${version}`)).toEqual(
      expected,
    );
  });

  it.each([{ name: 'nobody' }, { name: 'sum', version: '9' }])('answers NOT_FOUND for %o', async (request) => {
    await expect(client.unary('ModelStatistics', request)).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('ModelConfig', () => {
  it('tells name, platform, backend, tensors and parameters', async () => {
    expect(await client.unary('ModelConfig', { name: 'simple-scaler' })).toEqual({
      config: {
        name: 'scaler',
        platform: 'kserve-env_scale',
        max_batch_size: 0,
        input: [{ name: 'input_tensor', data_type: 'TYPE_FP64', dims: ['-1'] }],
        output: [{ name: 'scaled_result', data_type: 'TYPE_FP64', dims: ['-1'] }],
        parameters: { owner: { string_value: 'me' }, retries: { string_value: '3' } },
        backend: 'scale',
      },
    });
  });

  it('has no datatype for a tensor of any', async () => {
    const { config } = await client.unary('ModelConfig', { name: 'sum' });
    expect((config as { input: object[] }).input).toEqual([
      expect.objectContaining({ data_type: 'TYPE_INVALID' }),
      expect.objectContaining({ data_type: 'TYPE_INVALID' }),
    ]);
  });

  it('answers UNAVAILABLE for a model that is not ready, NOT_FOUND for an unknown one', async () => {
    await expect(client.unary('ModelConfig', { name: 'broken' })).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect(client.unary('ModelConfig', { name: 'nobody' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('a method that is not served', () => {
  it.each([
    'TraceSetting',
    'LogSettings',
    'SystemSharedMemoryStatus',
    'SystemSharedMemoryRegister',
    'SystemSharedMemoryUnregister',
    'CudaSharedMemoryStatus',
    'CudaSharedMemoryRegister',
    'CudaSharedMemoryUnregister',
    '/unknown.Service/Method',
    '/',
    '/a%2Fb/\u007e?x=%00&y="z"',
  ])('%s is answered UNIMPLEMENTED by its name', async (method) => {
    const session = await connectRaw(running.endpoint);
    const headers = callHeaders(method);
    const { trailers } = await callRaw(session, headers, Buffer.alloc(5));
    expect(trailers['grpc-status']).toBe('12');
    expect(decodeURI(String(trailers['grpc-message']))).toBe(
      `The server does not implement the method ${headers[':path']}`,
    );
    session.close();
  });

  it('does no harm with a name of 8 kB, or of bytes that are no text', async () => {
    const session = await connectRaw(running.endpoint);
    for (const path of [`/${'x'.repeat(8_000)}`, '/\u00e9\u00ff']) {
      const { trailers, reset } = await callRaw(session, callHeaders(path), Buffer.alloc(5));
      // Node's own parser refuses some of them with a reset.
      if (reset === 0) expect(String(trailers['grpc-message']).length).toBeLessThan(1_000);
    }
    expect(await client.unary('ServerLive')).toEqual({ live: true });
    session.close();
  });

  it('is no gRPC without its content type: 415, as HTTP says it', async () => {
    const session = await connectRaw(running.endpoint);
    const answer = await callRaw(session, callHeaders('ServerLive', { 'content-type': 'text/plain' }), Buffer.alloc(5));
    expect(answer.headers[':status']).toBe(415);
    session.close();
  });
});
