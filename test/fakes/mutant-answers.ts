/** The answers of an inference, changed in their values or in their raw bytes, whichever transport carries them. */
import protobuf from 'protobufjs';
import type { Datatype } from '../../src/protocol/datatype.js';
import { maxJsonDepth } from '../../src/protocol/json-text.js';
import { noMessageLimits } from '../../src/protocol/message-limits.js';
import { readProto } from '../../src/protocol/proto-source.js';
import {
  decodeRestRequest,
  decodeRestResponse,
  encodeRestRequest,
  encodeRestResponse,
  type RestBody,
} from '../../src/protocol/rest-messages.js';
import type { InferRequest, InferResponse } from '../../src/protocol/tensor.js';
import { decodeInferRequest, decodeInferResponse } from '../../src/protocol/wire/infer-messages.js';
import type { Behaviour } from './mutant-behaviour.js';

const { root } = protobuf.parse(readProto(), { keepCase: true });
const responseType = root.lookupType('inference.ModelInferResponse');

/** The message of the stream's answers; its `infer_response` is a ModelInferResponse. */
export const streamResponseType = root.lookupType('inference.ModelStreamInferResponse');

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

// The decoders move data inside the bytes that they get, so each has a copy.

/** A request from its bytes over gRPC, undefined where nothing can be made of it. */
export const grpcRequest = (bytes: Buffer | undefined): InferRequest | undefined =>
  bytes && readable(() => decodeInferRequest(Buffer.from(bytes), noMessageLimits));

/** An answer from its bytes over gRPC. */
export const grpcResponse = (bytes: Buffer): InferResponse => decodeInferResponse(Buffer.from(bytes), noMessageLimits);

/** A request from its body, undefined where nothing can be made of it. */
export const restRequest = (body: RestBody, model: string, version: string): InferRequest | undefined =>
  readable(() =>
    decodeRestRequest({ ...body, body: Buffer.from(body.body) }, model, version, { ...noMessageLimits, maxJsonDepth }),
  );

/** An answer from its body. */
export const restResponse = (body: RestBody): InferResponse =>
  decodeRestResponse({ ...body, body: Buffer.from(body.body) });

/** The body of a changed request. */
export const restRequestBody = encodeRestRequest;

/** The body of a changed answer: what the request wanted in binary, unless the answer's own form was changed. */
export function restAnswerBody(answer: InferResponse, request: InferRequest | undefined, form: string): RestBody {
  const asWanted = request !== undefined && answer.form === form;
  const wanted = asWanted ? request : { parameters: { binary_data_output: answer.form === 'raw' }, outputs: [] };
  return encodeRestResponse(answer, wanted);
}

/** Changes the raw entries of an answer over gRPC. */
export function grpcRawChanged(bytes: Buffer, change: NonNullable<Behaviour['raw']>): Buffer {
  const message = responseType.decode(bytes) as unknown as {
    outputs: { name: string; datatype: Datatype; shape: unknown[] }[];
    raw_output_contents: Uint8Array[];
  };
  message.raw_output_contents = message.raw_output_contents.map((entry, index) => {
    const { name = '', datatype = 'FP64', shape = [] } = message.outputs[index] ?? {};
    return change(Buffer.from(entry), { name, datatype, shape: shape.map(Number) });
  });
  return responseType.encode(message).finish() as Buffer;
}

/** Changes the binary data of an answer over REST. The sizes are written as the bytes are then. */
export function restRawChanged({ body, headerLength }: RestBody, change: NonNullable<Behaviour['raw']>): RestBody {
  if (headerLength === undefined) return { body, headerLength };
  const message = JSON.parse(body.toString('utf8', 0, headerLength)) as {
    outputs: { name: string; datatype: Datatype; shape: number[]; parameters?: { binary_data_size?: number } }[];
  };
  let at = headerLength;
  const entries = message.outputs.flatMap((output) => {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) return [];
    const entry = change(Buffer.from(body.subarray(at, at + size)), output);
    at += size;
    Object.assign(output.parameters ?? {}, { binary_data_size: entry.byteLength });
    return [entry];
  });
  const head = Buffer.from(JSON.stringify(message));
  return { body: Buffer.concat([head, ...entries]), headerLength: head.byteLength };
}
