import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultHeader } from '../../../../src/faults/fault-text.js';
import { serverConfigSchema } from '../../../../src/models/server-config.js';
import { head, rawConnection } from '../raw-http.js';
import { post } from '../serve.js';
import { endlessFaults, type FaultyServer, serveFaulty } from './struck-server.js';

let server: FaultyServer;
beforeAll(async () => {
  server = await serveFaulty();
});
afterAll(() => server[Symbol.asyncDispose]());

const inputs = [{ name: 'x', datatype: 'FP64', shape: [2], data: [1, 2] }];
const json = JSON.stringify({ inputs });
const binaryJson = JSON.stringify({ inputs, parameters: { binary_data_output: true } });

const infer = (fault: string, body = json, model = 'same', more: Record<string, string> = {}) =>
  fetch(`${server.running.baseUrl}/v2/models/${model}/infer`, {
    method: 'POST',
    body,
    headers: { [faultHeader]: fault, ...more },
  });

interface Output {
  name: string;
  datatype: string;
  shape: number[];
  data?: number[];
  parameters?: { binary_data_size?: number };
}
const outputsOf = async (response: Response) => ((await response.json()) as { outputs: Output[] }).outputs;

/** JSON and binary part of an answer. */
async function parts(response: Response) {
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length'));
  const { outputs } = JSON.parse(bytes.toString('utf8', 0, length)) as { outputs: Output[] };
  return { outputs, binary: bytes.subarray(length), length, bytes };
}

describe('a wrong answer over REST', () => {
  it('has other values', async () => {
    expect((await outputsOf(await infer('wrong-value=10')))[0]?.data).toEqual([11, 12]);
    const { binary } = await parts(await infer('wrong-value=10', binaryJson));
    expect([binary.readDoubleLE(0), binary.readDoubleLE(8)]).toEqual([11, 12]);
  });

  it('has NaN as the word that servers in Python write, and as it is in binary', async () => {
    expect(await (await infer('nan')).text()).toContain('"data":[NaN,NaN]');
    expect((await parts(await infer('nan', binaryJson))).binary.readDoubleLE(8)).toBeNaN();
  });

  it('says another shape, or another datatype', async () => {
    expect((await outputsOf(await infer('wrong-shape')))[0]).toMatchObject({ shape: [3], data: [1, 2] });
    expect((await outputsOf(await infer('wrong-datatype')))[0]).toMatchObject({ datatype: 'INT64', shape: [2] });
  });

  it('has an output less, or one more', async () => {
    expect(await outputsOf(await infer('missing-output'))).toEqual([]);
    expect(await outputsOf(await infer('extra-output'))).toHaveLength(2);
  });

  it('has the other form', async () => {
    const { binary, outputs } = await parts(await infer('wrong-form'));
    expect(outputs[0]).toMatchObject({ parameters: { binary_data_size: 16 } });
    expect([binary.readDoubleLE(0), binary.readDoubleLE(8)]).toEqual([1, 2]);
    const toJson = await infer('wrong-form', binaryJson);
    expect(toJson.headers.get('inference-header-content-length')).toBeNull();
    expect((await outputsOf(toJson))[0]?.data).toEqual([1, 2]);
  });

  it('lacks the end of its data, in a body that is whole', async () => {
    const { binary, outputs, bytes } = await parts(await infer('truncated=3', binaryJson));
    expect([binary.byteLength, outputs[0]?.parameters?.binary_data_size]).toEqual([13, 16]);
    expect((await parts(await infer('truncated=100', binaryJson))).bytes.byteLength).toBe(bytes.byteLength - 13);
    expect((await outputsOf(await infer('truncated')))[0]).toMatchObject({ shape: [2], data: [1] });
  });

  it('is no JSON', async () => {
    const answer = await infer('invalid-message', binaryJson);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    await expect(answer.json()).rejects.toThrow(SyntaxError);
    await expect((await infer('status=503, invalid-message')).json()).rejects.toThrow(SyntaxError);
  });

  it('is as large as said, beyond maxSendMessageBytes, and valid', async () => {
    const { limits } = serverConfigSchema.parse({ version: '1', models: [], limits: { maxSendMessageBytes: 1_000 } });
    await using small = await serveFaulty({ limits });
    const url = `${small.running.baseUrl}/v2/models/same/infer`;
    const headers = { [faultHeader]: 'oversize=3000000', 'accept-encoding': 'gzip' };
    const { text } = await post(url, json, headers);
    expect(text.length).toBeGreaterThan(3_000_000);
    expect(JSON.parse(text)).toMatchObject({ outputs: [{ data: [1, 2] }] });
    const { binary, length } = await parts(await fetch(url, { method: 'POST', body: binaryJson, headers }));
    expect(binary.byteLength).toBe(16);
    expect(length).toBeGreaterThan(3_000_000);
  });
});

describe('an error over REST', () => {
  it.each([
    ['status', 503],
    ['status=ABORTED', 409],
    ['status=RESOURCE_EXHAUSTED', 413],
    ['status=418', 418],
    ['status=599', 599],
  ])('%s is HTTP %i', async (fault, code) => {
    const answer = await infer(`${fault} message="so \\"it\\" is"`);
    expect([answer.status, await answer.json()]).toEqual([code, { error: 'so "it" is' }]);
  });

  it('tells what is wrong with a header', async () => {
    const answer = await infer('delay=soon');
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('x-kserve-env-fault: time');
  });

  it('is counted as the client saw it', async () => {
    const before = (await server.counted('rest', 'ModelInfer')).ABORTED ?? 0;
    await infer('status=ABORTED');
    expect((await server.counted('rest', 'ModelInfer')).ABORTED).toBe(before + 1);
  });
});

describe('a fault over REST', () => {
  it('chooses calls by what the path says, and leaves metrics alone', async () => {
    const { baseUrl } = server.running;
    const statusOf = async (path: string) => (await fetch(`${baseUrl}${path}`)).status;
    await server.add({ kind: 'status', model: 'same', first: 1 }, { kind: 'hang', transport: 'grpc' });
    expect([
      await statusOf('/v2/models/raw'),
      await statusOf('/v2/models/alias'),
      await statusOf('/v2/models/same'),
      await statusOf('/metrics'),
    ]).toEqual([200, 503, 200, 200]);
    expect(server.struck()).toEqual([1, 0]);
    await server.clear();
    await server.add({ kind: 'status' });
    expect([await statusOf('/v2/health/live'), await statusOf('/metrics')]).toEqual([503, 200]);
    await server.clear();
  });

  it('of readiness strikes single calls', async () => {
    const { baseUrl } = server.running;
    const statusOf = async (path: string) =>
      (await fetch(`${baseUrl}${path}`, { headers: { [faultHeader]: 'not-ready' } })).status;
    const paths = [
      '/v2/health/ready',
      '/v2/models/same/ready',
      '/v2/models/same',
      '/v2/models/same/config',
      '/v2/health/live',
    ];
    expect(await Promise.all(paths.map(statusOf))).toEqual([503, 503, 503, 503, 200]);
    expect((await infer('not-ready')).status).toBe(503);
    expect(await statusOf('/v2/models/nobody')).toBe(404);
    expect((await fetch(`${baseUrl}/v2/models/same/ready`)).status).toBe(200);
  });
});

describe('a wait over REST', () => {
  it('comes first, and is as long as said', async () => {
    const begun = performance.now();
    expect((await infer('delay=300ms, status=404')).status).toBe(404);
    // A timer may be a little early by another clock.
    expect(performance.now() - begun).toBeGreaterThan(290);
  });

  it('does not count as a request that takes too long to come', async () => {
    const { limits } = serverConfigSchema.parse({ version: '1', models: [], limits: { requestTimeout: '200ms' } });
    await using hasty = await serveFaulty({ limits });
    const { status } = await post(`${hasty.running.baseUrl}/v2/models/same/infer`, json.padEnd(300_000), {
      [faultHeader]: 'delay=700ms',
    });
    expect(status).toBe(200);
  });

  it('without an end leaves nothing when its clients have gone', async () => {
    const { limits } = serverConfigSchema.parse({ version: '1', models: [], limits: { maxConcurrentRequests: 50 } });
    await using busy = await serveFaulty({ limits });
    const open = async (fault: string, count: number) => {
      const connections = await Promise.all(
        Array.from({ length: count }, () => rawConnection(busy.running.server.httpPort)),
      );
      for (const { send } of connections) {
        send(head('POST /v2/models/same/infer', { 'content-length': json.length, [faultHeader]: fault }) + json);
      }
      return connections;
    };
    const status = async () => (await post(`${busy.running.baseUrl}/v2/models/same/infer`, json)).status;
    const delayed = await open('delay=1h', 50);
    await expect.poll(status).toBe(429);
    for (const connection of delayed) connection[Symbol.dispose]();
    await expect.poll(status).toBe(200);
    const hanging = await open('hang', 100);
    expect(await status()).toBe(200);
    for (const connection of hanging) connection[Symbol.dispose]();
    await expect.poll(async () => (await busy.counted('rest', 'ModelInfer')).CANCELLED).toBe(150);
  });

  it('does not outlive a server that stops', async () => {
    await using stopping = await serveFaulty();
    await stopping.add(...endlessFaults);
    const connections = await Promise.all(endlessFaults.map(() => rawConnection(stopping.running.server.httpPort)));
    endlessFaults.forEach(({ kind }, index) => {
      connections[index]?.send(
        head('POST /v2/models/same/infer', { 'content-length': json.length, 'x-fault': kind }) + json,
      );
    });
    await expect.poll(() => stopping.struck()).toEqual([1, 1, 1, 1]);
    await stopping.running.server.close(100);
    await Promise.all(connections.map((connection) => connection.closed()));
  });
});

/** All that comes of one inference on a connection of its own, until that ends. */
async function receive(fault: string, requests = 1) {
  const socket: Socket = connect(server.running.server.httpPort, '127.0.0.1');
  const chunks: Buffer[] = [];
  let code: string | undefined;
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code;
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  const request = head('POST /v2/models/same/infer', { 'content-length': json.length, [faultHeader]: fault }) + json;
  socket.write(request.repeat(requests));
  return { socket, chunks, closed, text: () => Buffer.concat(chunks).toString('latin1'), code: () => code };
}

describe('the bytes of an answer over REST', () => {
  it('come slowly, little by little', async () => {
    const begun = performance.now();
    const answer = await infer('slow-bytes=200');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const sizes: number[] = [];
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) sizes.push(piece.value.byteLength);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    expect(bytes).toBe(Number(answer.headers.get('content-length')));
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThan(bytes / 2);
    expect(performance.now() - begun).toBeGreaterThan(((bytes - 1) / 200) * 1_000 * 0.9);
  });

  it.each([0, 7])('break off after %i, with their connection', async (count) => {
    const { closed, text, code } = await receive(`partial-answer=${count}`);
    await closed;
    expect(code()).toBeUndefined();
    const [headers = '', body = ''] = text().split('\r\n\r\n');
    expect(headers).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(Number(/content-length: (\d+)/.exec(headers)?.[1])).toBeGreaterThan(50);
    expect(body).toHaveLength(count);
  });
});

describe('the connection of a call over REST', () => {
  it('is closed where HTTP/2 would reset a stream', async () => {
    const { closed, chunks } = await receive('stream-reset');
    await closed;
    expect(chunks).toEqual([]);
    expect((await server.counted('rest', 'ModelInfer')).UNAVAILABLE).toBeGreaterThan(0);
  });

  it('is reset when its request is there, and not while that is being sent', async () => {
    using connection = await rawConnection(server.running.server.httpPort);
    const code = new Promise((resolve) => {
      connection.socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    });
    const middle = json.length / 2;
    const whole = head('POST /v2/models/same/infer', { 'content-length': json.length, [faultHeader]: 'reset' });
    connection.send(whole + json.slice(0, middle));
    expect((await infer('delay=1ms')).status).toBe(200);
    expect(connection.socket.readyState).toBe('open');
    connection.send(json.slice(middle));
    expect(await code).toBe('ECONNRESET');
  });

  it('is reset by TCP', async () => {
    const { closed, chunks, code } = await receive('reset');
    await closed;
    expect([chunks, code()]).toEqual([[], 'ECONNRESET']);
  });

  it.each([0, 11])('ends after the answer, by Connection: close, for GOAWAY with code %i', async (code) => {
    const { closed, text } = await receive(`goaway=${code}`);
    await closed;
    expect(text()).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*connection: close\r\n/i);
    expect(text()).toContain('"outputs"');
  });

  it('is half open until its fault is cleared: no answer, no end', async () => {
    await server.add({ kind: 'half-open', rpc: 'ModelInfer' });
    const { socket, chunks, closed } = await receive('nan');
    let ended = false;
    void closed.then(() => {
      ended = true;
    });
    await expect.poll(() => server.struck()).toEqual([1]);
    socket.write(head('GET /v2/health/live'));
    // As long as several honest calls take on another connection.
    for (let calls = 0; calls < 20; calls++) await fetch(`${server.running.baseUrl}/v2/health/live`);
    expect([chunks, ended]).toEqual([[], false]);
    await server.clear();
    await closed;
  });

  it('answers requests that were sent at once in their order, each with its own fault', async () => {
    const connection = await rawConnection(server.running.server.httpPort);
    for (const fault of ['delay=200ms, status=404', 'slow-bytes=2000', 'status=429']) {
      connection.send(
        head('POST /v2/models/same/infer', { 'content-length': json.length, [faultHeader]: fault }) + json,
      );
    }
    expect([
      (await connection.answer()).status,
      (await connection.answer()).status,
      (await connection.answer()).status,
    ]).toEqual([404, 200, 429]);
    connection[Symbol.dispose]();
  });
});
