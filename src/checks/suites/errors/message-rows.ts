/** Rows about messages as such: protobuf that is none, text that is no UTF-8, frames, content types, sizes. */
import { grpcFrame } from '../../../protocol/grpc-frames.js';
import { limitsOf, oversizeOf } from '../../server-limits.js';
import { message } from './message-bytes.js';
import { firstInput, only, type Row, type RowSource, rowsOf } from './row.js';
import { type Attempt, attemptOn, httpAttempt, inferMessage, restBody, type SentTensor } from './sent-request.js';
import { anyModelOrNone, type Target } from './targets.js';

/** Path of a method of the inference service. */
export const inferencePath = (method: string): string => `/inference.GRPCInferenceService/${method}`;

const malformed = 'INTERNAL';

/** The bytes of a good ModelInfer. */
const goodMessage = ({ request }: Target): Buffer => inferMessage(request, { typed: true });

const bytesRow = (
  source: Pick<RowSource, 'id' | 'title' | 'accepted'>,
  bytes: (target: Target) => Uint8Array,
): RowSource => ({
  ...source,
  documented: { grpc: malformed },
  known: { grpc: { MLServer: 'UNKNOWN', KServe: 'UNKNOWN' } },
  target: anyModelOrNone,
  attempt: only('grpc-typed', (target): Attempt => ({ kind: 'grpc', method: 'ModelInfer', message: bytes(target) })),
});

const protobufRows = rowsOf(
  {
    spec: 'gRPC: a message that cannot be parsed is answered INTERNAL. Protobuf: field numbers begin with 1, a length stays within its message.',
    why: 'A server that reads on beyond a length answers with what lies in its memory, or falls.',
  },
  [
    bytesRow({ id: 'protobuf/cut', title: 'a message that is cut off is refused' }, (target) =>
      goodMessage(target).subarray(0, -3),
    ),
    bytesRow({ id: 'protobuf/field-0', title: 'a field of number 0 is refused' }, () => Buffer.from([0x00, 0x00])),
    bytesRow({ id: 'protobuf/length', title: 'a length beyond the message is refused' }, () =>
      Buffer.from([0x0a, 0x7f, 0x61]),
    ),
    bytesRow({ id: 'protobuf/varint', title: 'a number that does not end is refused' }, () => Buffer.alloc(12, 0xff)),
    bytesRow({ id: 'protobuf/text', title: 'text in place of a message is refused' }, () =>
      Buffer.from('{"model_name":"x"}'),
    ),
    // Servers in languages whose protobuf does not look at the text take it for another name, or give it back as it was.
    bytesRow({ id: 'utf-8/model-name', title: 'a model name that is no UTF-8 is refused', accepted: 'lax' }, () =>
      message([1, Buffer.from([0xff, 0xfe, 0x80])]),
    ),
    bytesRow({ id: 'utf-8/id', title: 'an id that is no UTF-8 is refused', accepted: 'lax' }, (target) =>
      Buffer.concat([goodMessage(target), message([3, Buffer.from([0xc3, 0x28])])]),
    ),
    bytesRow(
      { id: 'utf-8/input-name', title: 'the name of an input that is no UTF-8 is refused', accepted: 'lax' },
      (target) => inferMessage(firstInput(target, { name: Buffer.from([0xed, 0xa0, 0x80]) }), { typed: true }),
    ),
  ],
);

/** Servers on the gRPC library of Python leave some of these without an answer: it is not worth a long wait. */
const brokenFrameMs = 3_000;

const framesRow = (
  source: Pick<RowSource, 'id' | 'title'> & Partial<RowSource>,
  body: (target: Target) => Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): RowSource => ({
  documented: { grpc: malformed },
  target: anyModelOrNone,
  ...source,
  attempt: only('grpc-typed', (target): Attempt => {
    return { kind: 'frames', path: inferencePath('ModelInfer'), headers, body: body(target), mostMs: brokenFrameMs };
  }),
});

/** gRPC has UNIMPLEMENTED for another number of messages than the method takes. */
const cardinality = ['UNIMPLEMENTED', 'INTERNAL'] as const;
/** Whether a cut frame is no message, or a broken one, is the library's affair. */
const cut = ['INTERNAL', 'UNIMPLEMENTED'] as const;

const frameRows = rowsOf(
  {
    spec: 'gRPC over HTTP/2: a request is frames of a flag, a length and a message; a call of one message has one frame; the content type begins with application/grpc, and HTTP status 415 is for another.',
    why: 'A proxy that cuts a request short must not make another one of it, and must not leave the call hanging.',
  },
  [
    framesRow(
      {
        id: 'frame/text-plain',
        title: 'a call of type text/plain is refused',
        documented: { grpc: 'HTTP 415' },
        known: { grpc: { MLServer: 'accepted', KServe: 'accepted' } },
        // gRPC over HTTP/2 says SHOULD.
        accepted: 'lax',
      },
      (target) => grpcFrame(goodMessage(target)),
      { 'content-type': 'text/plain' },
    ),
    // Before those that some servers leave without an answer.
    framesRow(
      {
        id: 'frame/two',
        title: 'two messages in a call of one are refused',
        documented: { grpc: cardinality },
        known: { grpc: { MLServer: 'accepted, the second is dropped', KServe: 'accepted, the second is dropped' } },
        accepted: 'lax',
      },
      (target) => Buffer.concat([grpcFrame(goodMessage(target)), grpcFrame(goodMessage(target))]),
    ),
    framesRow(
      { id: 'frame/json', title: 'a call of type application/json is refused', documented: { grpc: 'HTTP 415' } },
      () => Buffer.from('{}'),
      { 'content-type': 'application/json' },
    ),
    framesRow(
      { id: 'frame/none', title: 'a call without a message is refused', documented: { grpc: cardinality } },
      () => Buffer.alloc(0),
    ),
    framesRow(
      { id: 'frame/cut', title: 'a message that is cut off in its frame is refused', documented: { grpc: cut } },
      (target) => grpcFrame(goodMessage(target)).subarray(0, -3),
    ),
    framesRow({ id: 'frame/head', title: 'a frame that ends in its head is refused', documented: { grpc: cut } }, () =>
      Buffer.alloc(3),
    ),
  ],
);

/** Inputs that are worth sending, if they are more than the server reads. */
const mostInputs = 2_000;

const sizeRows = rowsOf(
  {
    spec: 'gRPC: RESOURCE_EXHAUSTED for a message that is larger than what is received; HTTP, RFC 9110: 413. The OIP sets no limit; kserve-env has 8 MiB unless it is told another.',
    why: 'A server without a limit is ended by one request that fills its memory.',
  },
  [
    {
      id: 'oversize',
      title: 'a message that is larger than the limit is refused',
      documented: { grpc: 'RESOURCE_EXHAUSTED', http: 413 },
      known: {
        grpc: { MLServer: 'RESOURCE_EXHAUSTED', KServe: 'RESOURCE_EXHAUSTED' },
        rest: { MLServer: 'accepted', KServe: 'accepted' },
      },
      accepted: 'limit',
      target: anyModelOrNone,
      attempt: (target, { transport, form }, server) => {
        const oversize = oversizeOf(server);
        if (form === 'raw' || oversize === undefined) return undefined;
        const asked = () => [`a good request, and ${oversize} bytes that mean nothing`];
        if (transport === 'rest') {
          const attempt = httpAttempt(target.request, { body: Buffer.alloc(0) });
          const body = () => Buffer.concat([restBody(target.request, false).body, Buffer.alloc(oversize, ' ')]);
          return { ...attempt, body, asked };
        }
        // A field that no message of the protocol has, which is skipped.
        const padding = () => Buffer.concat([goodMessage(target), message([103, Buffer.alloc(oversize)])]);
        return { kind: 'grpc', method: 'ModelInfer', message: padding, asked };
      },
    },
    {
      id: 'too-many-inputs',
      title: 'a request of more inputs than the limit is refused',
      // The second where the server was told a higher limit than is known here.
      documented: { grpc: ['RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT'], http: [413, 400] },
      oursOnly: true,
      attempt: (target, route, server) => {
        const [first] = target.request.inputs as [SentTensor];
        const length = limitsOf(server).maxTensors + 1;
        if (length > mostInputs) return undefined;
        const inputs = Array.from({ length }, (_, index) => ({ ...first, name: `input_${index}` }));
        return attemptOn(route, { ...target.request, inputs });
      },
    },
  ],
);

export const messageRows: readonly Row[] = [...protobufRows, ...frameRows, ...sizeRows];
