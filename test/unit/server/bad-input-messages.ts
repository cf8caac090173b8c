/** Rows of the bad input table about messages as such: size, text, compression, routes. */
import { gzipSync } from 'node:zlib';
import { called, grpc, http, json, tensor } from './bad-input-attempts.js';
import { type BadInputRow, input, maxMessageBytes, scaler } from './bad-input-row.js';

const large = new Float64Array(maxMessageBytes / 8 + 1).fill(0.123456789);
const nested = (depth: number): string =>
  json({ data: '@' }).replace('"@"', `${'['.repeat(depth)}1${']'.repeat(depth)}`);

export const messageRows: BadInputRow[] = [
  {
    case: 'message or body over `maxReceiveMessageBytes`, before or after decompression',
    grpc: 'RESOURCE_EXHAUSTED',
    http: '413',
    inputs: [
      input('one element more than fits', '', called(scaler({ shape: [large.length], data: large }))),
      input('a compression bomb', '', {
        'gRPC typed': grpc(gzipSync(Buffer.alloc(maxMessageBytes + 1)), {
          flag: 1,
          headers: { 'grpc-encoding': 'gzip' },
        }),
        'REST JSON': http(gzipSync(Buffer.alloc(maxMessageBytes + 1)), { 'content-encoding': 'gzip' }),
      }),
    ],
  },
  {
    case: 'JSON that is none, not UTF-8, or not of the protocol',
    grpc: '–',
    http: '400',
    inputs: [
      ...['', '{"inputs":[', '{"inputs":[]}x', "{'inputs':[]}", '\ufeff{"inputs":[]}'].map((body) =>
        input(JSON.stringify(body), 'not valid JSON', {
          'REST JSON': http(body),
          ...(body !== '' && {
            'REST binary': http(body, { 'inference-header-content-length': Buffer.byteLength(body) }),
          }),
        }),
      ),
      input('Latin-1', 'not UTF-8', { 'REST JSON': http(Buffer.from('{"id":"\xe9","inputs":[]}', 'latin1')) }),
      input('an array', 'body: expected an object', { 'REST JSON': http('[]') }),
      input('no inputs', 'inputs: expected an array, it is missing', { 'REST JSON': http('{}') }),
      input('an input without name', 'inputs[0].name', { 'REST JSON': http(json({ name: undefined })) }),
      input('a shape of strings', 'inputs[0].shape[0]', { 'REST JSON': http(json({ shape: ['1'] })) }),
      input('a number for an id', 'id: expected a string', { 'REST JSON': http(json({}, { id: 7 })) }),
      input('__proto__', 'inputs: expected an array', { 'REST JSON': http('{"__proto__":{"inputs":[]}}') }),
    ],
  },
  {
    case: 'JSON that nests as deep as `maxJsonDepth`, 100',
    grpc: '–',
    http: 'accepted',
    someWays: 'exists in some forms of data only',
    inputs: [input('100 levels', '', { 'REST JSON': http(nested(97)) })],
  },
  {
    case: 'JSON that nests deeper',
    grpc: '–',
    http: '400',
    someWays: 'exists in some forms of data only',
    inputs: [
      input('101 levels', 'maxJsonDepth', { 'REST JSON': http(nested(98)) }),
      input('a depth bomb', 'deeper than 100', { 'REST JSON': http('['.repeat(maxMessageBytes)) }),
    ],
  },
  {
    case: 'NaN, an infinity or 1e400 in JSON',
    grpc: '–',
    http: '400',
    someWays: 'exists in some forms of data only',
    inputs: ['NaN', 'Infinity', '-Infinity', '1e400', '-1e400'].map((number) =>
      input(number, 'binary', { 'REST JSON': http(json({ data: '@' }).replace('"@"', `[${number}]`)) }),
    ),
  },
  {
    case: 'protobuf that is none',
    grpc: 'INTERNAL',
    http: '–',
    someWays: 'exists in some forms of data only',
    inputs: [
      input('a truncated field', 'no ModelInferRequest', { 'gRPC typed': grpc(Buffer.from([0x0a, 0x05, 0x61])) }),
      input('a field number of 0', '', { 'gRPC typed': grpc(Buffer.from([0x00, 0x00])) }),
    ],
  },
  {
    case: 'content type that is none of the protocol',
    grpc: 'HTTP 415',
    http: 'accepted',
    someWays: 'does not depend on the form of data',
    inputs: [
      input('text/plain', '', {
        'gRPC typed': grpc({ inputs: [] }, { headers: { 'content-type': 'text/plain' } }),
        'REST JSON': http(json(), { 'content-type': 'text/plain' }),
      }),
    ],
  },
  {
    case: 'compression that is unknown',
    grpc: 'UNIMPLEMENTED',
    http: '415',
    someWays: 'does not depend on the form of data',
    inputs: ['br', 'constructor'].map((encoding) =>
      input(encoding, encoding, {
        'gRPC typed': grpc({ inputs: [] }, { flag: 1, headers: { 'grpc-encoding': encoding } }),
        'REST JSON': http(json(), { 'content-encoding': encoding }),
        'REST binary': http(json(), { 'content-encoding': encoding, 'inference-header-content-length': 1 }),
      }),
    ),
  },
  {
    case: 'compression that is not what it says',
    grpc: 'INTERNAL',
    http: '415',
    someWays: 'does not depend on the form of data',
    inputs: ['gzip', 'deflate'].map((encoding) =>
      input(encoding, '', {
        'gRPC typed': grpc({ inputs: [] }, { flag: 1, headers: { 'grpc-encoding': encoding } }),
        'REST JSON': http(json(), { 'content-encoding': encoding }),
      }),
    ),
  },
  {
    case: 'no compression that the client accepts',
    grpc: '–',
    http: '406',
    someWays: 'does not depend on the form of data',
    inputs: [
      input('identity;q=0', 'Accept-Encoding', { 'REST JSON': http(json(), { 'accept-encoding': 'identity;q=0' }) }),
    ],
  },
  {
    case: 'unknown call or route',
    grpc: 'UNIMPLEMENTED',
    http: '404',
    someWays: 'does not depend on the form of data',
    inputs: [
      input('a call of no service', '', { 'gRPC typed': grpc({}, { method: '/nowhere.Service/Nothing' }) }),
      input('a call that the service lacks', '', { 'gRPC typed': grpc({}, { method: 'ModelTeleport' }) }),
      ...['/', '/v1/models/scaler:predict', '/v2/models/%zz/infer', '/v2/models//infer'].map((path) =>
        input(`POST ${path}`, 'no such route', { 'REST JSON': http(json(), {}, `POST ${path}`) }),
      ),
    ],
  },
  {
    case: "an extension of Triton's that is not served",
    grpc: 'UNIMPLEMENTED',
    http: '501',
    someWays: 'does not depend on the form of data',
    inputs: [
      input('trace settings', 'TraceSetting', {
        'gRPC typed': grpc({}, { method: 'TraceSetting' }),
        'REST JSON': http('{}', {}, 'POST /v2/trace/setting'),
      }),
      input('shared memory', 'SystemSharedMemoryStatus', {
        'gRPC typed': grpc({}, { method: 'SystemSharedMemoryStatus' }),
        'REST JSON': http('', {}, 'GET /v2/systemsharedmemory/status'),
      }),
    ],
  },
  {
    case: 'wrong method; the answer has `Allow`',
    grpc: '–',
    http: '405',
    someWays: 'does not depend on the form of data',
    inputs: [
      input('GET of an inference', 'takes POST', { 'REST JSON': http('', {}, 'GET /v2/models/identity/infer') }, [
        'allow',
        'POST',
      ]),
      input('DELETE of a model', 'takes GET, HEAD', { 'REST JSON': http('', {}, 'DELETE /v2/models/identity') }, [
        'allow',
        'GET, HEAD',
      ]),
    ],
  },
  {
    case: 'what is no HTTP/1.1',
    grpc: '–',
    http: '400',
    someWays: 'does not depend on the form of data',
    inputs: [input('a line', 'no HTTP/1.1', { 'REST JSON': http('', {}, 'NONSENSE') })],
  },
  {
    case: 'bug of the server, or of a model; the message has an id that its log explains',
    grpc: 'INTERNAL',
    http: '500',
    inputs: [input('a model that throws', 'request id', called({ modelName: 'buggy', inputs: [tensor('x')] }))],
  },
];
