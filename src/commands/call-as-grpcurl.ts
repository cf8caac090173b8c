/** An inference over gRPC as a command line of grpcurl, whose message is the JSON of protobuf. Pure. */
import { fileURLToPath } from 'node:url';
import { type JsonValue, writeJson } from '../protocol/json-text.js';
import { encodeRaw } from '../protocol/raw-bytes.js';
import type { InferRequest, Parameters, ParameterValue, Tensor } from '../protocol/tensor.js';
import { fieldOf } from '../protocol/wire/contents-fields.js';
import { type CallPlace, headerWords, needsPipe, type ShellWord, shellLine } from './call-as-shell.js';
import { grpcAddressOf } from './endpoint-words.js';

/** Two levels above both src/commands and dist/bin. */
const protoDirectory = fileURLToPath(new URL('../../proto', import.meta.url));

/** The same message as the gRPC client's, for a POSIX shell. Our own server says what its messages are by itself. */
export function grpcurlCommand(request: InferRequest, place: CallPlace): string {
  const { address, options, timeoutMs } = place;
  const { endpoint, tls } = grpcAddressOf(address.grpc ?? '');
  const { host, ...headers } = address.headers ?? {};
  const text = writeJson(messageOf(request));
  const piped = needsPipe(text);
  const words: ShellWord[] = [
    'grpcurl',
    ...(tls ? tlsWords(options) : ['-plaintext']),
    ...(host === undefined ? [] : ['-authority', host]),
    ...(address.instance ? [] : ['-import-path', protoDirectory, '-proto', 'inference.proto']),
    ...(timeoutMs === undefined ? [] : ['-max-time', String(timeoutMs / 1000)]),
    ...headerWords({ ...address, headers }),
    ...['-d', piped ? '@' : text],
    endpoint,
    'inference.GRPCInferenceService/ModelInfer',
  ];
  const line = shellLine(words);
  return piped ? `${shellLine(['printf', '%s', text])} | ${line}` : line;
}

function tlsWords({ cacert, cert, key, insecure, serverName }: CallPlace['options']): ShellWord[] {
  return [
    ...(cacert === undefined ? [] : ['-cacert', cacert]),
    // A file with both has to be named twice.
    ...(cert === undefined ? [] : ['-cert', cert, '-key', key ?? cert]),
    ...(serverName === undefined || insecure ? [] : ['-servername', serverName]),
    ...(insecure ? ['-insecure'] : []),
  ];
}

function messageOf(request: InferRequest): JsonValue {
  const { modelName, modelVersion, id, parameters, inputs, outputs, form } = request;
  const raw = form === 'raw';
  return {
    model_name: modelName,
    ...(modelVersion !== '' && { model_version: modelVersion }),
    ...(id !== '' && { id }),
    ...present(parameters),
    inputs: inputs.map((tensor) => inputOf(tensor, raw)),
    ...(outputs.length > 0 && {
      outputs: outputs.map(({ name, parameters: own = {} }) => ({ name, ...present(own) })),
    }),
    ...(raw && {
      raw_input_contents: inputs.map(({ datatype, data }) => Buffer.from(encodeRaw(datatype, data)).toString('base64')),
    }),
  };
}

function inputOf(tensor: Tensor, raw: boolean): JsonValue {
  const { name, datatype, shape, parameters = {} } = tensor;
  const field = fieldOf[datatype];
  return {
    name,
    datatype,
    shape,
    ...present(parameters),
    ...(!raw && field && { contents: { [field.name]: elementsOf(tensor) } }),
  };
}

/** As proto3 JSON has them: 64-bit integers and what is no number as strings, bytes in base64. */
function elementsOf({ datatype, data }: Tensor): JsonValue {
  if (Array.isArray(data)) return data.map((bytes) => Buffer.from(bytes).toString('base64'));
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, (value) => value !== 0);
  return Array.from(data as Float64Array, (value) =>
    typeof value === 'bigint' || !Number.isFinite(value) ? String(value) : value,
  );
}

function present(parameters: Parameters): { parameters?: JsonValue } {
  const entries = Object.entries(parameters).map(([name, value]) => [name, parameterOf(value)] as const);
  return entries.length === 0 ? {} : { parameters: Object.fromEntries(entries) };
}

function parameterOf(value: ParameterValue): JsonValue {
  if (typeof value === 'boolean') return { bool_param: value };
  if (typeof value === 'string') return { string_param: value };
  if (typeof value === 'number' && (!Number.isSafeInteger(value) || Object.is(value, -0))) {
    return { double_param: Number.isFinite(value) ? value : String(value) };
  }
  const whole = BigInt(value);
  return whole >= 2n ** 63n ? { uint64_param: String(whole) } : { int64_param: String(whole) };
}
