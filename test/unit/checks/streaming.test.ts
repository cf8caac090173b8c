import { type handleBidiStreamingCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noMessageLimits } from '../../../src/protocol/message-limits.js';
import { OipError, oipError } from '../../../src/protocol/status.js';
import type { InferResponse } from '../../../src/protocol/tensor.js';
import { decodeInferRequest, encodeStreamResponse } from '../../../src/protocol/wire/infer-messages.js';
import type { Behaviour, StreamOut } from '../../fakes/mutant-behaviour.js';
import { allModels, type CheckOptions, check, type Served, serve, withVerdict } from './served.js';
import { asStranger, type Behave, checkWrong, findings, stories, type Wrong } from './wrong-server.js';

const suites = ['streaming'] as const;

let right: Served;
beforeAll(async () => {
  right = await serve(allModels);
});
afterAll(() => right[Symbol.asyncDispose]());

/** What the cases find where the server is wrong in one way. */
const against = (behave: Behave, options: CheckOptions = {}) =>
  checkWrong(right, behave, { suites, concurrency: 8, timeoutMs: 5_000, ...options });

const streams = (change: (out: StreamOut) => Partial<StreamOut>) => (): Behaviour => ({
  stream: (out) => ({ ...out, ...change(out) }),
});

const foreign: CheckOptions = { profile: asStranger };

describe('against the real server', () => {
  it('every case passes: none fails, is noted or is skipped', async () => {
    const results = await check(right, { suites, configured: allModels });
    expect(results.length).toBeGreaterThan(30);
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
  });

  it('every case passes where only gRPC is reached', async () => {
    const results = await check(right, { suites, only: 'grpc' });
    expect(results.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  it('every case is skipped where only REST is reached', async () => {
    const results = await check(right, { suites, only: 'rest' });
    expect(new Set(results.map(({ status, message }) => `${status}: ${message}`))).toEqual(
      new Set(['skipped: no gRPC endpoint']),
    );
  });

  it('no case fails, and none is noted, where the server is a stranger and its mathematics unknown', async () => {
    const results = await check(right, { suites, ...foreign });
    expect(stories(results.filter(({ status }) => status !== 'passed'))).toEqual([]);
  });

  it('there is no case without models, or where every model refuses and nobody knows what it should do', async () => {
    expect(await check(right, { suites, profile: (server) => ({ ...server, models: [] }) })).toEqual([]);
    const refusing: CheckOptions['profile'] = (server) => ({
      ...server,
      models: server.models.map(({ sample, mathematics, ...model }) => ({ ...model, refused: 'INVALID_ARGUMENT: no' })),
    });
    expect(await check(right, { suites, profile: refusing })).toEqual([]);
  });
});

describe('against a server of other habits', () => {
  /** What stands between has no hand in a stream without answers. */
  const withAnswers = { cases: ['one', 'many', 'turns', 'same-as-unary', 'cancel'].map((id) => `streaming/${id}`) };

  const unimplemented = streams((out) => {
    const refuse = () => out.end(oipError('UNIMPLEMENTED', 'no streams'));
    return { send: refuse, end: refuse };
  });

  it('every case is skipped where there is no ModelStreamInfer', async () => {
    const results = await against(unimplemented, { ...foreign, ...withAnswers });
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['skipped']));
    expect(results[0]?.message).toContain('UNIMPLEMENTED');
  });

  it('every case fails where the server is ours and has none', async () => {
    const results = await against(unimplemented, withAnswers);
    expect(withVerdict(results, 'passed')).toEqual([]);
    expect(withVerdict(results, 'failed').length).toBe(results.length);
  });

  it('cases are skipped where the stream is that of MLServer, which answers ModelInferResponse', async () => {
    const results = await against(
      streams((out) => ({ send: (message) => out.send(message[0] === 0x12 ? bodyOf(message) : message) })),
      foreign,
    );
    expect(stories(withVerdict(results, 'failed'))).toEqual([]);
    expect(withVerdict(results, 'skipped').length).toBeGreaterThan(20);
    expect(results[0]).toMatchObject({ status: 'skipped', message: expect.stringContaining('MLServer') });
  });

  it('it is noted where an error ends the stream with its status', async () => {
    const ends = streams((out) => {
      let ended = false;
      return {
        send(message) {
          if (ended) return;
          ended = message[0] === 0x0a;
          if (ended) out.end(oipError('INTERNAL', 'broken'));
          else out.send(message);
        },
        end: (status) => (ended ? undefined : out.end(status)),
      };
    });
    const some = { cases: ['streaming/error', 'streaming/one'] };
    const results = await against(ends, { ...foreign, ...some });
    expect(stories(withVerdict(results, 'failed'))).toEqual([]);
    expect(stories(withVerdict(results, 'noted'))).toContainEqual(
      expect.stringMatching(/^streaming\/error\/.*stream ended with INTERNAL.*MLServer/),
    );
    expect(stories(withVerdict(await against(ends, some), 'failed'))).toContainEqual(
      expect.stringMatching(/^streaming\/error\/no-input\/between: the stream ended with INTERNAL/),
    );
  });

  it('it is noted where answers with the right ids come in another order', async () => {
    const reorders = streams((out) => {
      const held: Buffer[] = [];
      return {
        send: (message) => void held.push(message),
        end(status) {
          for (const message of held.reverse()) out.send(message);
          out.end(status);
        },
      };
    });
    const many = { cases: ['streaming/many/grpc-raw'] };
    const asOf = async (options: CheckOptions) => (await against(reorders, { ...options, ...many }))[0];
    expect(await asOf({ profile: (server) => ({ ...server, ours: false }) })).toMatchObject({ status: 'noted' });
    expect(await asOf({})).toMatchObject({ status: 'failed', message: expect.stringContaining('another order') });
  });

  it('few streams are waited for where all of them hang', async () => {
    const results = await against(
      streams(() => ({ send: () => {}, end: () => {} })),
      { timeoutMs: 200 },
    );
    const failed = withVerdict(results, 'failed');
    expect(failed.length).toBe(results.length);
    expect(failed.filter(({ message }) => message?.startsWith('the stream hangs')).length).toBe(2);
    expect(failed.at(-1)?.message).toContain('not asked');
  });
});

/** The ModelInferResponse inside a ModelStreamInferResponse. */
function bodyOf(message: Buffer): Buffer {
  let at = 1;
  while ((message[at] as number) >= 0x80) at += 1;
  return message.subarray(at + 1);
}

/** Changes answers that go through streams, and no others. */
const streamed = (change: NonNullable<Behaviour['infer']>) => (): Behaviour => ({
  infer: (inference) => (inference.streamed ? change(inference) : undefined),
});

const wrongs: Wrong[] = [
  {
    what: 'a value is wrong in streams only',
    behave: streamed(({ answer }) => {
      if (answer instanceof OipError) return undefined;
      for (const { data } of answer.outputs) if (data instanceof Float64Array) data[0] = (data[0] ?? 0) + 1;
      return answer;
    }),
    found: [
      ['one/grpc-typed', /expected 2, got 3/],
      ['big/grpc-raw', /expected/],
      ['turns', /expected/],
      ['same-as-unary/simple_scaler/grpc-raw', /element 0/],
      ['half-close', /expected/],
      ['cancel', /expected/],
      ['error/unknown-model/between', /expected/],
      ['error/unknown-model/last', /expected/],
    ],
  },
  {
    what: 'streams get the answers of one another',
    behave: () => {
      let held: { out: StreamOut; message: Buffer } | undefined;
      return {
        stream: (out) => ({
          ...out,
          send(message) {
            if (held === undefined || held.out === out) {
              if (held) held.out.send(held.message);
              held = { out, message };
              return;
            }
            held.out.send(message);
            out.send(held.message);
            held = undefined;
          },
          end(status) {
            if (held?.out === out) {
              out.send(held.message);
              held = undefined;
            }
            out.end(status);
          },
        }),
      };
    },
    found: [['many-streams', /it got what request|id "/]],
  },
  {
    what: 'all answers of a stream are those of its first model',
    behave: () => {
      let first: Parameters<NonNullable<Behaviour['infer']>>[0]['answer'] | undefined;
      return {
        infer({ streamed: inStream, answer }) {
          if (!inStream || answer instanceof OipError) return undefined;
          first ??= answer;
          return first instanceof OipError ? undefined : { ...answer, outputs: first.outputs };
        },
      };
    },
    found: [
      ['models', /request \d+ of \d+/],
      ['many/grpc-raw', /it got what request/],
      ['forms', /request \d/],
      ['no-id', /it got what request/],
    ],
  },
  {
    what: 'the ids of errors are lost',
    behave: streams((out) => ({
      // error_message alone.
      send: (message) => out.send(message[0] === 0x0a ? message.subarray(0, 2 + (message[1] as number)) : message),
    })),
    found: [['error/unknown-model/first', /whose it is/]],
  },
  {
    what: 'a wrong request is left without an answer',
    behave: streams((out) => ({ send: (message) => (message[0] === 0x0a ? undefined : out.send(message)) })),
    found: [
      ['error/wrong-datatype/between', /accepted|ended/],
      ['error/unknown-model/last', /without a word/],
      ['error/no-message', /accepted|without a word/],
    ],
  },
  {
    what: 'nobody says which answer is the last',
    behave: streamed(({ answer }) => (answer instanceof OipError ? undefined : { ...answer, parameters: {} })),
    found: [['final', /triton_final_response/]],
  },
  {
    what: 'answers that are not read at once are lost',
    behave: streams((out) => {
      let bytes = 0;
      return {
        send(message) {
          bytes += message.byteLength;
          if (bytes < 2_000_000) out.send(message);
        },
      };
    }),
    found: [
      ['slow-reader', /ended after \d+ of 24/],
      ['big/grpc-typed', /ended after 1 of 3/],
    ],
  },
  {
    what: 'the server is gone after a stream that was cancelled',
    behave: ({ die }) => ({ cancelled: () => setImmediate(die) }),
    found: [['cancel', /UNAVAILABLE|not live|ECONN/]],
  },
  {
    what: 'the server is gone after a wrong request',
    behave: ({ die }) => ({
      infer({ answer }) {
        if (answer instanceof OipError) setImmediate(die);
        return undefined;
      },
    }),
    found: [['error/no-message', /UNAVAILABLE/]],
  },
];

describe('a wrong server is found', () => {
  it.each(findings(wrongs))('where $what, by $id', async ({ behave, id, says }) => {
    const [result] = await against(behave, { cases: [`streaming/${id}`], configured: allModels });
    expect(result).toMatchObject({ id: `streaming/${id}`, status: 'failed', message: expect.stringMatching(says) });
    expect(result?.exchanges?.length).toBeGreaterThan(0);
  });
});

/** A server of ModelStreamInfer alone. */
async function serveStreams(handle: handleBidiStreamingCall<Buffer, Buffer>) {
  const server = new Server();
  const bytes = (message: Buffer) => message;
  const method = {
    path: '/inference.GRPCInferenceService/ModelStreamInfer',
    requestStream: true,
    responseStream: true,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
  server.addService({ ModelStreamInfer: method }, { ModelStreamInfer: handle });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    grpc: `127.0.0.1:${port}`,
    http: right.http,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

describe('a stream that only ends', () => {
  const refuse: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.resume();
    call.on('end', () => call.emit('error', { code: status.INTERNAL, details: 'no request' }));
  };

  it.each([
    [true, 'failed'],
    [false, 'noted'],
  ] as const)('with an error though nothing was asked: ours is %s, so it is %s', async (ours, verdict) => {
    await using server = await serveStreams(refuse);
    const profile: CheckOptions['profile'] = (known) => ({ ...known, ours });
    const [result] = await check(server, { suites, cases: ['streaming/empty'], profile });
    expect(result).toMatchObject({ status: verdict, message: expect.stringMatching(/INTERNAL: no request/) });
  });

  it('well where its client asked for a status is found', async () => {
    await using server = await serveStreams((call) => {
      call.once('data', (request: Buffer) => {
        call.write(encodeStreamResponse({ response: echo(request) }));
        call.once('data', () => call.end());
      });
    });
    const profile: CheckOptions['profile'] = (known) => ({ ...known, ours: true, models: known.models.slice(0, 1) });
    const [result] = await check(server, { suites, cases: ['streaming/error/strict'], profile });
    expect(result).toMatchObject({ status: 'failed', message: 'the stream ended without a status' });
  });
});

/** What simple_scaler answers. */
function echo(request: Buffer): InferResponse {
  const { id, inputs } = decodeInferRequest(Buffer.from(request), noMessageLimits);
  const outputs = inputs.map((input) => ({
    ...input,
    data: Float64Array.from(input.data as Float64Array, (x) => x * 2),
  }));
  return { modelName: 'simple_scaler', modelVersion: '1', id, parameters: {}, outputs, form: 'typed' };
}
