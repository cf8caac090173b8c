/** What stands in a mutant's way must be no mutation itself: here it is compared with the real server, wire by wire. */
import { connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suiteNames } from '../../../src/checks/case.js';
import { openConnections } from '../../../src/checks/connections.js';
import { edgesOf, isCarried } from '../../../src/checks/suites/infer/edges.js';
import type { InferenceClient } from '../../../src/protocol/client.js';
import { datatypes } from '../../../src/protocol/datatype.js';
import { grpcFrame } from '../../../src/protocol/grpc-frames.js';
import { OipError } from '../../../src/protocol/status.js';
import { encodeInferRequest } from '../../../src/protocol/wire/infer-messages.js';
import type { Mutation } from '../../fakes/mutant-behaviour.js';
import { type Mutant, startMutant, unchanged } from '../../fakes/mutant-server.js';
import { allModels, check, type Served, serve } from './served.js';

/** Opens and closes all that passes, and changes nothing. */
const reencoded: Mutation = {
  name: 'reencoded',
  what: 'nothing is wrong, though everything is written anew',
  suites: [],
  behave: () => ({
    ask: (request) => request,
    infer: ({ answer }) => answer,
    raw: (bytes) => bytes,
    fact: ({ answer }) => answer,
    http: ({ answer }) => answer,
    grpc: ({ answer }) => answer,
    stream: (out) => out,
  }),
};

/** Milliseconds for a whole suite on a machine that has other things to do, too. */
const patience = 60_000;

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(() => right[Symbol.asyncDispose]());

describe.each([unchanged, reencoded])('$name', (mutation) => {
  let mutant: Mutant;
  beforeAll(async () => {
    mutant = await startMutant(right, mutation);
  });
  afterAll(() => mutant[Symbol.asyncDispose]());

  const open = ({ grpc, http }: Served | Mutant, how = {}) =>
    openConnections({ grpc: { endpoint: grpc }, rest: { baseUrl: http } }, how);

  /** The same asked of both. */
  async function both<T>(ask: (connections: ReturnType<typeof open>) => Promise<T>, how = {}): Promise<[T, T]> {
    await using real = open(right, how);
    await using wrong = open(mutant, how);
    return [await ask(real), await ask(wrong)];
  }

  const told = async <T>(asking: Promise<T> | undefined) =>
    await asking?.catch((error: unknown) =>
      error instanceof OipError ? [error.status, error.httpStatus, error.message] : error,
    );

  const clientOf = (connections: ReturnType<typeof open>, transport: 'grpc' | 'rest') =>
    connections[transport]?.client as InferenceClient;

  it.each(['grpc', 'rest'] as const)('answers every small call alike over %s', async (transport) => {
    const [real, through] = await both(async (connections) => {
      const client = clientOf(connections, transport);
      return [
        await client.serverLive(),
        await client.serverReady(),
        await client.serverMetadata(),
        await client.modelReady('simple'),
        await client.modelMetadata('linear_regression'),
        await client.repositoryIndex(),
        await told(client.modelMetadata('nobody')),
        await told(client.modelReady('nobody')),
        await told(client.infer({ modelName: 'nobody', inputs: [] })),
        await told(client.infer({ modelName: 'simple_scaler', inputs: [] })),
      ];
    });
    expect(through).toEqual(real);
  });

  it.each(['none', 'gzip', 'deflate'] as const)(
    'answers each datatype in each form, sent with %s',
    async (encoding) => {
      const how = encoding === 'none' ? {} : { compression: encoding };
      const routes = (['grpc', 'rest'] as const).flatMap((transport) =>
        (['typed', 'raw'] as const).map((form) => ({ transport, form })),
      );
      const [real, through] = await both(async (connections) => {
        const answers = [];
        for (const { transport, form } of routes) {
          for (const datatype of datatypes) {
            if (form === 'typed' && /16$/.test(datatype) && /^[FB]/.test(datatype)) continue;
            for (const edge of edgesOf(datatype)) {
              if (!isCarried({ ours: true }, { transport, form }, edge)) continue;
              const data = edge.elements();
              const inputs = [{ name: 'x', datatype, shape: [data.length], data }];
              const call = { modelName: 'identity', id: datatype, inputs, form, parameters: { extra: 1.5 } };
              answers.push(await clientOf(connections, transport).infer(call));
            }
          }
        }
        return answers;
      }, how);
      expect(through).toEqual(real);
      expect(real.length).toBeGreaterThan(40);
    },
  );

  it('passes whatever HTTP there is', async () => {
    const json = { 'content-type': 'application/json' };
    const infer = Buffer.from('{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1]}]}');
    const path = '/v2/models/simple_scaler/infer';
    const requests = [
      { method: 'DELETE', path: '/v2' },
      { method: 'HEAD', path: '/v2/health/live' },
      { method: 'GET', path: '/nowhere' },
      { method: 'GET', path: '/v2/models/%zz' },
      { method: 'POST', path, headers: json, body: Buffer.from('{') },
      { method: 'POST', path, headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(infer) },
      { method: 'POST', path, headers: { ...json, 'content-encoding': 'gzip' }, body: infer },
      { method: 'POST', path, headers: { ...json, 'content-encoding': 'br' }, body: infer },
      { method: 'POST', path, headers: { ...json, 'accept-encoding': 'gzip' }, body: infer },
      { method: 'POST', path, headers: { 'inference-header-content-length': '0' }, body: Buffer.alloc(16) },
      { method: 'GET', path: '/v2', headers: { 'x-large': 'x'.repeat(40_000) } },
    ];
    const [real, through] = await both(async ({ rest }) => {
      const answers = [];
      for (const request of requests) {
        const answer = await rest?.sender.send(request);
        const {
          date,
          connection,
          'keep-alive': _,
          'content-length': __,
          'transfer-encoding': ___,
          ...headers
        } = answer?.headers ?? {};
        answers.push([request.path, answer?.status, answer?.body.toString('latin1'), headers]);
      }
      return answers;
    });
    expect(through).toEqual(real);
  });

  it('passes whatever gRPC there is', async () => {
    const call = async (endpoint: string, path: string, headers: Record<string, string>, body: Buffer) => {
      const session = connect(`http://${endpoint}`);
      const fixed = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
      const stream = session.request({ ...fixed, ...headers });
      const seen: unknown[] = [];
      const chunks: Buffer[] = [];
      const dateless = ({ date: _, ...others }: Record<string, unknown>) => others;
      stream.on('response', (received) => seen.push(dateless(received)));
      stream.on('trailers', (received) => seen.push(received));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      await new Promise<void>((resolve) => {
        stream.on('close', resolve);
        stream.on('error', () => {});
        stream.end(body);
      });
      session.destroy();
      // What is written anew may be written in another way: its values are compared above.
      return [...seen, mutation === unchanged && Buffer.concat(chunks).toString('hex'), stream.rstCode];
    };
    const service = '/inference.GRPCInferenceService';
    const inputs = [{ name: 'x', datatype: 'FP64' as const, shape: [1], data: Float64Array.of(1) }];
    const rest = { modelName: 'simple_scaler', modelVersion: '', id: '', parameters: {}, outputs: [] };
    const infer = encodeInferRequest({ ...rest, inputs, form: 'typed' });
    const calls: [path: string, headers: Record<string, string>, body: Buffer][] = [
      [`${service}/Nothing`, {}, grpcFrame(Buffer.alloc(0))],
      ['/nowhere', {}, grpcFrame(Buffer.alloc(0))],
      [`${service}/ServerLive`, {}, grpcFrame(Buffer.alloc(0))],
      [`${service}/ServerLive`, { 'content-type': 'text/plain' }, Buffer.alloc(0)],
      [`${service}/ModelInfer`, {}, grpcFrame(infer)],
      [`${service}/ModelInfer`, {}, grpcFrame(Buffer.from('ffff', 'hex'))],
      [`${service}/ModelInfer`, { 'grpc-encoding': 'br' }, grpcFrame(infer)],
      [`${service}/ModelStreamInfer`, {}, Buffer.concat([grpcFrame(infer), grpcFrame(infer)])],
      [`${service}/ModelStreamInfer`, {}, Buffer.alloc(0)],
      ['/grpc.health.v1.Health/Check', {}, grpcFrame(Buffer.alloc(0))],
      ['/grpc.health.v1.Health/Check', {}, grpcFrame(Buffer.from('0a01780a', 'hex'))],
    ];
    for (const [path, headers, body] of calls) {
      const real = await call(right.grpc, path, headers, body);
      expect([path, await call(mutant.grpc, path, headers, body)]).toEqual([path, real]);
    }
  });
});

/** As the other, but for requests: what a request was padded with to be too large is lost when it is written anew. */
const answersReencoded: Mutation = {
  ...reencoded,
  name: 'answers reencoded',
  behave: (control) => ({ ...reencoded.behave(control), ask: () => undefined }),
};

/** What is judged by what is inside messages; all the rest is the same for both. */
const aboutMessages = ['metadata', 'infer', 'streaming', 'compression', 'metrics'] as const;

describe.each([
  { mutation: unchanged, suites: suiteNames },
  { mutation: answersReencoded, suites: aboutMessages },
])('$mutation.name', ({ mutation, suites }) => {
  it.each(suites)(
    'passes every case of %s, as the real server does',
    async (suite) => {
      await using mutant = await startMutant(right, mutation);
      // What a fault does to connections, a proxy does otherwise.
      const cases = suite === 'faults' ? ['faults/header', 'faults/bad-header', 'faults/state'] : [];
      const reached = { ...mutant, faults: right.faults };
      const results = await check(reached, { configured: allModels, suites: [suite], cases });
      const bad = results.filter(({ status }) => status !== 'passed');
      expect(bad.map(({ id, status, message }) => `${id} ${status}: ${message}`)).toEqual([]);
      expect(results.length).toBeGreaterThan(0);
    },
    patience,
  );
});
