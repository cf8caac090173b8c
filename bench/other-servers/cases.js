/** What every server is asked, good and bad. A case is a line of the table: its group, what, and how to ask. */
import { gzipSync } from 'node:zlib';
import {
  grpcFields,
  grpcOutcome,
  grpcStatus,
  metadataOutcome,
  repositoryOutcome,
  restOutcome,
  restStatus,
  restText,
  serverOutcome,
} from './asking.js';

const model = 'simple_scaler';
const inferPath = `/v2/models/${model}/infer`;

const doubles = (...values) => Buffer.from(Float64Array.from(values).buffer);
const typed = (values = [1, -2.5], fields = {}) => ({
  name: 'my.metric',
  datatype: 'FP64',
  shape: [values.length],
  contents: { fp64_contents: values },
  ...fields,
});
const named = (fields = {}) => ({ name: 'my.metric', datatype: 'FP64', shape: [2], ...fields });

const grpcInfer = (fields) => async (server) =>
  grpcOutcome(await server.grpc('ModelInfer', { model_name: model, inputs: [typed()], ...fields }));
const rawInfer = (tensor, ...raw) => grpcInfer({ inputs: [named(tensor)], raw_input_contents: raw });

const json = (value) => ({ body: JSON.stringify(value), headers: { 'content-type': 'application/json' } });
const post =
  (value, path = inferPath) =>
  async (server) =>
    restOutcome(await server.rest('POST', path, json(value)));
const tensor = (fields = {}) => ({ inputs: [{ ...named(), data: [1, -2.5], ...fields }] });
function binary(bytes, { size = bytes.length, shape = [2], binaryOutput = true } = {}) {
  const header = Buffer.from(
    JSON.stringify({
      ...(binaryOutput && { parameters: { binary_data_output: true } }),
      inputs: [{ ...named({ shape }), parameters: { binary_data_size: size } }],
    }),
  );
  const headers = { 'content-type': 'application/octet-stream', 'inference-header-content-length': header.length };
  return async (server) =>
    restOutcome(await server.rest('POST', inferPath, { body: Buffer.concat([header, bytes]), headers }));
}
const postText =
  (body, headers = { 'content-type': 'application/json' }) =>
  async (server) =>
    restOutcome(await server.rest('POST', inferPath, { body, headers }));

const get =
  (path, outcome = restText) =>
  async (server) =>
    outcome(await server.rest('GET', path));
const call =
  (method, message, outcome = grpcFields) =>
  async (server) =>
    outcome(await server.grpc(method, message));

const oversize = new Float64Array(9 * 2 ** 17);
const oversizeBytes = Buffer.from(oversize.buffer);
const short = (ask) => async (server) => (await ask(server)).slice(0, 40);

const describing = [
  ['gRPC ModelMetadata', call('ModelMetadata', { name: model }, metadataOutcome)],
  ['gRPC ModelMetadata, unknown model', call('ModelMetadata', { name: 'nope' })],
  ['gRPC ModelMetadata, unknown version', call('ModelMetadata', { name: model, version: '99' }, grpcStatus)],
  ['gRPC ModelReady, unknown model', call('ModelReady', { name: 'nope' })],
  ['gRPC ServerMetadata', call('ServerMetadata', {}, serverOutcome)],
  ['REST /v2/health/live', get('/v2/health/live')],
  ['REST /v2/health/ready', get('/v2/health/ready')],
  ['REST /v2/models/M/ready', get(`/v2/models/${model}/ready`)],
  ['REST /v2/models/M/ready, unknown model', get('/v2/models/nope/ready')],
  ['REST /v2/models/M', get(`/v2/models/${model}`, metadataOutcome)],
  ['REST /v2/models/M, unknown model', get('/v2/models/nope')],
  ['REST /v2/models/M/versions/1', get(`/v2/models/${model}/versions/1`, restStatus)],
  ['REST /v2/models', get('/v2/models')],
  ['REST /v2', get('/v2', serverOutcome)],
  ['REST /v2/ (with a slash)', get('/v2/', restStatus)],
  ['REST, unknown route', get('/v2/nope', restStatus)],
  ['REST GET …/infer', get(inferPath, restStatus)],
];

const inferring = [
  ['gRPC typed', grpcInfer({})],
  ['gRPC raw', rawInfer({}, doubles(1, -2.5))],
  ['REST JSON', post(tensor())],
  ['REST binary, binary answer asked for', binary(doubles(1, -2.5))],
  ['REST binary, nothing asked for', binary(doubles(1, -2.5), { binaryOutput: false })],
  ['gRPC typed, shape [2,1]', grpcInfer({ inputs: [typed([1, -2.5], { shape: [2, 1] })] })],
  ['gRPC typed, zero elements', grpcInfer({ inputs: [typed([])] })],
  ['gRPC raw, zero elements', rawInfer({ shape: [0] }, Buffer.alloc(0))],
  ['REST JSON, zero elements', post(tensor({ shape: [0], data: [] }))],
  ['REST JSON, nested data', post(tensor({ shape: [2, 1], data: [[1], [-2.5]] }))],
  ['gRPC, output requested', grpcInfer({ outputs: [{ name: 'scaled_result' }] })],
  ['gRPC, unknown output requested', grpcInfer({ outputs: [{ name: 'nope' }] })],
  ['REST, unknown output requested', post({ ...tensor(), outputs: [{ name: 'nope' }] })],
  [
    'gRPC, no id in the request',
    async (server) => {
      const { code, answer } = await server.grpc('ModelInfer', { model_name: model, inputs: [typed()] });
      return code ?? (answer.id === '' ? 'no id in the answer' : 'an id is made up');
    },
  ],
  ['REST, gzip body', postText(gzipSync(JSON.stringify(tensor())), { 'content-encoding': 'gzip' })],
  ['REST, no content type', postText(JSON.stringify(tensor()), {})],
];

const refusing = [
  ['gRPC, unknown model', grpcInfer({ model_name: 'nope' })],
  ['REST, unknown model', post(tensor(), '/v2/models/nope/infer')],
  ['gRPC, unknown version', grpcInfer({ model_version: '99' })],
  ['REST, unknown version', post(tensor(), `/v2/models/${model}/versions/99/infer`)],
  ['gRPC, INT32 for FP64', grpcInfer({ inputs: [named({ datatype: 'INT32', contents: { int_contents: [1, 2] } })] })],
  ['REST, INT32 for FP64', post(tensor({ datatype: 'INT32', data: [1, 2] }))],
  ['gRPC, datatype FP65', grpcInfer({ inputs: [typed([1, -2.5], { datatype: 'FP65' })] })],
  ['REST, datatype FP65', post(tensor({ datatype: 'FP65' }))],
  ['gRPC typed, 2 elements for [3]', grpcInfer({ inputs: [typed([1, -2.5], { shape: [3] })] })],
  ['gRPC raw, 2 elements for [3]', rawInfer({ shape: [3] }, doubles(1, -2.5))],
  ['REST JSON, 2 elements for [3]', post(tensor({ shape: [3] }))],
  ['REST binary, 2 elements for [3]', binary(doubles(1, -2.5), { shape: [3] })],
  ['gRPC raw, 15 bytes', rawInfer({}, doubles(1, -2.5).subarray(0, 15))],
  ['REST binary, size beyond the body', binary(doubles(1, -2.5), { size: 24, shape: [3] })],
  ['gRPC, dimension −1', grpcInfer({ inputs: [typed([1, -2.5], { shape: [-1] })] })],
  ['REST, dimension −1', post(tensor({ shape: [-1] }))],
  ['gRPC, [2^62, 8] with 2 elements', grpcInfer({ inputs: [typed([1, -2.5], { shape: ['4611686018427387904', 8] })] })],
  ['gRPC, no input', grpcInfer({ inputs: [] })],
  ['REST, no input', post({ inputs: [] })],
  ['gRPC, an input too many', grpcInfer({ inputs: [typed(), typed([9], { name: 'other' })] })],
  ['REST, an input too many', post({ inputs: [...tensor().inputs, { ...named(), data: [3, 4], name: 'other' }] })],
  ['gRPC, contents and raw', grpcInfer({ inputs: [typed()], raw_input_contents: [doubles(3, 4)] })],
  ['gRPC, two raw entries for one input', rawInfer({}, doubles(1, -2.5), doubles(3, 4))],
  ['REST, text for a number', post(tensor({ data: ['one', 'two'] }))],
  ['REST, malformed JSON', postText('{"inputs":[')],
  ['REST, NaN in JSON', postText(JSON.stringify(tensor()).replace('-2.5', 'NaN'))],
  ['REST, 10,000 levels of JSON', postText(`{"inputs":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)],
  ['REST, body that is no gzip', postText(JSON.stringify(tensor()), { 'content-encoding': 'gzip' })],
  ['REST, unknown content encoding', postText('x', { 'content-encoding': 'x-nope' })],
  ['gRPC, 9 MiB', short(rawInfer({ shape: [oversize.length] }, oversizeBytes))],
  ['REST JSON, 9 MiB, mostly spaces', postText(JSON.stringify(tensor()) + ' '.repeat(oversizeBytes.length))],
  ['afterwards: ServerLive', call('ServerLive', {})],
  ['afterwards: REST JSON', post(tensor())],
];

const modelNamed = { repository_name: model, model_name: model };
const repository = [
  ['gRPC RepositoryIndex', call('RepositoryIndex', {})],
  [
    'REST POST /v2/repository/index',
    async (server) => restText(await server.rest('POST', '/v2/repository/index', json({}))),
  ],
  ['gRPC ModelConfig', call('ModelConfig', { name: model }, grpcStatus)],
  ['gRPC ModelStatistics', call('ModelStatistics', { name: model }, grpcStatus)],
  [
    'gRPC load, unknown model',
    call('RepositoryModelLoad', { repository_name: 'nope', model_name: 'nope' }, repositoryOutcome),
  ],
  [
    'REST load, unknown model',
    async (server) => restText(await server.rest('POST', '/v2/repository/models/nope/load', json({}))),
  ],
  ['gRPC unload', call('RepositoryModelUnload', modelNamed, repositoryOutcome)],
  ['unloaded: gRPC ModelReady', call('ModelReady', { name: model })],
  ['unloaded: REST /v2/models/M/ready', get(`/v2/models/${model}/ready`)],
  ['unloaded: gRPC ServerReady', call('ServerReady', {})],
  ['unloaded: gRPC ModelInfer', grpcInfer({})],
  ['unloaded: REST infer', post(tensor())],
  ['unloaded: gRPC ModelMetadata', call('ModelMetadata', { name: model }, grpcStatus)],
  ['gRPC load', call('RepositoryModelLoad', modelNamed, repositoryOutcome)],
  ['loaded: gRPC ModelInfer', grpcInfer({})],
];

/** Groups of cases in the order in which they are asked: the last one changes the server. */
export const groups = [
  ['Describing', describing],
  ['Inferring', inferring],
  ['Refusing', refusing],
  ['Repository', repository],
].map(([title, cases]) => ({ title, cases: cases.map(([what, ask]) => ({ what, ask })) }));
