/** The suite `compression`: what it asks of a right server, and what it says of wrong ones. */
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseResult } from '../../../src/checks/case.js';
import { limitsSchema } from '../../../src/models/limits.js';
import { grpcFrame } from '../../../src/protocol/grpc-frames.js';
import type { Behaviour, GrpcPass, HttpPass } from '../../fakes/mutant-behaviour.js';
import { allModels, type CheckOptions, check, type Served, serve, withVerdict } from './served.js';
import { checkWrong, foreign } from './wrong-server.js';

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(() => right[Symbol.asyncDispose]());

const suites = ['compression'] as const;
const words = (results: CaseResult[]): string[] =>
  results.map(({ id, status, message }) => `${status} ${id}: ${message}`);
const unlike = (results: CaseResult[]): string[] => words(results.filter(({ status }) => status !== 'passed'));

describe('a right server', () => {
  it('passes every case: none fails, is noted or is skipped', async () => {
    const results = await check(right, { suites, configured: allModels });
    expect(unlike(results)).toEqual([]);
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
    for (const encoding of ['gzip', 'deflate']) {
      for (const route of ['grpc-typed', 'grpc-raw', 'rest-json', 'rest-binary']) {
        const ids = results.map(({ id }) => id);
        expect(ids).toContain(`compression/request/${encoding}/${route}`);
        expect(ids).toContain(`compression/answer/${encoding}/${route}`);
      }
    }
  });

  it.each<[string, CheckOptions]>([
    ['one that is not ours', foreign],
    ['one over gRPC alone', { only: 'grpc' }],
    ['one over REST alone', { only: 'rest' }],
    ['one whose models are not known', { profile: (server) => ({ ...server, models: [] }) }],
    ['one whose only model has answers too small to compress', { models: ['simple'] }],
  ])('passes where it is %s', async (_, options) => {
    const results = await check(right, { suites, ...options });
    expect(unlike(results)).toEqual([]);
    expect(results.length).toBeGreaterThan(5);
  });
});

interface WrongServer {
  what: string;
  cases: string[];
  only: 'grpc' | 'rest';
  behave: Behaviour;
  says: RegExp;
  /** What becomes of it where the server is not ours; failed unless said otherwise. */
  elsewhere?: 'noted' | 'failed' | 'passed';
}

const grpc = (change: (pass: GrpcPass) => Partial<GrpcPass['answer']> | undefined): Behaviour => ({
  grpc: (pass) => {
    const changed = pass.path.endsWith('/ModelInfer') ? change(pass) : undefined;
    return changed && { ...pass.answer, ...changed };
  },
});

const http = (change: (pass: HttpPass) => Partial<HttpPass['answer']> | undefined): Behaviour => ({
  http: (pass) => {
    const changed = pass.request.method === 'POST' ? change(pass) : undefined;
    return changed && { ...pass.answer, ...changed };
  },
});

const isCompressed = ({ headers }: { headers: Record<string, unknown> }): boolean =>
  headers['grpc-encoding'] === 'gzip' || headers['content-encoding'] === 'gzip';

const accepted = { message: Buffer.alloc(0), trailers: { 'grpc-status': '0' } };

const wrongServers: WrongServer[] = [
  {
    what: 'answers compressed requests with another value',
    cases: ['compression/request/gzip'],
    only: 'grpc',
    behave: grpc(({ headers, answer: { message } }) => {
      if (!message || headers['grpc-encoding'] !== 'gzip') return undefined;
      const wrong = Buffer.from(message);
      wrong.writeDoubleLE(7, wrong.byteLength - 8);
      return { message: wrong };
    }),
    says: /not as without compression: element \d+ of/,
  },
  {
    what: 'refuses gzip',
    cases: ['compression/request/gzip', 'compression/answer/gzip'],
    only: 'grpc',
    behave: grpc(({ headers }) =>
      headers['grpc-encoding'] === 'gzip'
        ? { message: undefined, trailers: { 'grpc-status': '12', 'grpc-message': 'no gzip' } }
        : undefined,
    ),
    says: /a gzip request is refused with UNIMPLEMENTED: no gzip/,
    elsewhere: 'noted',
  },
  {
    what: 'sends what is no gzip',
    cases: ['compression/answer/gzip'],
    only: 'grpc',
    behave: grpc(({ headers }) =>
      isCompressed({ headers }) ? { frame: grpcFrame(Buffer.from('no gzip'), { compressed: true }) } : undefined,
    ),
    says: /the answer cannot be read/,
  },
  {
    what: 'does not name the encoding of its answer',
    cases: ['compression/answer/gzip'],
    only: 'grpc',
    behave: grpc(
      ({
        headers,
        answer: {
          headers: { 'grpc-encoding': _, ...others },
          message,
        },
      }) =>
        isCompressed({ headers }) && message
          ? { headers: others, frame: grpcFrame(gzipSync(message), { compressed: true }) }
          : undefined,
    ),
    says: /a compressed message in the encoding that nothing names/,
  },
  {
    what: 'compresses for a client that reads nothing compressed',
    cases: ['compression/answer-plain'],
    only: 'grpc',
    behave: grpc(
      ({ answer: { headers, message } }) =>
        message && {
          headers: { ...headers, 'grpc-encoding': 'gzip' },
          frame: grpcFrame(gzipSync(message), { compressed: true }),
        },
    ),
    says: /the answer is in gzip, which (the client does not accept|nobody asked for)/,
  },
  {
    what: 'compresses nothing',
    cases: ['compression/answer/gzip'],
    only: 'grpc',
    behave: grpc(
      ({ answer: { headers, message } }) =>
        message && { headers: { ...headers, 'grpc-encoding': 'identity' }, frame: grpcFrame(message) },
    ),
    says: /the answer is not compressed/,
    elsewhere: 'passed',
  },
  {
    what: 'reads what it cannot decompress',
    cases: ['compression/unsupported', 'compression/corrupt', 'compression/cut', 'compression/flag-without-encoding'],
    only: 'grpc',
    behave: grpc(({ answer }) => (answer.trailers['grpc-status'] === '0' ? undefined : accepted)),
    says: /it was accepted/,
  },
  {
    what: 'does not say which encodings it has',
    cases: ['compression/unsupported'],
    only: 'grpc',
    behave: grpc(({ answer: { headers, trailers } }) => ({
      headers: { ...headers, 'grpc-accept-encoding': '' },
      trailers: { ...trailers, 'grpc-accept-encoding': '' },
    })),
    says: /grpc-accept-encoding is .*, where a list of encodings is expected/,
    elsewhere: 'noted',
  },
  {
    what: 'answers INTERNAL to an encoding that it has not',
    cases: ['compression/unsupported'],
    only: 'grpc',
    behave: grpc(({ answer: { trailers } }) => ({ trailers: { ...trailers, 'grpc-status': '13' } })),
    says: /answered INTERNAL, where most clients expect UNIMPLEMENTED/,
    elsewhere: 'noted',
  },
  {
    what: 'answers compressed bodies with another value',
    cases: ['compression/request/gzip/rest-json'],
    only: 'rest',
    behave: http(({ request, answer: { headers, body } }) => {
      if (!isCompressed(request) || headers['content-type'] !== 'application/json') return undefined;
      const wrong = JSON.parse(body.toString());
      wrong.outputs[0].data[0] = 7;
      const { 'content-length': _, ...others } = headers;
      return { headers: others, body: Buffer.from(JSON.stringify(wrong)) };
    }),
    says: /not as without compression: element 0 of/,
  },
  {
    what: 'refuses compressed bodies',
    cases: ['compression/request'],
    only: 'rest',
    behave: http(({ request }) =>
      request.headers['content-encoding']
        ? { status: 400, headers: {}, body: Buffer.from('{"error":"no"}') }
        : undefined,
    ),
    says: /request is refused with 400: .*no/,
    elsewhere: 'noted',
  },
  {
    what: 'calls plain bodies gzip',
    cases: ['compression/answer/gzip'],
    only: 'rest',
    behave: http(({ request, answer: { headers } }) =>
      request.headers['accept-encoding'] === 'gzip'
        ? { headers: { 'content-type': headers['content-type'], 'content-encoding': 'gzip' }, body: Buffer.from('{}') }
        : undefined,
    ),
    says: /the answer cannot be read/,
  },
  {
    what: 'compresses for everybody',
    cases: ['compression/answer-plain/identity', 'compression/answer-plain/refused'],
    only: 'rest',
    behave: http(({ request, answer: { headers, body } }) => {
      if (request.headers['accept-encoding'] === undefined) return undefined;
      const { 'content-length': _, ...others } = headers;
      return { headers: { ...others, 'content-encoding': 'deflate' }, body: deflateSync(body) };
    }),
    says: /the answer is in deflate, which the client does not accept/,
  },
  {
    what: 'compresses unasked',
    cases: ['compression/answer-plain/unasked'],
    only: 'rest',
    behave: http(({ request, answer: { headers, body } }) => {
      // Not the small ones by which the server is found out.
      if (request.body.byteLength < 1_000) return undefined;
      const { 'content-length': _, ...others } = headers;
      return { headers: { ...others, 'content-encoding': 'gzip' }, body: gzipSync(body) };
    }),
    says: /the answer is in gzip, unasked/,
    elsewhere: 'noted',
  },
  {
    what: 'accepts bodies that it cannot decompress',
    cases: ['compression/unsupported', 'compression/corrupt', 'compression/cut'],
    only: 'rest',
    behave: http(({ answer }) => (answer.status === 415 ? { status: 200 } : undefined)),
    says: /it was accepted/,
  },
];

describe.each(wrongServers)('a server that $what', ({ cases, only, behave, says, elsewhere = 'failed' }) => {
  const checkIt = (options: CheckOptions = {}) => checkWrong(right, behave, { suites, cases, only, ...options });

  it(`fails over ${only}`, async () => {
    const results = await checkIt();
    expect(withVerdict(results, 'passed').map(({ id }) => id)).toEqual([]);
    expect(results.some(({ status, message = '' }) => status === 'failed' && says.test(message))).toBe(true);
  });

  it(`is ${elsewhere} where it is not ours`, async () => {
    const results = await checkIt(foreign);
    if (elsewhere !== 'failed') expect(words(withVerdict(results, 'failed'))).toEqual([]);
    const found = withVerdict(results, elsewhere);
    expect(found.length).toBeGreaterThan(0);
    if (elsewhere !== 'passed') expect(found.some(({ message = '' }) => says.test(message))).toBe(true);
  });
});

describe('a message that grows beyond the limit', () => {
  const options: CheckOptions = { suites, cases: ['compression/bomb'] };
  const limits = limitsSchema.parse({ maxReceiveMessageBytes: 2_000_000 });

  it('fails where our server takes it, over both transports', async () => {
    const results = await check(right, { ...options, profile: (server) => ({ ...server, limits }) });
    expect(results.map(({ transports }) => transports[0])).toEqual(['grpc', 'rest', 'grpc', 'rest']);
    for (const { status, message } of results)
      expect([status, message]).toEqual(['failed', expect.stringContaining('it was accepted')]);
  });

  it('tells nothing of another server that takes it', async () => {
    const results = await check(right, { ...options, profile: (server) => ({ ...server, ours: false, limits }) });
    expect(results.map(({ status }) => status)).toEqual(Array(4).fill('skipped'));
  });
});

it('a model that answers otherwise each time tells nothing of compression', async () => {
  let times = 0;
  const behave = (): Behaviour => ({
    infer: ({ answer }) => {
      if ('outputs' in answer && answer.outputs[0]?.data instanceof Float64Array) answer.outputs[0].data[0] = ++times;
      return answer;
    },
  });
  const results = await checkWrong(right, behave, { suites, cases: ['compression/request'], ...foreign });
  for (const { status, message } of results) {
    expect([status, message]).toEqual(['skipped', expect.stringContaining('other values each time')]);
  }
});
