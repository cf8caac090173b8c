/** A request for an inference as it is sent, right or wrong: what our own client would not write can be said here. */
import { encodeJsonData } from '../../../protocol/json-data.js';
import { writeJson } from '../../../protocol/json-text.js';
import { encodeRaw } from '../../../protocol/raw-bytes.js';
import { headerLengthHeader } from '../../../protocol/rest-messages.js';
import { OipError } from '../../../protocol/status.js';
import type { Tensor } from '../../../protocol/tensor.js';
import type { Route } from '../../profile.js';
import { contentsFieldsOf, type Field, message, packedIntegers } from './message-bytes.js';

/** An input. What is absent is not sent. */
export interface SentTensor {
  /** As bytes where it is to be no UTF-8. */
  name: string | Uint8Array;
  datatype: string;
  shape: readonly (number | bigint)[];
  /** Fields of InferTensorContents. */
  contents?: readonly Field[];
  /** The text of `data` in JSON. */
  data?: string;
  /** The entry in raw_input_contents, and the binary data over REST. */
  raw?: Uint8Array;
  /** Members of `parameters` in JSON; the binary form adds `binary_data_size` unless they have it. */
  parameters?: Readonly<Record<string, unknown>>;
}

export interface SentRequest {
  model: string | Uint8Array;
  version?: string;
  inputs: readonly SentTensor[];
  /** Names of requested outputs. */
  outputs?: readonly string[];
  /** Parameters of the request: texts alone. */
  parameters?: Readonly<Record<string, string>>;
}

/** Bytes, or what makes them once they are sent: large ones are not to be in memory before. */
export type Bytes = Uint8Array | (() => Uint8Array);

export function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === 'function' ? bytes() : bytes;
}

/** What goes over the wire, and what a person reads of it. */
export type Attempt = (
  | { kind: 'grpc'; method: string; message: Bytes }
  | { kind: 'frames'; path: string; headers: Readonly<Record<string, string>>; body: Bytes }
  | { kind: 'http'; method: string; path: string; headers: Readonly<Record<string, string>>; body?: Bytes }
) & {
  asked?: () => string[];
  /** Milliseconds that are waited for an answer, where those of the run are more. */
  mostMs?: number;
};

/** A call of one message over gRPC. */
type GrpcAttempt = Extract<Attempt, { kind: 'grpc' }>;

/** A request of HTTP. */
type HttpAttempt = Extract<Attempt, { kind: 'http' }>;

/** A tensor in every form that it can travel in. */
export function sentTensor(tensor: Tensor): SentTensor {
  const { name, datatype, shape, data } = tensor;
  const contents = contentsFieldsOf(datatype, data);
  const json = jsonText(tensor);
  return {
    name,
    datatype,
    shape,
    raw: encodeRaw(datatype, data),
    ...(contents && { contents }),
    ...(json !== undefined && { data: json }),
  };
}

/** The text of `data`; undefined where JSON cannot carry it. */
function jsonText(tensor: Tensor): string | undefined {
  try {
    return writeJson(encodeJsonData(tensor, tensor.name).data);
  } catch (error) {
    if (error instanceof OipError) return undefined;
    throw error;
  }
}

/** The request on a route. */
export function attemptOn(route: Route, request: SentRequest): Attempt {
  if (route.transport === 'grpc') return grpcAttempt(request, { [route.form]: true });
  return httpAttempt(request, restBody(request, route.form === 'raw'));
}

/** ModelInfer with typed contents, raw contents, or both. */
export function grpcAttempt(request: SentRequest, forms: Forms): GrpcAttempt {
  const { typed = false, raw = false } = forms;
  const { model, inputs } = request;
  return {
    kind: 'grpc',
    method: 'ModelInfer',
    message: inferMessage(request, forms),
    asked: () => [`model ${String(model)}`, ...inputs.map((input) => inputLine(input, typed, raw))],
  };
}

/** Where the elements of a message are. */
interface Forms {
  typed?: boolean;
  raw?: boolean;
}

/** The bytes of such a ModelInfer. */
export function inferMessage(
  { model, version = '', inputs, outputs = [], parameters = {} }: SentRequest,
  { typed = false, raw = false }: Forms,
): Buffer {
  return message(
    [1, model],
    [2, version],
    ...Object.entries(parameters).map(([name, value]): Field => [4, message([1, name], [2, message([3, value])])]),
    ...inputs.map(({ name, datatype, shape, contents }): Field => {
      const said: Field[] = typed && contents ? [[5, message(...contents)]] : [];
      return [5, message([1, name], [2, datatype], [3, packedIntegers(shape)], ...said)];
    }),
    ...outputs.map((name): Field => [6, message([1, name])]),
    ...(raw ? inputs.flatMap((input): Field[] => (input.raw ? [[7, input.raw]] : [])) : []),
  );
}

function inputLine({ name, datatype, shape, data, raw: entry }: SentTensor, typed: boolean, raw: boolean): string {
  const words = [`${String(name)} ${datatype} [${shape.join(', ')}]`.slice(0, 200)];
  if (typed) words.push(`typed: ${(data ?? 'none that JSON could show').slice(0, 100)}`);
  if (raw) words.push(`raw: ${entry ? `${entry.byteLength} bytes` : 'none'}`);
  return words.join(' ');
}

/** A body in JSON, and how many of its bytes are that; binary data follow where they are wanted. */
export function restBody(request: SentRequest, binary: boolean): { body: Buffer; headerLength?: number } {
  const { inputs, outputs, parameters } = request;
  const json = `{${[
    ...(parameters ? [`"parameters":${JSON.stringify(parameters)}`] : []),
    `"inputs":[${inputs.map((input) => inputJson(input, binary)).join(',')}]`,
    ...(outputs ? [`"outputs":${JSON.stringify(outputs.map((name) => ({ name })))}`] : []),
  ].join(',')}}`;
  if (!binary) return { body: Buffer.from(json) };
  const data = inputs.flatMap(({ raw }) => (raw ? [raw] : []));
  return { body: Buffer.concat([Buffer.from(json), ...data]), headerLength: Buffer.byteLength(json) };
}

function inputJson({ name, datatype, shape, data, raw, parameters }: SentTensor, binary: boolean): string {
  const size = binary && raw ? { binary_data_size: raw.byteLength } : {};
  const said = { ...size, ...parameters };
  return `{${[
    `"name":${JSON.stringify(String(name))}`,
    `"datatype":${JSON.stringify(datatype)}`,
    `"shape":[${shape.join(',')}]`,
    ...(Object.keys(said).length > 0 ? [`"parameters":${JSON.stringify(said)}`] : []),
    ...(!binary && data !== undefined ? [`"data":${data}`] : []),
  ].join(',')}}`;
}

/** POST of a body to the model's route of inference. */
export function httpAttempt(
  { model, version = '' }: Pick<SentRequest, 'model' | 'version'>,
  { body, headerLength }: { body: Uint8Array; headerLength?: number | string },
  headers: Readonly<Record<string, string>> = {},
): HttpAttempt {
  const versions = version === '' ? '' : `/versions/${encodeURIComponent(version)}`;
  const binary = headerLength !== undefined;
  return {
    kind: 'http',
    method: 'POST',
    path: `/v2/models/${encodeURIComponent(String(model))}${versions}/infer`,
    headers: {
      'content-type': binary ? 'application/octet-stream' : 'application/json',
      ...(binary && { [headerLengthHeader]: String(headerLength) }),
      ...headers,
    },
    body,
  };
}
