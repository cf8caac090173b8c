import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oipError } from '../../../src/protocol/status.js';
import type { InferRequest } from '../../../src/protocol/tensor.js';
import { encodeInferRequest } from '../../../src/protocol/wire/infer-messages.js';
import { grpcRequest } from '../../fakes/mutant-answers.js';
import type { Behaviour } from '../../fakes/mutant-behaviour.js';
import { httpError } from '../../fakes/mutant-facts.js';
import { type CheckOptions, type Served, serve } from './served.js';
import { asks, checkWrong, few, invalid, told } from './wrong-server.js';

const suites = ['infer'] as const;
const ours: CheckOptions = { suites, configured: few };

let right: Served;
beforeAll(async () => {
  right = await serve(few);
});
afterAll(async () => {
  await right[Symbol.asyncDispose]();
});

/** Refuses REST inferences whose JSON has something. */
const refusing = (what: RegExp): Behaviour => ({
  http: ({ request }) =>
    request.path.endsWith('/infer') && what.test(request.body.toString('latin1'))
      ? httpError(oipError('INVALID_ARGUMENT', 'not so'))
      : undefined,
});

/** Refuses gRPC inferences that are not written as our own client writes them. */
const onlyOurEncoding: Behaviour = {
  grpc({ path, request, answer }) {
    if (!path.endsWith('/ModelInfer') || request === undefined) return undefined;
    const read = grpcRequest(request);
    if (read && encodeInferRequest(read).equals(request)) return undefined;
    return { ...answer, message: undefined, trailers: { 'grpc-status': '3', 'grpc-message': 'unusual' } };
  },
};

describe('a server that cannot read fails', () => {
  it.each([
    {
      what: 'nested data',
      cases: 'infer/json/nested',
      behaviour: refusing(/"data":\[\[/),
      says: /nested\/simple: nested data are refused with 400/,
    },
    {
      what: 'white space',
      cases: 'infer/json/member-order',
      behaviour: refusing(/\t/),
      says: /member-order\/simple_scaler: HTTP status: expected 200/,
    },
    {
      what: 'escapes',
      cases: 'infer/json/escapes',
      behaviour: refusing(/\\u00/),
      says: /escapes\/simple_scaler: HTTP status: expected 200/,
    },
    {
      what: 'exponents',
      cases: 'infer/json/numbers',
      behaviour: refusing(/e-1/),
      says: /numbers\/simple_scaler: HTTP status: expected 200/,
    },
    {
      what: 'members that it does not know',
      cases: 'infer/json/unknown-members',
      behaviour: refusing(/kserve_env_unknown/),
      says: /unknown-members\/simple_scaler: refused with 400/,
    },
    {
      what: 'fields that are not packed, or come in another order',
      cases: 'infer/protobuf',
      behaviour: onlyOurEncoding,
      says: /unpacked\/simple_scaler: the server answered INVALID_ARGUMENT/,
    },
    {
      what: 'contents in pieces',
      cases: 'infer/protobuf',
      behaviour: onlyOurEncoding,
      says: /in-pieces\/simple_scaler: the server answered/,
    },
    {
      what: 'fields that it does not know',
      cases: 'infer/protobuf',
      behaviour: onlyOurEncoding,
      says: /unknown-fields\/simple_scaler: the server answered/,
    },
  ])('$what', async ({ cases, behaviour, says }) => {
    const results = await checkWrong(right, behaviour, { ...ours, cases: [cases] });
    expect(told(results, 'failed')).toContainEqual(expect.stringMatching(says));
  });
});

/** Changes the parameters of REST requests by what is asked for in binary. */
const binary = (change: (request: InferRequest) => unknown): Behaviour => asks(change);

describe('a server that mixes up JSON and binary data fails', () => {
  it.each([
    {
      what: 'never binary',
      behaviour: binary((request) => Object.assign(request, { parameters: {}, outputs: [], form: 'typed' })),
      says: [
        /output-alone\/simple: outputs that are binary/,
        /per-output\/simple: outputs that are binary/,
        /one-output\/simple: outputs that are binary/,
      ],
    },
    {
      what: 'binary to binary, whatever is asked for',
      behaviour: binary(
        (request) =>
          request.form === 'raw' && Object.assign(request, { parameters: { binary_data_output: true }, outputs: [] }),
      ),
      says: [/input-alone\/simple: outputs that are binary/, /output-over-request\/simple: outputs that are binary/],
    },
    {
      what: 'another type than its content',
      behaviour: {
        http: ({ answer }) => ({ ...answer, headers: { ...answer.headers, 'content-type': 'text/plain' } }),
      } satisfies Behaviour,
      says: [
        /input-alone\/simple: the content type is text\/plain for application\/json/,
        /output-alone\/simple: the content type is text\/plain for application\/octet-stream/,
      ],
    },
    {
      what: 'no body without JSON',
      behaviour: {
        http: ({ request }) =>
          request.headers['inference-header-content-length'] === '0' ? httpError(invalid()) : undefined,
      } satisfies Behaviour,
      says: [/whole-body\/simple_scaler: refused with 400/],
    },
  ])('$what', async ({ behaviour, says }) => {
    const failed = told(await checkWrong(right, behaviour, { ...ours, cases: ['infer/binary'] }), 'failed');
    for (const one of says) expect(failed).toContainEqual(expect.stringMatching(one));
  });

  it('or sends JSON as text', async () => {
    const behaviour: Behaviour = {
      http: ({ request, answer }) =>
        request.path.endsWith('/infer')
          ? { ...answer, headers: { ...answer.headers, 'content-type': 'text/plain' } }
          : undefined,
    };
    const failed = told(await checkWrong(right, behaviour, { ...ours, cases: ['infer/json/answer'] }), 'failed');
    expect(failed).toContain('infer/json/answer/simple: the content type is text/plain');
  });
});
