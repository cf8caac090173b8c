/** Rows about raw bytes: raw_input_contents over gRPC, and the binary tensor data extension over REST. */
import { elementSize } from '../../../protocol/datatype.js';
import { message } from './message-bytes.js';
import { changed, firstInput, only, type Row, rowsOf } from './row.js';
import {
  type Attempt,
  bytesOf,
  grpcAttempt,
  httpAttempt,
  restBody,
  type SentRequest,
  type SentTensor,
} from './sent-request.js';
import { modelOf, pairModel, type Target } from './targets.js';

const numpy = { grpc: { MLServer: 'INTERNAL', KServe: 'INTERNAL' }, rest: { MLServer: '500', KServe: '500' } };

const lengthRows = rowsOf(
  {
    spec: 'OIP: raw contents are the elements one after the other without padding; an element of BYTES is a length of four bytes, little-endian, and so many bytes.',
    why: 'Half an element is read together with what happens to lie behind it.',
  },
  [
    {
      id: 'raw-length/part-of-an-element',
      title: 'raw data that end in the middle of an element are refused',
      known: numpy,
      attempt: changed(
        (target) => {
          const { raw = Buffer.alloc(0) } = target.request.inputs[0] as SentTensor;
          return raw.byteLength < 2 ? undefined : firstInput(target, { raw: raw.subarray(0, -1) });
        },
        'grpc-raw',
        'rest-binary',
      ),
    },
    ...(
      [
        ['past-the-end', 'a length that goes past the end', [9, 0, 0, 0, 97]],
        ['cut-short', 'a length of two bytes', [1, 0]],
        ['surplus', 'bytes behind the last element', [1, 0, 0, 0, 97, 97]],
        ['4-gigabytes', 'a length of 4 GiB', [255, 255, 255, 255, 97]],
      ] as const
    ).map(([what, words, bytes]) => ({
      id: `bytes-length/${what}`,
      title: `BYTES with ${words} are refused`,
      target: modelOf('BYTES'),
      attempt: changed(
        (target: Target) => {
          const { raw = Buffer.alloc(0) } = target.request.inputs[0] as SentTensor;
          // All but the last element as they were: each is a length and one byte.
          const before = raw.subarray(0, Math.max(0, raw.byteLength - 5));
          return firstInput(target, { raw: Buffer.concat([before, Buffer.from(bytes)]) });
        },
        'grpc-raw',
        'rest-binary',
      ),
    })),
    {
      id: 'raw-bool',
      title: 'a raw BOOL that is neither 0 nor 1 is refused',
      accepted: 'lax',
      target: modelOf('BOOL'),
      attempt: changed(
        (target) => {
          const { raw = Buffer.alloc(1) } = target.request.inputs[0] as SentTensor;
          return firstInput(target, { raw: Buffer.alloc(raw.byteLength, 2) });
        },
        'grpc-raw',
        'rest-binary',
      ),
    },
  ],
);

const entryRows = rowsOf(
  {
    spec: 'OIP, ModelInferRequest: raw_input_contents has an entry for each input, in their order.',
    why: 'An entry that belongs to no input is data that go lost; one that is missing shifts all the others.',
  },
  [
    {
      id: 'raw-entries/surplus',
      title: 'more raw entries than inputs are refused',
      known: { grpc: { MLServer: 'accepted', KServe: 'INVALID_ARGUMENT' } },
      accepted: 'lax',
      attempt: only('grpc-raw', ({ request }) => {
        const { raw = Buffer.alloc(0) } = request.inputs[0] as SentTensor;
        return withEntry(request, raw);
      }),
    },
    {
      id: 'raw-entries/fewer',
      title: 'fewer raw entries than inputs are refused',
      target: pairModel,
      attempt: only('grpc-raw', ({ request }) => {
        const [first, ...others] = request.inputs as [SentTensor, ...SentTensor[]];
        const inputs = [first, ...others.map(({ raw: _, ...bare }) => bare)];
        return grpcAttempt({ ...request, inputs }, { raw: true });
      }),
    },
    {
      id: 'raw-entries/without-inputs',
      title: 'raw entries without inputs are refused',
      known: { grpc: { MLServer: 'INTERNAL', KServe: 'INTERNAL' } },
      attempt: only('grpc-raw', ({ request }) => {
        const { raw = Buffer.alloc(0) } = request.inputs[0] as SentTensor;
        return withEntry({ ...request, inputs: [] }, raw);
      }),
    },
  ],
);

const sizeRows = rowsOf(
  {
    spec: 'Binary tensor data extension (Triton): Inference-Header-Content-Length is the number of JSON bytes, `binary_data_size` of each tensor that of its data, and together they are the body.',
    why: 'A size that is believed unseen lets one tensor read the data of the next, or memory beyond the body.',
  },
  [
    {
      id: 'binary-size/surplus',
      title: 'bytes behind the last tensor are refused',
      accepted: 'lax',
      attempt: only('rest-binary', ({ request }) => {
        const { body, headerLength = 0 } = restBody(request, true);
        return httpAttempt(request, { body: Buffer.concat([body, Buffer.alloc(8)]), headerLength });
      }),
    },
    {
      id: 'binary-size/without-data',
      title: 'a size where the body has no binary data is refused',
      attempt: only('rest-binary', ({ request }) => {
        const { body, headerLength = 0 } = restBody(request, true);
        return httpAttempt(request, { body: body.subarray(0, headerLength), headerLength });
      }),
    },
    ...[-8, 1.5, '8', 1e300, true, 2 ** 32, null].map((size) => ({
      id: `binary-size/${typeof size === 'string' ? 'text' : String(size)}`,
      title: `a binary_data_size of ${JSON.stringify(size)} is refused`,
      known: { rest: { KServe: '500' } },
      ...(size === '8' && { accepted: 'lax' as const }),
      attempt: changed(
        (target: Target) => firstInput(target, { parameters: { binary_data_size: size } }),
        'rest-binary',
      ),
    })),
  ],
);

const headerRows = rowsOf(
  {
    spec: 'Binary tensor data extension (Triton): Inference-Header-Content-Length is a number of bytes within the body; 0 makes the whole body the data of the only input.',
    why: 'JSON that is cut in the wrong place is another request, or a crash.',
  },
  [
    ...(
      [
        ['beyond-the-body', '99999999'],
        ['negative', '-1'],
        ['text', 'x'],
        ['fraction', '1.5'],
        ['in-the-middle', '10'],
      ] as const
    ).map(([what, headerLength]) => ({
      id: `header-length/${what}`,
      title: `a header length of ${headerLength} is refused`,
      attempt: only('rest-binary', ({ request }: Target) => {
        return httpAttempt(request, { body: restBody(request, true).body, headerLength });
      }),
    })),
    {
      id: 'header-length/bare-body',
      title: 'a body of raw data alone that fills no shape is refused',
      attempt: only('rest-binary', ({ request, tensors: [tensor] }) => {
        // Seven elements of one byte would be a tensor.
        if (tensor === undefined || elementSize[tensor.datatype] === 1) return undefined;
        return httpAttempt(request, { body: Buffer.alloc(7, 1), headerLength: 0 });
      }),
    },
    {
      id: 'header-length/bare-body-of-two-inputs',
      title: 'a body of raw data alone for a model of two inputs is refused',
      target: pairModel,
      attempt: only('rest-binary', ({ request }) => httpAttempt(request, { body: Buffer.alloc(16), headerLength: 0 })),
    },
  ],
);

export const rawRows: readonly Row[] = [...lengthRows, ...entryRows, ...sizeRows, ...headerRows];

/** The request in raw form, with an entry more. */
function withEntry(request: SentRequest, entry: Uint8Array): Attempt {
  const attempt = grpcAttempt(request, { raw: true });
  return { ...attempt, message: Buffer.concat([bytesOf(attempt.message), message([7, entry])]) };
}
