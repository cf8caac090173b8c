import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import { type Limits, limitsSchema } from '../../../src/models/limits.js';
import type { StartServerOptions } from '../../../src/server/start-server.js';
import { head, rawConnection } from './raw-http.js';
import { post, serve, type TestServer } from './serve.js';

const cleanups: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serveWithin(limits: Partial<Limits>, options: StartServerOptions = {}): Promise<TestServer> {
  const running = await serve(options, { limits: limitsSchema.parse(limits) });
  cleanups.push(() => running[Symbol.asyncDispose]());
  return running;
}

const tensor = (datatype: string, data: unknown[]) => ({ name: 'x', datatype, shape: [data.length], data });
const infer = (running: TestServer, inputs: unknown[], model = 'identity') =>
  post(`${running.baseUrl}/v2/models/${model}/infer`, JSON.stringify({ inputs }));
const refusal = (status: number, says: string) => ({ status, text: expect.stringContaining(says) });

/** The server answers a plain inference. */
async function assertServes(running: TestServer): Promise<void> {
  const { status, text } = await infer(running, [tensor('FP64', [21])], 'scaler');
  expect({ status, data: JSON.parse(text).outputs?.[0].data }).toEqual({ status: 200, data: [42] });
}

describe('a body', () => {
  const padded = (bytes: number) => {
    const text = JSON.stringify({ inputs: [tensor('FP64', [21])] });
    return text + ' '.repeat(bytes - text.length);
  };

  it('may be as large as maxReceiveMessageBytes, and no larger', async () => {
    const running = await serveWithin({ maxReceiveMessageBytes: 1000 });
    const url = `${running.baseUrl}/v2/models/scaler/infer`;
    expect((await post(url, padded(1000))).status).toBe(200);
    expect(await post(url, padded(1001))).toMatchObject(refusal(413, 'maxReceiveMessageBytes'));
    const gzip = { 'content-encoding': 'gzip' };
    expect((await post(url, gzipSync(padded(1000)), gzip)).status).toBe(200);
    expect(await post(url, gzipSync(padded(1001)), gzip)).toMatchObject(refusal(413, 'maxReceiveMessageBytes'));
  });

  it('may come in a million chunks of one byte', async () => {
    const running = await serveWithin({});
    using connection = await rawConnection(running.server.httpPort);
    connection.send(head('POST /v2/models/scaler/infer', { 'transfer-encoding': 'chunked' }));
    const text = padded(1_000_000);
    for (let offset = 0; offset < text.length; offset += 10_000) {
      connection.send([...text.slice(offset, offset + 10_000)].map((letter) => `1\r\n${letter}\r\n`).join(''));
      if (connection.socket.writableNeedDrain) await once(connection.socket, 'drain');
    }
    connection.send('0\r\n\r\n');
    expect(await connection.answer()).toMatchObject({ status: 200, body: expect.stringContaining('[42]') });
  });

  it('without length is refused beyond maxReceiveMessageBytes, and its connection serves the next request', async () => {
    const running = await serveWithin({ maxReceiveMessageBytes: 1000 });
    using connection = await rawConnection(running.server.httpPort);
    connection.send(head('POST /v2/models/scaler/infer', { 'transfer-encoding': 'chunked' }));
    connection.send(`${(1001).toString(16)}\r\n${padded(1001)}\r\n`);
    expect(await connection.answer()).toMatchObject({ status: 413 });
    connection.send('1\r\n \r\n0\r\n\r\n');
    connection.send(head('GET /v2/health/live'));
    expect(await connection.answer()).toMatchObject({ status: 200, body: '{"live":true}' });
  });

  it('is not asked for where a client waits for leave and is refused', async () => {
    const running = await serveWithin({ maxReceiveMessageBytes: 1000 });
    for (const [path, length, status] of [
      ['/v2/models/scaler/infer', 1001, 413],
      ['/v2/nothing', 10, 404],
      ['/v2/health/live', 10, 405],
    ] as const) {
      using connection = await rawConnection(running.server.httpPort);
      connection.send(head(`POST ${path}`, { expect: '100-continue', 'content-length': length }));
      expect(await connection.answer()).toMatchObject({ status, headers: { connection: 'close' } });
      await connection.closed();
    }
  });

  it('is asked for where a client waits for leave, and the connection goes on', async () => {
    const running = await serveWithin({});
    using connection = await rawConnection(running.server.httpPort);
    const body = JSON.stringify({ inputs: [tensor('FP64', [21])] });
    connection.send(head('POST /v2/models/scaler/infer', { expect: '100-continue', 'content-length': body.length }));
    expect(await connection.answer()).toMatchObject({ status: 100 });
    connection.send(body);
    expect(await connection.answer()).toMatchObject({ status: 200 });
    connection.send(head('GET /v2/health/live'));
    expect(await connection.answer()).toMatchObject({ status: 200 });
  });

  it('that is not read does not end its connection', async () => {
    const running = await serveWithin({});
    using connection = await rawConnection(running.server.httpPort);
    for (const [line, status] of [
      ['POST /v2/nothing', 404],
      ['POST /v2/health/live', 405],
      ['POST /v2/logging', 501],
      ['POST /v2/models/nope/infer', 404],
    ] as const) {
      connection.send(`${head(line, { 'content-length': 13 })}{"inputs":[]}`);
      expect(await connection.answer()).toMatchObject({ status });
    }
    connection.send(head('GET /v2/health/live'));
    expect(await connection.answer()).toMatchObject({ status: 200 });
  });

  it('must come within requestTimeout', async () => {
    const running = await serveWithin({ requestTimeout: '300ms' });
    using connection = await rawConnection(running.server.httpPort);
    connection.send(`${head('POST /v2/models/scaler/infer', { 'content-length': 100 })}{`);
    expect(await connection.answer()).toMatchObject({ status: 408, body: expect.stringContaining('requestTimeout') });
    await connection.closed();
    await assertServes(running);
  });

  it('nests no deeper than maxJsonDepth', async () => {
    const running = await serveWithin({ maxJsonDepth: 4 });
    expect((await infer(running, [tensor('FP64', [1])])).status).toBe(200);
    const nested = { ...tensor('FP64', [1]), data: [[1]] };
    expect(await infer(running, [nested])).toMatchObject(refusal(400, 'maxJsonDepth'));
    const index = `${running.baseUrl}/v2/repository/index`;
    expect((await post(index, '{"a":[[[1]]]}')).status).toBe(200);
    expect(await post(index, '{"a":[[[[1]]]]}')).toMatchObject(refusal(400, 'maxJsonDepth'));
  });
});

describe('a request', () => {
  it('has as many tensors, elements and BYTES as the limits say, and no more', async () => {
    const running = await serveWithin({ maxTensors: 2, maxTensorElements: 3, maxBytesElements: 2 });
    const one = tensor('FP64', [1]);
    expect((await infer(running, [one, one], 'sum')).status).toBe(400);
    expect(await infer(running, [one, one, one], 'sum')).toMatchObject(refusal(413, 'maxTensors'));
    expect((await infer(running, [tensor('FP64', [1, 2, 3])])).status).toBe(200);
    expect(await infer(running, [tensor('FP64', [1, 2, 3, 4])])).toMatchObject(refusal(413, 'maxTensorElements'));
    expect((await infer(running, [tensor('BYTES', ['a', 'b'])])).status).toBe(200);
    expect(await infer(running, [tensor('BYTES', ['a', 'b', 'c'])])).toMatchObject(refusal(413, 'maxBytesElements'));
    const outputs = (count: number) => JSON.stringify({ inputs: [one], outputs: Array(count).fill({ name: 'y' }) });
    const url = `${running.baseUrl}/v2/models/identity/infer`;
    expect(await post(url, outputs(2))).toMatchObject(refusal(400, 'output'));
    expect(await post(url, outputs(3))).toMatchObject(refusal(413, 'maxTensors'));
  });

  it('in binary has no more elements than the limits say, with a header and bare', async () => {
    const running = await serveWithin({ maxTensorElements: 3 });
    const binary = (elements: number) => {
      const json = JSON.stringify({
        inputs: [{ name: 'x', datatype: 'FP64', shape: [elements], parameters: { binary_data_size: elements * 8 } }],
      });
      const body = Buffer.concat([Buffer.from(json), Buffer.alloc(elements * 8)]);
      const headers = { 'inference-header-content-length': String(json.length) };
      return post(`${running.baseUrl}/v2/models/identity/infer`, body, headers);
    };
    expect((await binary(3)).status).toBe(200);
    expect(await binary(4)).toMatchObject(refusal(413, 'maxTensorElements'));
    const bare = (elements: number) =>
      post(`${running.baseUrl}/v2/models/scaler/infer`, Buffer.alloc(elements * 8), {
        'inference-header-content-length': '0',
      });
    expect((await bare(3)).status).toBe(200);
    expect(await bare(4)).toMatchObject(refusal(413, 'maxTensorElements'));
  });

  it('has headers of maxHeaderBytes at most', async () => {
    const running = await serveWithin({ maxHeaderBytes: 2000 });
    const withHeaders = async (bytes: number) => {
      using connection = await rawConnection(running.server.httpPort);
      const fixed = 'host'.length + 'localhost'.length + '/v2'.length + 'x-pad'.length;
      connection.send(head('GET /v2', { 'x-pad': 'p'.repeat(bytes - fixed) }));
      return await connection.answer();
    };
    expect(await withHeaders(2000)).toMatchObject({ status: 200 });
    expect(await withHeaders(2001)).toMatchObject({ status: 431, body: expect.stringContaining('maxHeaderBytes') });
  });

  it('must have its head sent within requestTimeout, begun or not', async () => {
    const running = await serveWithin({ requestTimeout: '300ms' });
    for (const text of ['', 'GET /v2 HT', 'GET /v2 HTTP/1.1\r\nHost: ']) {
      using connection = await rawConnection(running.server.httpPort);
      connection.send(text);
      expect(await connection.answer()).toMatchObject({ status: 408 });
      await connection.closed();
    }
  });

  it.each(['GARBAGE\r\n\r\n', 'GET /v2 HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', '\x16\x03\x01\x02\x00'])(
    'that is none gets 400 as JSON: %j',
    async (text) => {
      const running = await serveWithin({});
      using connection = await rawConnection(running.server.httpPort);
      connection.send(text);
      expect(await connection.answer()).toMatchObject({
        status: 400,
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: expect.stringContaining('{"error":"'),
      });
      await connection.closed();
      await assertServes(running);
    },
  );
});

describe('the server', () => {
  it('answers no more than maxSendMessageBytes, in JSON and in binary', async () => {
    const answer =
      '{"model_name":"identity","model_version":"1","outputs":[{"name":"output_tensor","datatype":"INT8","shape":[3],"data":[1,2,3]}]}';
    const inputs = [tensor('INT8', [1, 2, 3])];
    const exact = await serveWithin({ maxSendMessageBytes: answer.length });
    expect((await infer(exact, inputs)).text).toBe(answer);
    const less = await serveWithin({ maxSendMessageBytes: answer.length - 1 });
    expect(await infer(less, inputs)).toMatchObject(refusal(413, 'maxSendMessageBytes'));
    const binary = JSON.stringify({
      inputs: [tensor('INT8', Array(200).fill(1))],
      parameters: { binary_data_output: true },
    });
    expect(await post(`${less.baseUrl}/v2/models/identity/infer`, binary)).toMatchObject(
      refusal(413, 'maxSendMessageBytes'),
    );
    expect(await infer(less, [tensor('INT8', Array(100_000).fill(1))])).toMatchObject(
      refusal(413, 'maxSendMessageBytes'),
    );
  });

  it('keeps maxConnections open, and closes one more at once', async () => {
    const running = await serveWithin({ maxConnections: 2 });
    const port = running.server.httpPort;
    const live = head('GET /v2/health/live');
    using first = await rawConnection(port);
    using second = await rawConnection(port);
    first.send(live);
    second.send(live);
    expect(await Promise.all([first.answer(), second.answer()])).toMatchObject([{ status: 200 }, { status: 200 }]);
    const third = connect(port, '127.0.0.1');
    third.on('error', () => {});
    await once(third, 'close');
    first.socket.destroy();
    await expect
      .poll(async () => {
        using again = await rawConnection(port);
        again.send(live);
        return await again.answer().then(
          ({ status }) => status,
          () => 'closed',
        );
      })
      .toBe(200);
  });

  it('runs maxConcurrentRequests, from before a body is read, and refuses one more with 429', async () => {
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const running = await serveWithin(
      { maxConcurrentRequests: 2 },
      {
        makeModel: async (config, version) => ({
          ...(await createModel(config, { version })),
          predict: async (inputs) => {
            await finished;
            return inputs.map((input) => ({ ...input, name: 'output_tensor' }));
          },
        }),
      },
    );
    using sending = await rawConnection(running.server.httpPort);
    const body = JSON.stringify({ inputs: [tensor('FP64', [21])] });
    const path = 'POST /v2/models/identity/infer';
    sending.send(`${head(path, { 'content-length': body.length })}${body.slice(0, 5)}`);
    const waiting = infer(running, [tensor('FP64', [21])]);
    using third = await rawConnection(running.server.httpPort);
    await expect
      .poll(async () => {
        third.send(`${head(path, { 'content-length': 2 })}{}`);
        return (await third.answer()).status;
      })
      .toBe(429);
    // The rest is not concerned, and the connection goes on.
    third.send(head('GET /v2/health/ready'));
    expect(await third.answer()).toMatchObject({ status: 200 });
    sending.send(body.slice(5));
    finish();
    expect(await sending.answer()).toMatchObject({ status: 200 });
    expect((await waiting).status).toBe(200);
    expect((await infer(running, [tensor('FP64', [21])])).status).toBe(200);
  });

  it('gives back the place of a request whose client goes away', async () => {
    const running = await serveWithin({ maxConcurrentRequests: 1 });
    const gone = await rawConnection(running.server.httpPort);
    gone.send(`${head('POST /v2/models/scaler/infer', { 'content-length': 100 })}{`);
    await expect.poll(async () => (await infer(running, [tensor('FP64', [21])])).status).toBe(429);
    gone.socket.destroy();
    await expect.poll(async () => (await infer(running, [tensor('FP64', [21])])).status).toBe(200);
  });
});

describe('a model', () => {
  it('must answer within requestTimeout', async () => {
    const models = [modelConfigSchema.parse({ kind: 'identity', name: 'identity', latency: '5s' })];
    const running = await serve({}, { models, limits: limitsSchema.parse({ requestTimeout: '100ms' }) });
    cleanups.push(() => running[Symbol.asyncDispose]());
    expect(await infer(running, [tensor('FP64', [1])])).toMatchObject(refusal(504, 'requestTimeout'));
  });
});
