/** Mutants whose values are right, and written in a form that they should not have. */
import { gunzipSync, inflateSync } from 'node:zlib';
import { grpcFrame } from '../../src/protocol/grpc-frames.js';
import { oipError } from '../../src/protocol/status.js';
import { encodeInferResponse } from '../../src/protocol/wire/infer-messages.js';
import { grpcResponse } from './mutant-answers.js';
import { httpError } from './mutant-facts.js';
import { answers, changeElement, mutant, outputs, replaceEach } from './mutant-make.js';

const elementSizes: Readonly<Record<string, number>> = { '8': 1, '16': 2, '32': 4, '64': 8 };

/** A request that came compressed. */
const isCompressed = (encoding: unknown) => encoding === 'gzip' || encoding === 'deflate';

export const wrongForms = [
  mutant({
    name: 'raw-for-typed',
    what: 'every answer is raw, whatever the request was',
    says: { infer: /outputs come (raw|binary) for a request/ },
    behave: answers((answer) => {
      answer.form = 'raw';
    }),
  }),
  mutant({
    name: 'typed-for-raw',
    what: 'every answer is typed, or JSON, whatever the request was',
    says: { infer: /outputs come (typed|JSON|as JSON) for a request/ },
    behave: answers((answer) => {
      if (!answer.outputs.some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16')) answer.form = 'typed';
    }),
  }),
  mutant({
    name: 'big-endian',
    what: 'raw outputs are big-endian',
    says: { infer: /(raw|binary): element 1 of scaled_result: expected 2, got/ },
    behave: () => ({
      raw(bytes, { datatype }) {
        const size = elementSizes[/\d+$/.exec(datatype)?.[0] ?? '8'] ?? 1;
        for (let at = 0; at < bytes.byteLength; at += size) bytes.subarray(at, at + size).reverse();
        return bytes;
      },
    }),
  }),
  mutant({
    name: 'padded-raw',
    what: 'raw outputs are filled up to a multiple of 64 bytes',
    says: { infer: /malformed: .*2 elements of FP64 are 16 raw bytes, the data has 64/ },
    behave: () => ({ raw: (bytes) => Buffer.concat([bytes, Buffer.alloc(64 - (bytes.byteLength % 64))]) }),
  }),
  mutant({
    name: 'bytes-as-text',
    what: 'BYTES go through UTF-8',
    cases: ['infer/values/identity/BYTES'],
    says: { infer: /^infer\/values\/identity\/BYTES\/binary.*element 0 of output_tensor/ },
    behave: outputs(({ data }) => {
      if (Array.isArray(data)) replaceEach(data, (value) => Buffer.from(Buffer.from(value).toString('utf8')));
    }),
  }),
  mutant({
    name: 'bytes-cut-at-nul',
    what: 'an element of BYTES ends at its first NUL',
    cases: ['infer/values/identity/BYTES'],
    says: { infer: /element 0 of output_tensor: expected 0x610062, got 0x61/ },
    behave: outputs(({ data }) => {
      if (!Array.isArray(data)) return;
      replaceEach(data, (value) => (value.includes(0) ? value.subarray(0, value.indexOf(0)) : value));
    }),
  }),
  mutant({
    name: 'bytes-length-wrong',
    what: 'the length before a raw element of BYTES counts itself',
    cases: ['infer/values/identity/BYTES'],
    says: { infer: /malformed: .*of BYTES/ },
    behave: () => ({
      raw(bytes, { datatype }) {
        if (datatype === 'BYTES' && bytes.byteLength >= 4) bytes.writeUInt32LE(bytes.readUInt32LE() + 4);
        return bytes;
      },
    }),
  }),
  mutant({
    name: 'empty-refused',
    what: 'tensors without elements are refused',
    says: { infer: /empty tensors are refused.*tensor is empty/ },
    behave: answers(({ outputs: all }) =>
      all.some(({ data }) => data.length === 0) ? oipError('INVALID_ARGUMENT', 'tensor is empty') : undefined,
    ),
  }),
  mutant({
    name: 'large-refused',
    what: 'tensors of more than 64 KiB are refused',
    cases: ['infer/values/identity/*/megabyte', 'streaming/big'],
    says: { infer: /megabyte.*tensor is too large/, streaming: /^streaming\/big.*tensor is too large/ },
    behave: answers(({ outputs: all }) =>
      all.some(({ data }) => data.length > 8_192) ? oipError('TOO_LARGE', 'tensor is too large') : undefined,
    ),
  }),
  mutant({
    name: 'numbers-as-text',
    what: 'numbers of JSON come as strings',
    says: { infer: /malformed: .*must be a number, got string/ },
    over: ['rest'],
    behave: () => ({
      http({ request, answer }) {
        if (!request.path.endsWith('/infer') || !/json/.test(String(answer.headers['content-type']))) return undefined;
        if (answer.status >= 300 || answer.headers['content-encoding']) return undefined;
        const message = JSON.parse(answer.body.toString('utf8')) as { outputs: { data: unknown[] }[] };
        for (const output of message.outputs) output.data = output.data.map(String);
        return { ...answer, body: Buffer.from(JSON.stringify(message)) };
      },
    }),
  }),
  mutant({
    name: 'cut-short',
    what: 'answers lack their last byte',
    says: { infer: /malformed/ },
    behave: () => ({
      http: ({ request, answer }) =>
        request.path.endsWith('/infer') && answer.status === 200
          ? { ...answer, body: answer.body.subarray(0, -1) }
          : undefined,
      grpc: ({ path, answer }) =>
        path.endsWith('/ModelInfer') && answer.message
          ? { ...answer, message: answer.message.subarray(0, -1) }
          : undefined,
    }),
  }),
  mutant({
    name: 'transports-disagree',
    what: 'REST gives other values than gRPC',
    says: { infer: /rest-\w+: element 0 of scaled_result: expected 0, got 1/ },
    over: ['rest'],
    behave: answers(({ outputs: all }, { transport }) => {
      if (transport === 'rest') for (const output of all) changeElement(output, 0);
    }),
  }),
  mutant({
    name: 'compressed-answers-corrupt',
    what: 'compressed answers are damaged',
    says: { compression: /decompress|incorrect header|decode|malformed/ },
    behave: () => ({
      http({ answer }) {
        if (!answer.headers['content-encoding']) return undefined;
        return { ...answer, body: Buffer.from(answer.body).reverse() };
      },
      grpc({ answer }) {
        if (!answer.message || !isCompressed(answer.headers['grpc-encoding'])) return undefined;
        return { ...answer, frame: grpcFrame(Buffer.from('not compressed at all'), { compressed: true }) };
      },
    }),
  }),
  mutant({
    name: 'compressed-by-name-only',
    what: 'answers that call themselves compressed are not',
    says: { compression: /decompress|incorrect header|decode|malformed/ },
    behave: () => ({
      http({ answer }) {
        const encoding = answer.headers['content-encoding'];
        if (!isCompressed(encoding)) return undefined;
        return { ...answer, body: encoding === 'gzip' ? gunzipSync(answer.body) : inflateSync(answer.body) };
      },
      grpc({ answer }) {
        if (!answer.message || !isCompressed(answer.headers['grpc-encoding'])) return undefined;
        return { ...answer, frame: grpcFrame(answer.message, { compressed: true }) };
      },
    }),
  }),
  mutant({
    name: 'compressed-requests-refused',
    what: 'compressed requests are refused',
    says: { compression: /request is refused with (UNIMPLEMENTED|415)/ },
    behave: () => ({
      http({ request }) {
        if (!isCompressed(request.headers['content-encoding'])) return undefined;
        return httpError(oipError('UNSUPPORTED_ENCODING', 'no compression here'));
      },
      grpc({ headers, answer }) {
        if (!isCompressed(headers['grpc-encoding'])) return undefined;
        const trailers = { 'grpc-status': '12', 'grpc-message': 'no compression here' };
        return { ...answer, message: undefined, trailers };
      },
    }),
  }),
  mutant({
    name: 'compressed-values-wrong',
    what: 'what came compressed is answered with other values',
    says: { compression: /not as without compression: element 0/ },
    behave: () => ({
      http({ request, answer }) {
        if (!isCompressed(request.headers['content-encoding']) || answer.status !== 200) return undefined;
        if (answer.headers['content-encoding']) return undefined;
        const message = JSON.parse(answer.body.toString('utf8')) as { outputs: { data: number[] }[] };
        for (const { data } of message.outputs) data[0] = Number(data[0]) + 1;
        return { ...answer, body: Buffer.from(JSON.stringify(message)) };
      },
      grpc({ path, headers, answer }) {
        if (!isCompressed(headers['grpc-encoding']) || !path.endsWith('/ModelInfer') || !answer.message)
          return undefined;
        const response = grpcResponse(answer.message);
        for (const output of response.outputs) changeElement(output, 0);
        return { ...answer, message: encodeInferResponse(response) };
      },
    }),
  }),
];
