/** What was asked and answered, in a few lines that a person reads: tensors as tensors, and never a dump. */
import type { InferCall } from '../protocol/client.js';
import type { HttpAnswer, HttpRequest } from '../protocol/http-exchange.js';
import type { Http2Answer } from '../protocol/http2-exchange.js';
import { OipError } from '../protocol/status.js';
import type { DataForm, InferResponse, Parameters, Tensor } from '../protocol/tensor.js';

/** One request and its answer. */
export interface Exchange {
  transport: 'grpc' | 'rest';
  /** `ModelInfer`, or `POST /v2/models/simple_scaler/infer`. */
  call: string;
  /** Lines. */
  request: string[];
  answer: string[];
  /** Milliseconds. */
  ms: number;
}

/** Elements of a tensor that are shown. */
const shownElements = 8;
/** Characters of a text that are shown. */
const shownText = 400;

/** `input_tensor FP64 [3] typed: 1 -2.5 3`. */
export function tensorLine({ name, datatype, shape, data }: Tensor, form: DataForm): string {
  const shown = Array.from({ length: Math.min(data.length, shownElements) }, (_, index) => element(data[index]));
  const rest = data.length > shownElements ? ` … ${data.length} elements` : '';
  return `${name} ${datatype} [${shape.join(', ')}] ${form}: ${shown.join(' ')}${rest}`.trimEnd();
}

function element(value: number | bigint | Uint8Array | undefined): string {
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value).toString('utf8');
    const isText = Buffer.from(text).equals(value) && !/\p{Cc}/u.test(text);
    return isText ? JSON.stringify(cut(text, 40)) : `0x${cut(Buffer.from(value).toString('hex'), 40)}`;
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A request for an inference, a line a thing. */
export function requestLines(call: InferCall): string[] {
  const { modelName, modelVersion = '', id = '', parameters = {}, inputs, outputs = [], form = 'typed' } = call;
  return [
    [`model ${modelName}`, modelVersion && `version ${modelVersion}`, id && `id ${id}`].filter(Boolean).join(', '),
    ...parameterLines(parameters),
    ...inputs.map((input) => tensorLine(input, form)),
    ...(outputs.length > 0 ? [`outputs wanted: ${outputs.map(({ name }) => name).join(', ')}`] : []),
  ].map((line) => cut(line, shownText));
}

/** An answer to an inference, a line a thing. */
export function responseLines({ modelName, modelVersion, id, parameters, outputs, form }: InferResponse): string[] {
  return [
    [`model ${modelName}`, modelVersion && `version ${modelVersion}`, id && `id ${id}`].filter(Boolean).join(', '),
    ...parameterLines(parameters),
    ...outputs.map((output) => tensorLine(output, form)),
  ].map((line) => cut(line, shownText));
}

function parameterLines(parameters: Parameters): string[] {
  const words = Object.entries(parameters).map(([name, value]) => `${name}=${String(value)}`);
  return words.length === 0 ? [] : [`parameters ${words.join(', ')}`];
}

/** `NOT_FOUND: Model "nope" is not on this server`. */
export function errorLine(error: unknown): string {
  if (error instanceof OipError) return cut(`${error.status}: ${error.message}`, shownText);
  return cut(error instanceof Error ? error.message : String(error), shownText);
}

/** Headers that a request was sent with, and the beginning of its body. */
export function httpRequestLines({ headers = {}, body }: Pick<HttpRequest, 'headers' | 'body'>): string[] {
  return [...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), ...bodyLines(body)];
}

/** Status, type, and the beginning of the body. */
export function httpAnswerLines({ status, headers, body }: HttpAnswer): string[] {
  const type = headers['content-type'];
  return [`${status}${type === undefined ? '' : ` ${type}`}`, ...bodyLines(body)];
}

/** HTTP's status, what gRPC says in headers and trailers, and the beginning of the body. */
export function http2AnswerLines({ status, headers, trailers, body }: Http2Answer): string[] {
  const said = Object.entries({ ...headers, ...trailers }).filter(([name]) => /^(grpc-|content-type$)/.test(name));
  return [String(status), ...said.map(([name, value]) => `${name}: ${value}`), ...bodyLines(body)];
}

function bodyLines(body: Uint8Array | undefined): string[] {
  return body === undefined || body.byteLength === 0 ? [] : [textOrSize(body)];
}

/** The text if it is one, else its size and its first bytes. */
export function textOrSize(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, shownText));
  const text = head.toString('utf8').replace(/\ufffd+$/, '');
  if (!/[^\P{Cc}\n\r\t]|\ufffd/u.test(text)) return bytes.byteLength > shownText ? `${text}…` : text;
  return `${bytes.byteLength} bytes: ${cut(head.toString('hex'), 64)}`;
}

/** Plain facts as one line of JSON. */
export function factLine(facts: unknown): string {
  const text = JSON.stringify(facts, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return cut(text ?? 'nothing', shownText);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
