import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InferenceClient } from '../../../src/protocol/client.js';
import { createGrpcClient } from '../../../src/protocol/grpc-client.js';
import { createRestClient } from '../../../src/protocol/rest-client.js';
import { OipError, oipError } from '../../../src/protocol/status.js';
import { allModels, answering, failures, type Served, scaler, serve, smokeThrough } from './wrong-clients.js';

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(async () => {
  await right[Symbol.asyncDispose]();
});

/** A server that stops answering after the first request that it refused. */
function dying(client: InferenceClient): Partial<InferenceClient> {
  let dead = false;
  const alive = () => {
    if (dead) throw oipError('UNREACHABLE', 'connection refused');
  };
  return {
    async serverLive(options) {
      alive();
      return await client.serverLive(options);
    },
    async infer(call, options) {
      alive();
      try {
        return await client.infer(call, options);
      } catch (error) {
        dead = true;
        throw error;
      }
    },
  };
}

/** Accepts what the real server refuses, as `accepts` says. */
function lax(client: InferenceClient): Partial<InferenceClient> {
  return {
    async infer(call, options) {
      try {
        return await client.infer(call, options);
      } catch (error) {
        if (!(error instanceof OipError)) throw error;
        return { modelName: '', modelVersion: '', id: '', parameters: {}, outputs: [], form: 'typed' };
      }
    },
  };
}

describe('a wrong server is caught', () => {
  it.each([
    {
      what: 'a wrong value in the last element',
      change: answering(({ outputs: [output] }) => {
        if (output?.data instanceof Float64Array) output.data[output.data.length - 1] = 1;
      }),
      says: /element \d+ of scaled_result: expected/,
    },
    {
      what: 'a value that is wrong in its last bit',
      change: answering(({ outputs: [output] }) => {
        if (!(output?.data instanceof Float64Array)) return;
        const bits = new BigInt64Array(output.data.buffer, output.data.byteOffset, output.data.length);
        bits[1] = (bits[1] ?? 0n) + 1n;
      }),
      says: /element 1 of scaled_result/,
    },
    {
      what: '−0 for 0',
      change: answering(({ outputs: [output] }) => {
        if (output?.data instanceof Float64Array && output.data[0] === 0) output.data[0] = -0;
      }),
      says: /element 0 of scaled_result/,
    },
    {
      what: 'a shape of [n,1] for [n]',
      change: answering(({ outputs: [output] }) => output?.shape.push(1)),
      says: /shape of scaled_result: expected \[6\], got \[6,1\]/,
    },
    {
      what: 'a wrong datatype',
      change: answering(({ outputs: [output] }) => Object.assign(output ?? {}, { datatype: 'FP32' })),
      says: /datatype of scaled_result: expected "FP64", got "FP32"/,
    },
    {
      what: 'a missing element',
      change: answering(({ outputs: [output] }) => output && Object.assign(output, { data: output.data.slice(1) })),
      says: /number of elements/,
    },
    { what: 'no output', change: answering((answer) => answer.outputs.pop()), says: /number of outputs/ },
    {
      what: 'an output too many',
      change: answering(({ outputs }) => outputs.push(...outputs)),
      says: /number of outputs/,
    },
    {
      what: 'an id that is not echoed',
      change: answering((answer) => Object.assign(answer, { id: 'x' })),
      says: /^id:/,
    },
    {
      what: 'a client that changes its input',
      change: answering((_, { inputs: [input] }) => input?.data instanceof Float64Array && input.data.fill(7)),
      says: /element 0 of .*: expected 0, got 7/,
    },
    { what: 'a server that accepts everything', change: lax, says: /it was accepted/ },
    { what: 'a server that dies of a bad request', change: dying, says: /connection refused/ },
    {
      what: 'a server that is not live',
      change: () => ({ serverLive: async () => false }),
      says: /ServerLive says false/,
    },
    { what: 'a server that is not ready', change: () => ({ serverReady: async () => false }), says: /ServerReady/ },
    { what: 'a model that is not ready', change: () => ({ modelReady: async () => false }), says: /ModelReady/ },
    {
      what: 'metadata without inputs',
      change: (client: InferenceClient) => ({
        modelMetadata: async (...args: Parameters<InferenceClient['modelMetadata']>) => ({
          ...(await client.modelMetadata(...args)),
          inputs: [],
        }),
      }),
      says: /it lists no input/,
    },
    {
      what: 'metadata of another model',
      change: (client: InferenceClient) => ({
        modelMetadata: (_: string, ...rest: [string?, object?]) => client.modelMetadata('identity', ...rest),
      }),
      says: /it is about identity/,
    },
    {
      what: 'an answer that nothing can be made of',
      change: () => ({ infer: () => Promise.reject(new TypeError('no such property')) }),
      says: /could not be judged: no such property/,
    },
    {
      what: 'an error of its own',
      change: () => ({ infer: () => Promise.reject(oipError('INTERNAL', 'segmentation fault')) }),
      says: /INTERNAL: segmentation fault/,
    },
  ])('$what, over both transports', async ({ change, says }) => {
    const failed = failures(await smokeThrough(right, scaler, change));
    for (const transport of ['grpc', 'rest']) {
      const messages = failed.filter((result) => result.transport === transport).map(({ message }) => message);
      expect(messages).toContainEqual(expect.stringMatching(says));
    }
  });

  it.each(['unknown-model', 'wrong-shape', 'wrong-datatype', 'no-input'])('that accepts %s', async (refusal) => {
    const failed = failures(await smokeThrough(right, scaler, lax)).map(({ id }) => id);
    expect(failed).toEqual(expect.arrayContaining([`errors/${refusal}/grpc`, `errors/${refusal}/rest`]));
  });
});

describe('a server that never answers', () => {
  it('fails every check, and is given up after a few time-outs', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    let calls = 0;
    /** The same calls with a time-out that a test can wait for. */
    const impatient = (client: InferenceClient) => ({
      serverLive: () => counted(client.serverLive({ timeoutMs: 40 })),
      serverReady: () => counted(client.serverReady({ timeoutMs: 40 })),
      serverMetadata: () => counted(client.serverMetadata({ timeoutMs: 40 })),
      modelMetadata: (name: string) => counted(client.modelMetadata(name, '', { timeoutMs: 40 })),
    });
    const counted = <T>(call: Promise<T>) => {
      calls += 1;
      return call;
    };
    const grpc = createGrpcClient({ endpoint: `127.0.0.1:${port}` });
    const rest = createRestClient({ baseUrl: `http://127.0.0.1:${port}` });
    try {
      const results = await smokeThrough({ ...right, grpc, rest }, allModels, impatient);
      expect(results.every(({ status }) => status === 'failed')).toBe(true);
      expect(results.at(0)?.message).toContain('no answer within 40 ms');
      expect(results.at(-1)?.message).toContain('not asked');
      expect(calls).toBeLessThan(10);
    } finally {
      await grpc[Symbol.asyncDispose]();
      await rest[Symbol.asyncDispose]();
      silent.close();
    }
  });
});
