/** Rows about compression that a server must refuse, or may. */
import { grpcFrame } from '../../../protocol/grpc-frames.js';
import { noSuchModel } from '../../absent-names.js';
import { oversizeOf } from '../../server-limits.js';
import { message } from '../errors/message-bytes.js';
import { inferencePath } from '../errors/message-rows.js';
import { only, type Row, type RowSource, rowsOf } from '../errors/row.js';
import { type Attempt, httpAttempt, inferMessage, restBody, type SentRequest } from '../errors/sent-request.js';
import { anyModelOrNone } from '../errors/targets.js';
import { compress, encodings } from './subject.js';

/** One frame of ModelInfer, flagged as compressed. */
function compressedFrame(bytes: Uint8Array, encoding: string): Attempt {
  return {
    kind: 'frames',
    path: inferencePath('ModelInfer'),
    headers: encoding === '' ? {} : { 'grpc-encoding': encoding, 'grpc-accept-encoding': 'identity,gzip,deflate' },
    body: grpcFrame(bytes, { compressed: true }),
    asked: () => [
      `grpc-encoding: ${encoding || 'none'}`,
      `a frame flagged as compressed, of ${bytes.byteLength} bytes`,
    ],
  };
}

const goodMessage = (request: SentRequest): Buffer => inferMessage(request, { typed: true });

/** MLServer looks for gzip in the header and for nothing else, KServe for nothing at all. */
const plainBodyTaken = { MLServer: 'accepted', KServe: 'accepted' } as const;

const unknownRows = rowsOf(
  {
    spec: 'gRPC (compression.md): a message in an encoding that the server has not is answered UNIMPLEMENTED, with those that it has in `grpc-accept-encoding`. HTTP, RFC 9110, section 15.5.16: 415.',
    why: 'A client falls back on plain messages where it is told so; bytes that are read without decoding are another request.',
  },
  ['br', 'kserve-env-none', 'constructor'].flatMap((encoding): RowSource[] => [
    {
      id: `unsupported/${encoding}`,
      title: `a request in the encoding ${encoding} is refused`,
      documented: { grpc: 'UNIMPLEMENTED' },
      known: { grpc: { MLServer: 'INTERNAL', KServe: 'INTERNAL' } },
      target: anyModelOrNone,
      header: { name: 'grpc-accept-encoding', value: /\S/, words: 'a list of encodings' },
      attempt: only('grpc-typed', ({ request }) => compressedFrame(goodMessage(request), encoding)),
    },
    {
      id: `unsupported/${encoding}`,
      title: `a request in the encoding ${encoding} is refused`,
      documented: { http: 415 },
      known: { rest: plainBodyTaken },
      // The body is plain: whoever does not look at the header reads it, and rightly.
      accepted: 'lax',
      target: anyModelOrNone,
      attempt: only('rest-json', ({ request }) => {
        return httpAttempt(request, restBody(request, false), { 'content-encoding': encoding });
      }),
    },
  ]),
);

const corruptRows = rowsOf(
  {
    spec: 'gRPC (compression.md): a message that cannot be decompressed is answered INTERNAL, and so is one that is flagged without an encoding. HTTP: a body that is not what Content-Encoding says is no request; kserve-env answers 415.',
    why: 'Bytes that got lost on the way must not become another request, or end the server.',
  },
  [
    ...encodings.flatMap((encoding): RowSource[] => [
      {
        id: `corrupt/${encoding}`,
        title: `bytes that are no ${encoding} are refused`,
        documented: { grpc: 'INTERNAL' },
        target: anyModelOrNone,
        attempt: only('grpc-typed', () => compressedFrame(Buffer.from('this was never compressed'), encoding)),
      },
      {
        id: `corrupt/${encoding}`,
        title: `a plain body that claims to be ${encoding} is refused`,
        documented: { http: 415 },
        known: { rest: { ...plainBodyTaken, ...(encoding === 'gzip' && { MLServer: '400' }) } },
        accepted: 'lax',
        target: anyModelOrNone,
        attempt: only('rest-json', ({ request }) => {
          return httpAttempt(request, restBody(request, false), { 'content-encoding': encoding });
        }),
      },
      {
        id: `cut/${encoding}`,
        title: `${encoding} that stops short is refused`,
        documented: { grpc: 'INTERNAL', http: 415 },
        target: anyModelOrNone,
        attempt: ({ request }, { transport, form }) => {
          if (form === 'raw') return undefined;
          const whole = compress[encoding](transport === 'grpc' ? goodMessage(request) : restBody(request, false).body);
          const cut = whole.subarray(0, -6);
          if (transport === 'grpc') return compressedFrame(cut, encoding);
          return httpAttempt(request, { body: cut }, { 'content-encoding': encoding });
        },
      },
      {
        id: `error/${encoding}`,
        title: `a ${encoding} request for an unknown model is refused as a plain one`,
        documented: { grpc: 'NOT_FOUND', http: 404 },
        target: anyModelOrNone,
        attempt: ({ request }, { transport, form }) => {
          if (form === 'raw') return undefined;
          const wrong: SentRequest = { ...request, model: noSuchModel, version: '' };
          if (transport === 'grpc') return compressedFrame(compress[encoding](goodMessage(wrong)), encoding);
          const { body } = restBody(wrong, false);
          return httpAttempt(wrong, { body: compress[encoding](body) }, { 'content-encoding': encoding });
        },
      },
    ]),
    {
      id: 'flag-without-encoding',
      title: 'a message that is flagged as compressed, in a call without an encoding, is refused',
      documented: { grpc: 'INTERNAL' },
      target: anyModelOrNone,
      attempt: only('grpc-typed', ({ request }) => compressedFrame(compress.gzip(goodMessage(request)), '')),
    },
  ],
);

const bombRows = rowsOf(
  {
    spec: 'gRPC: the limit on what is received is of messages after decompression, too; RESOURCE_EXHAUSTED beyond it. HTTP: 413. The OIP sets no limit; kserve-env has 8 MiB unless it is told another.',
    why: 'Ten kilobytes that become ten megabytes, a thousand times a second, end a server that looks at sizes only before.',
  },
  encodings.map((encoding): RowSource => {
    return {
      id: `bomb/${encoding}`,
      title: `a small message that grows beyond the limit by ${encoding} is refused`,
      documented: { grpc: 'RESOURCE_EXHAUSTED', http: 413 },
      accepted: 'limit',
      target: anyModelOrNone,
      attempt: ({ request }, { transport, form }, server) => {
        const size = oversizeOf(server);
        if (form === 'raw' || size === undefined) return undefined;
        if (transport === 'rest') {
          const attempt = httpAttempt(request, { body: Buffer.alloc(0) }, { 'content-encoding': encoding });
          const body = () =>
            compress[encoding](Buffer.concat([restBody(request, false).body, Buffer.alloc(size, ' ')]));
          return { ...attempt, body, asked: () => [`content-encoding: ${encoding}`, `a request and ${size} spaces`] };
        }
        const body = () => {
          // A field that no message of the protocol has, which is skipped.
          const padded = Buffer.concat([goodMessage(request), message([103, Buffer.alloc(size)])]);
          return grpcFrame(compress[encoding](padded), { compressed: true });
        };
        const asked = () => [`grpc-encoding: ${encoding}`, `a request and ${size} zeros`];
        return {
          kind: 'frames',
          path: inferencePath('ModelInfer'),
          headers: { 'grpc-encoding': encoding },
          body,
          asked,
        };
      },
    };
  }),
);

const acceptRows = rowsOf(
  {
    spec: 'HTTP, RFC 9110, section 12.5.3: where no coding of the answer is acceptable to the client, it may be answered 406, or as it is.',
    why: 'A client that says that it reads no plain body, and lists no other, has made a mistake that it should hear of.',
  },
  [
    {
      id: 'nothing-accepted',
      title: 'a client that accepts no coding at all is refused',
      documented: { http: 406 },
      accepted: 'lax',
      attempt: only('rest-json', ({ request }) => {
        return httpAttempt(request, restBody(request, false), { 'accept-encoding': 'identity;q=0' });
      }),
    },
  ],
);

export const refusalRows: readonly Row[] = [...unknownRows, ...corruptRows, ...bombRows, ...acceptRows];
