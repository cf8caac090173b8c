/**
 * Requests of the benchmarks, made with protobufjs from proto/inference.proto and with JSON.stringify, and the check of
 * one answer to each: nothing here is code of the server, so it cannot agree with the server's mistakes.
 */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import protobuf from 'protobufjs';
import { root } from '../scripts/prepare.js';
import { grpcHeaders } from './load.js';

const proto = protobuf.loadSync(`${root}proto/inference.proto`);
const requestType = proto.lookupType('inference.ModelInferRequest');
const responseType = proto.lookupType('inference.ModelInferResponse');

/** Path of the gRPC method. */
export const inferPath = '/inference.GRPCInferenceService/ModelInfer';

/** `n` doubles between -1 and 1 with all their digits, the same in every run. */
export function values(n) {
  return Float64Array.from({ length: n }, (_, index) => Math.sin(index + 1));
}

const bytesOf = (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/**
 * A ModelInferRequest of `n` FP64 elements, as bytes without the gRPC prefix.
 *
 * @param {{ n: number, form: 'typed' | 'raw', model?: string, input?: string }} tensor
 */
export function inferRequest({ n, form, model = 'simple_scaler', input = 'input_tensor' }) {
  const data = values(n);
  const tensor = { name: input, datatype: 'FP64', shape: [n] };
  const message =
    form === 'raw'
      ? { modelName: model, inputs: [tensor], rawInputContents: [bytesOf(data)] }
      : { modelName: model, inputs: [{ ...tensor, contents: { fp64Contents: [...data] } }] };
  return Buffer.from(requestType.encode(requestType.create(message)).finish());
}

/** A gRPC message as it goes into a DATA frame: not compressed, length, bytes. */
export function grpcBody(message) {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

/** A REST request of `n` FP64 elements: body and headers. `binary` asks for a binary answer too. */
export function restRequest({ n, form, input = 'input_tensor' }) {
  const data = values(n);
  const tensor = { name: input, shape: [n], datatype: 'FP64' };
  if (form === 'json') {
    const body = Buffer.from(JSON.stringify({ inputs: [{ ...tensor, data: [...data] }] }));
    return { body, headers: { 'content-type': 'application/json' } };
  }
  const header = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [{ ...tensor, parameters: { binary_data_size: data.byteLength } }],
    }),
  );
  return {
    body: Buffer.concat([header, bytesOf(data)]),
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(header.length) },
  };
}

/**
 * One gRPC call: the bytes of the response message without its prefix. Throws with status and text where grpc-status is
 * not 0, or the answer is not one message.
 */
export function callGrpc(url, path, message) {
  return new Promise((resolve, reject) => {
    const session = connect(url);
    session.once('error', reject);
    const stream = session.request({ ':method': 'POST', ':path': path, ...grpcHeaders });
    const chunks = [];
    let status = {};
    const note = (headers) => {
      if ('grpc-status' in headers) status = headers;
    };
    stream.on('response', note).on('trailers', note);
    stream.on('data', (chunk) => chunks.push(chunk)).once('error', reject);
    stream.once('close', () => {
      session.close();
      const body = Buffer.concat(chunks);
      if (status['grpc-status'] !== '0')
        reject(new Error(`${url}: gRPC status ${status['grpc-status']}: ${status['grpc-message']}`));
      else if (body.length < 5 || body.length !== 5 + body.readUInt32BE(1))
        reject(new Error(`${url}: the answer is not one gRPC message`));
      else resolve(body.subarray(5));
    });
    stream.end(grpcBody(message));
  });
}

/** One REST call: body and headers of the answer. Throws where its status is not 200. */
export function callRest(url, path, { body, headers }) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url + path, { method: 'POST', agent: false, headers }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      const answer = Buffer.concat(chunks);
      if (response.statusCode === 200) resolve({ body: answer, headers: response.headers });
      else reject(new Error(`${url}${path}: status ${response.statusCode}: ${answer.toString().slice(0, 500)}`));
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** Throws unless a ModelInferResponse holds each of values(n) times `factor`, in the form that it was asked in. */
export function assertGrpcAnswer(bytes, { n, form, factor = 2 }) {
  const message = responseType.decode(bytes);
  const raw = message.rawOutputContents[0];
  const data =
    form === 'raw' && raw ? new Float64Array(Uint8Array.from(raw).buffer) : message.outputs[0]?.contents?.fp64Contents;
  assertScaled(data, n, factor);
}

/** Throws unless a REST answer holds each of values(n) times `factor`, in the form that it was asked in. */
export function assertRestAnswer({ body, headers }, { n, form, factor = 2 }) {
  if (form === 'json') return assertScaled(JSON.parse(body).outputs[0].data, n, factor);
  const at = Number(headers['inference-header-content-length']);
  return assertScaled(new Float64Array(Uint8Array.from(body.subarray(at)).buffer), n, factor);
}

function assertScaled(data, n, factor) {
  const right = data?.length === n && values(n).every((value, index) => data[index] === value * factor);
  if (!right) throw new Error(`the answer is not ${n} values times ${factor}: ${String(data).slice(0, 200)}`);
}
