import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { post, serve, type TestServer } from './serve.js';

const models = [
  { kind: 'scale', name: 'scaler', aliases: ['other-name'], parameters: { scale_factor: 3 } },
  { kind: 'add_sub', name: 'simple' },
  { kind: 'identity', name: 'lazy', initial: 'unloaded' },
  { kind: 'identity', name: 'broken', initial: 'failed' },
].map((model) => modelConfigSchema.parse(model));

let running: TestServer;
beforeAll(async () => {
  running = await serve({}, { models });
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

/** `body` as JSON.parse makes it, for tests to say what is in it. */
const get = async (path: string) => {
  const response = await fetch(`${running.baseUrl}${path}`);
  const body = JSON.parse(await response.text());
  return { status: response.status, type: response.headers.get('content-type'), body };
};
const ask = async (path: string, body: string | undefined = '') => {
  const { status, text } = await post(`${running.baseUrl}${path}`, body);
  return { status, body: JSON.parse(text) };
};

describe('the repository over REST', () => {
  it('lists every version with its state, in the form of Triton', async () => {
    expect(await ask('/v2/repository/index')).toEqual({
      status: 200,
      body: [
        { name: 'scaler', version: '1', state: 'READY', reason: '' },
        { name: 'simple', version: '1', state: 'READY', reason: '' },
        { name: 'lazy', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
        { name: 'broken', version: '1', state: 'UNAVAILABLE', reason: expect.stringContaining('initial: failed') },
      ],
    });
  });

  it.each(['{}', '{"ready":false}', '{"repository_name":"x"}'])('takes the body %s', async (body) => {
    expect((await ask('/v2/repository/index', body)).body).toHaveLength(4);
  });

  it('lists what is ready alone where it is asked to', async () => {
    const { body } = await ask('/v2/repository/index', '{"ready":true}');
    expect(body.map(({ name }: { name: string }) => name)).toEqual(['scaler', 'simple']);
  });

  it.each([
    ['{"ready":1}', 'ready'],
    ['[]', 'body'],
    ['{', 'not valid JSON'],
  ])('refuses the body %s', async (body, says) => {
    expect(await ask('/v2/repository/index', body)).toEqual({
      status: 400,
      body: { error: expect.stringContaining(says) },
    });
  });

  it('is what our clients read over either transport', async () => {
    const overRest = await running.rest.repositoryIndex();
    expect(overRest).toContainEqual({ name: 'lazy', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' });
    expect(overRest).toHaveLength(4);
  });

  it('loads and unloads a model, with a body and without', async () => {
    expect(await ask('/v2/repository/models/lazy/load')).toEqual({ status: 200, body: { name: 'lazy', load: true } });
    expect((await get('/v2/models/lazy/ready')).status).toBe(200);
    const unload = '{"parameters":{"unload_dependents":false}}';
    expect(await ask('/v2/repository/models/lazy/unload', unload)).toEqual({
      status: 200,
      body: { name: 'lazy', unload: true },
    });
    expect(await get('/v2/models/lazy/ready')).toMatchObject({ status: 503, body: { name: 'lazy', ready: false } });
  });

  it('refuses an unknown model, and parameters that mean nothing here', async () => {
    expect((await ask('/v2/repository/models/nope/load')).status).toBe(404);
    expect((await ask('/v2/repository/models/nope/unload')).status).toBe(404);
    expect(await ask('/v2/repository/models/lazy/load', '{"parameters":{"config":"{}"}}')).toEqual({
      status: 400,
      body: { error: expect.stringContaining('"config"') },
    });
  });

  it('answers 503 for what needs a model that is not loaded', async () => {
    for (const path of ['/v2/models/broken', '/v2/models/broken/config', '/v2/models/broken/ready']) {
      expect((await get(path)).status, path).toBe(503);
    }
    expect((await ask('/v2/models/broken/infer', '{"inputs":[]}')).status).toBe(503);
  });
});

describe('statistics over REST', () => {
  it('count answers and refusals, in the form of Triton', async () => {
    const inputs = [{ name: 'x', datatype: 'FP64', shape: [1], data: [1] }];
    expect((await ask('/v2/models/scaler/infer', JSON.stringify({ inputs }))).status).toBe(200);
    expect((await ask('/v2/models/scaler/infer', JSON.stringify({ inputs: [] }))).status).toBe(400);
    const duration = { count: expect.any(Number), ns: expect.any(Number) };
    const none = { count: 0, ns: 0 };
    const { body } = await get('/v2/models/other-name/stats');
    expect(body).toEqual({
      model_stats: [
        {
          name: 'scaler',
          version: '1',
          last_inference: expect.any(Number),
          inference_count: 1,
          execution_count: 1,
          inference_stats: {
            success: { count: 1, ns: expect.any(Number) },
            fail: { count: 1, ns: expect.any(Number) },
            queue: duration,
            compute_input: duration,
            compute_infer: duration,
            compute_output: duration,
            cache_hit: none,
            cache_miss: none,
          },
          response_stats: {},
          batch_stats: [],
        },
      ],
    });
    expect((await get('/v2/models/scaler/versions/1/stats')).body.model_stats).toHaveLength(1);
  });

  it('are of every model where none is named', async () => {
    const { body } = await get('/v2/models/stats');
    expect(body.model_stats.map(({ name }: { name: string }) => name)).toEqual(['scaler', 'simple', 'lazy', 'broken']);
  });

  it('are refused for an unknown model and an unknown version', async () => {
    expect((await get('/v2/models/nope/stats')).status).toBe(404);
    expect((await get('/v2/models/scaler/versions/9/stats')).status).toBe(404);
  });
});

describe('configuration over REST', () => {
  it('is in the form of Triton', async () => {
    expect(await get('/v2/models/scaler/config')).toEqual({
      status: 200,
      type: 'application/json',
      body: {
        name: 'scaler',
        platform: 'kserve-env_scale',
        backend: 'scale',
        max_batch_size: 0,
        input: [{ name: 'input_tensor', data_type: 'TYPE_FP64', dims: [-1] }],
        output: [{ name: 'scaled_result', data_type: 'TYPE_FP64', dims: [-1] }],
        parameters: { scale_factor: { string_value: '3' } },
      },
    });
    const { body } = await get('/v2/models/simple/versions/1/config');
    expect(body.input).toEqual([
      { name: 'INPUT0', data_type: 'TYPE_INT32', dims: [1, 16] },
      { name: 'INPUT1', data_type: 'TYPE_INT32', dims: [1, 16] },
    ]);
  });
});

describe("Triton's other extensions over REST", () => {
  it.each([
    ['GET', '/v2/trace/setting', 'TraceSetting'],
    ['POST', '/v2/trace/setting', 'TraceSetting'],
    ['GET', '/v2/models/scaler/trace/setting', 'TraceSetting'],
    ['POST', '/v2/models/scaler/trace/setting', 'TraceSetting'],
    ['GET', '/v2/logging', 'LogSettings'],
    ['POST', '/v2/logging', 'LogSettings'],
    ['GET', '/v2/systemsharedmemory/status', 'SystemSharedMemoryStatus'],
    ['GET', '/v2/systemsharedmemory/region/r/status', 'SystemSharedMemoryStatus'],
    ['POST', '/v2/systemsharedmemory/region/r/register', 'SystemSharedMemoryRegister'],
    ['POST', '/v2/systemsharedmemory/region/r/unregister', 'SystemSharedMemoryUnregister'],
    ['POST', '/v2/systemsharedmemory/unregister', 'SystemSharedMemoryUnregister'],
    ['GET', '/v2/cudasharedmemory/status', 'CudaSharedMemoryStatus'],
    ['GET', '/v2/cudasharedmemory/region/r/status', 'CudaSharedMemoryStatus'],
    ['POST', '/v2/cudasharedmemory/region/r/register', 'CudaSharedMemoryRegister'],
    ['POST', '/v2/cudasharedmemory/region/r/unregister', 'CudaSharedMemoryUnregister'],
    ['POST', '/v2/cudasharedmemory/unregister', 'CudaSharedMemoryUnregister'],
  ])('%s %s is 501 and named %s', async (method, path, name) => {
    const init = method === 'POST' ? { method, body: '{"a":1}' } : { method };
    const response = await fetch(`${running.baseUrl}${path}`, init);
    expect(response.status).toBe(501);
    expect(await response.json()).toEqual({ error: expect.stringContaining(name) });
  });
});

describe('HEAD', () => {
  it.each(['/v2', '/v2/health/live', '/v2/models/scaler', '/v2/models/stats', '/v2/models/scaler/config', '/metrics'])(
    'answers for %s as GET does, without the body',
    async (path) => {
      const head = await fetch(`${running.baseUrl}${path}`, { method: 'HEAD' });
      expect(head.status).toBe(200);
      expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
      expect(await head.text()).toBe('');
    },
  );
});
