import { request } from 'node:http';
import { gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acceptedCodings } from '../../../src/server/rest/accept-encoding.js';
import { serve, type TestServer } from './serve.js';

describe('Accept-Encoding', () => {
  it.each<[string | undefined, string | undefined, boolean]>([
    [undefined, undefined, true],
    ['', undefined, true],
    ['identity', undefined, true],
    ['gzip', 'gzip', true],
    ['GZIP', 'gzip', true],
    ['x-gzip', 'gzip', true],
    ['deflate', 'deflate', true],
    ['gzip, deflate, br', 'gzip', true],
    ['deflate, gzip', 'gzip', true],
    ['gzip;q=0.5, deflate;q=0.8', 'deflate', true],
    ['gzip;q=0', undefined, true],
    ['gzip; q=0, *', 'deflate', true],
    ['*', 'gzip', true],
    ['*;q=0, gzip', 'gzip', false],
    ['identity;q=0, gzip;q=0.1', 'gzip', false],
    ['identity;q=1, gzip;q=0.5', undefined, true],
    ['identity;q=0.5, gzip', 'gzip', true],
    ['br', undefined, true],
    ['gzip;q=2', undefined, true],
    ['gzip;q=nonsense', undefined, true],
    [',,;,', undefined, true],
  ])('%j means %s', (header, coding, identity) => {
    expect(acceptedCodings(header)).toEqual({ coding, identity });
  });

  it.each(['identity;q=0', '*;q=0', 'br, identity;q=0', 'identity;q=0, gzip;q=0, deflate;q=0'])(
    '%j leaves nothing to send, which is 406',
    (header) => {
      expect(() => acceptedCodings(header)).toThrow(expect.objectContaining({ httpStatus: 406 }));
    },
  );
});

describe('compressed answers', () => {
  let running: TestServer;
  beforeAll(async () => {
    running = await serve();
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
  });

  /** By node:http, which neither asks for codings nor decodes them by itself. */
  const exchange = (path: string, headers: Record<string, string>, body?: string | Buffer) =>
    new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
      const sent = request(
        `${running.baseUrl}${path}`,
        { method: body === undefined ? 'GET' : 'POST', headers },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  const infer = (length: number, headers: Record<string, string>, more: object = {}) => {
    const inputs = [{ name: 'x', datatype: 'FP64', shape: [length], data: Array(length).fill(0.1) }];
    return exchange('/v2/models/scaler/infer', headers, JSON.stringify({ inputs, ...more }));
  };
  const decoders = { gzip: gunzipSync, deflate: inflateSync };

  it.each(['gzip', 'deflate'] as const)(
    'are %s where the client takes it and there is something to gain',
    async (coding) => {
      const { headers, body } = await infer(500, { 'accept-encoding': coding });
      expect(headers).toMatchObject({
        'content-encoding': coding,
        vary: 'Accept-Encoding',
        'content-length': String(body.byteLength),
        'content-type': 'application/json',
      });
      expect(JSON.parse(decoders[coding](body).toString()).outputs[0].data).toEqual(Array(500).fill(0.2));
    },
  );

  it('are not where they are small, nor where nobody asked', async () => {
    const small = await infer(2, { 'accept-encoding': 'gzip' });
    expect(small.headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(String(small.body)).outputs[0].data).toEqual([0.2, 0.2]);
    const unasked = await infer(500, {});
    expect(unasked.headers['content-encoding']).toBeUndefined();
    expect(unasked.headers.vary).toBeUndefined();
  });

  it('are so for a small one, too, where the client takes no other', async () => {
    const { headers, body } = await infer(1, { 'accept-encoding': 'gzip, identity;q=0' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(body).toString()).outputs[0].data).toEqual([0.2]);
  });

  it('say that they depend on the client where they are large, compressed or not', async () => {
    expect((await infer(500, { 'accept-encoding': 'br' })).headers).toMatchObject({ vary: 'Accept-Encoding' });
  });

  it('are refused with 406 before the model runs where the client takes nothing', async () => {
    const inferences = async () => (await exchange('/v2/models/scaler/stats', {})).body.toString();
    const before = await inferences();
    const { status, body } = await infer(1, { 'accept-encoding': 'identity;q=0' });
    expect(status).toBe(406);
    expect(JSON.parse(String(body))).toEqual({ error: expect.stringContaining('Accept-Encoding') });
    expect(await inferences()).toBe(before);
  });

  it('count the JSON of binary answers before compression, as Triton does', async () => {
    const { headers, body } = await infer(
      500,
      { 'accept-encoding': 'gzip' },
      { parameters: { binary_data_output: true } },
    );
    const plain = gunzipSync(body);
    const headerLength = Number(headers['inference-header-content-length']);
    expect(headers['content-type']).toBe('application/octet-stream');
    expect(JSON.parse(plain.toString('utf8', 0, headerLength)).outputs[0].parameters).toEqual({
      binary_data_size: 4000,
    });
    expect(plain.byteLength - headerLength).toBe(4000);
    expect(plain.readDoubleLE(headerLength)).toBe(0.2);
  });

  it('belong to inferences and metrics alone: the asyncio client of Triton asks for all and decodes only the former', async () => {
    const all = { 'accept-encoding': 'gzip, deflate' };
    const metrics = await exchange('/metrics', all);
    expect(metrics.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(metrics.body).toString()).toContain('nv_inference_count');
    const statistics = await exchange('/v2/models/stats', all);
    expect(statistics.headers['content-encoding']).toBeUndefined();
    expect(statistics.body.byteLength).toBeGreaterThan(1024);
  });

  it('go with compressed requests, binary ones too', async () => {
    const json = JSON.stringify({
      inputs: [{ name: 'x', datatype: 'FP64', shape: [1], parameters: { binary_data_size: 8 } }],
    });
    const data = Buffer.alloc(8);
    data.writeDoubleLE(21);
    const body = gzipSync(Buffer.concat([Buffer.from(json), data]));
    const headers = { 'content-encoding': 'gzip', 'inference-header-content-length': String(json.length) };
    const answer = await exchange('/v2/models/scaler/infer', headers, body);
    expect(JSON.parse(String(answer.body)).outputs[0].data).toEqual([42]);
  });
});
