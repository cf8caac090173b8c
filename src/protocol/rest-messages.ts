/**
 * Inference requests and responses as REST bodies, JSON or with the binary tensor data extension, in both
 * directions; client and server share it. Source of the extension:
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
 */
import * as z from 'zod';
import { assertJsonCounts } from './json-counts.js';
import { decodeJsonData, encodeJsonData } from './json-data.js';
import { type JsonValue, parseJson, writeJson } from './json-text.js';
import { defaultMessageLimits, type MessageLimits, noMessageLimits } from './message-limits.js';
import { decodeRaw, encodeRaw } from './raw-bytes.js';
import { requireDatatype } from './require-datatype.js';
import { elementCount } from './shape.js';
import { oipError, quoteName } from './status.js';
import type { InferRequest, InferResponse, Parameters, ParameterValue, RequestedOutput, Tensor } from './tensor.js';

/** Header that says how many bytes of a body are JSON; what follows them is binary tensor data. */
export const headerLengthHeader = 'inference-header-content-length';

/** A body, and how many of its bytes are JSON; undefined where all of it is. */
export interface RestBody {
  body: Buffer;
  headerLength: number | undefined;
}

const parameters = z.record(z.string(), z.unknown()).nullish();
const tensorSchema = z.object({
  name: z.string(),
  datatype: z.string(),
  // A dimension beyond 2^53 is read as a bigint; the shape's own check refuses it.
  shape: z.array(z.union([z.number(), z.bigint()]).transform(Number)),
  parameters,
  data: z.unknown().optional(),
});
const text = z.string().nullish();

const requestSchema = z.object({
  id: text,
  parameters,
  inputs: z.array(tensorSchema),
  outputs: z.array(z.object({ name: z.string(), parameters })).nullish(),
});

const responseSchema = z.object({
  model_name: text,
  model_version: text,
  id: text,
  parameters,
  outputs: z.array(tensorSchema),
});

type JsonTensor = z.output<typeof tensorSchema>;

/** The number in the header of binary bodies. Throws INVALID_ARGUMENT where it is no length within the body. */
export function parseHeaderLength(header: string | undefined, bodyLength: number): number | undefined {
  if (header === undefined) return undefined;
  const length = /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (!(length <= bodyLength)) {
    throw oipError(
      'INVALID_ARGUMENT',
      `Inference-Header-Content-Length is ${quoteName(header)}; expected the number of JSON bytes in a body of ${bodyLength}`,
    );
  }
  return length;
}

/**
 * A request from its body. Throws INVALID_ARGUMENT, naming the field, for malformed JSON, a missing field, an unknown
 * datatype, a shape that does not fit the data, and binary sizes that do not add up to the body; TOO_LARGE for more
 * than `limits` allow.
 */
export function decodeRestRequest(
  rest: RestBody,
  modelName: string,
  modelVersion: string,
  limits: Readonly<MessageLimits> = defaultMessageLimits,
): InferRequest {
  const { message, binary } = splitBody(rest, requestSchema, limits);
  const { tensors, anyBinary } = decodeTensors('input', message.inputs, binary, limits);
  return {
    modelName,
    modelVersion,
    id: message.id ?? '',
    parameters: scalars(message.parameters),
    inputs: tensors,
    outputs: (message.outputs ?? []).map((output) => ({ name: output.name, parameters: scalars(output.parameters) })),
    form: anyBinary ? 'raw' : 'typed',
  };
}

/** The body of a request; form `raw` sends every input in binary and asks for binary outputs. */
export function encodeRestRequest(request: InferRequest): RestBody {
  const raw = request.form === 'raw';
  const { tensors, binary } = encodeTensors('input', request.inputs, () => raw);
  const outputs = request.outputs.map(({ name, parameters = {} }) => ({ name, ...present(parameters) }));
  return joinBody(
    {
      ...(request.id !== '' && { id: request.id }),
      ...present(raw ? { binary_data_output: true, ...request.parameters } : request.parameters),
      inputs: tensors,
      ...(outputs.length > 0 && { outputs }),
    },
    binary,
  );
}

/** A response from its body; throws as decodeRestRequest does. */
export function decodeRestResponse(rest: RestBody): InferResponse {
  const { message, binary } = splitBody(rest, responseSchema, noMessageLimits);
  const { tensors, anyBinary } = decodeTensors('output', message.outputs, binary, noMessageLimits);
  return {
    modelName: message.model_name ?? '',
    modelVersion: message.model_version ?? '',
    id: message.id ?? '',
    parameters: scalars(message.parameters),
    outputs: tensors,
    form: anyBinary ? 'raw' : 'typed',
  };
}

/**
 * The body of the response to a request: an output is binary where the request's output says `binary_data`, or else its
 * `binary_data_output` does. Throws OUT_OF_RANGE for elements that JSON cannot carry.
 */
export function encodeRestResponse(
  response: InferResponse,
  request: { parameters: Parameters; outputs: RequestedOutput[] },
): RestBody {
  const isBinary = (name: string): boolean => {
    const own = request.outputs.find((output) => output.name === name)?.parameters?.binary_data;
    return (own ?? request.parameters.binary_data_output) === true;
  };
  const { tensors, binary } = encodeTensors('output', response.outputs, isBinary);
  return joinBody(
    {
      model_name: response.modelName,
      model_version: response.modelVersion,
      ...(response.id !== '' && { id: response.id }),
      ...present(response.parameters),
      outputs: tensors,
    },
    binary,
  );
}

function splitBody<T>(
  { body, headerLength }: RestBody,
  schema: z.ZodType<T>,
  limits: Readonly<MessageLimits>,
): { message: T; binary: Buffer } {
  const length = headerLength ?? body.byteLength;
  const json = parseJson(body.toString('utf8', 0, length));
  assertJsonCounts(json, limits);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
    throw oipError('INVALID_ARGUMENT', `${path.replace(/^\./, '') || 'body'}: ${issue?.message ?? 'not understood'}`);
  }
  return { message: parsed.data, binary: body.subarray(length) };
}

function joinBody(message: JsonValue, binary: Uint8Array[]): RestBody {
  const json = Buffer.from(writeJson(message), 'utf8');
  if (binary.length === 0) return { body: json, headerLength: undefined };
  return { body: Buffer.concat([json, ...binary]), headerLength: json.byteLength };
}

function decodeTensors(
  role: 'input' | 'output',
  tensors: JsonTensor[],
  binary: Buffer,
  limits: Readonly<MessageLimits>,
) {
  let offset = 0;
  let anyBinary = false;
  const decoded = tensors.map((tensor): Tensor => {
    const subject = `${role} ${quoteName(tensor.name)}`;
    const datatype = requireDatatype(tensor.datatype, subject);
    const { binary_data_size: size, ...parameters } = scalars(tensor.parameters);
    const count = elementCount(tensor.shape, subject);
    const common = {
      name: tensor.name,
      datatype,
      shape: tensor.shape,
      ...present(parameters),
    };
    if (size === undefined) {
      return { ...common, data: decodeJsonData(datatype, tensor.data, tensor.shape, parameters, subject, limits) };
    }
    if (tensor.data !== undefined) {
      throw oipError('INVALID_ARGUMENT', `${subject}: has data and binary_data_size; send one of them`);
    }
    const end = offset + Number(size);
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || end > binary.byteLength) {
      throw oipError(
        'INVALID_ARGUMENT',
        `${subject}: binary_data_size is ${String(size).slice(0, 40)}; ${binary.byteLength - offset} bytes of binary data are left`,
      );
    }
    const bytes = binary.subarray(offset, end);
    offset = end;
    anyBinary = true;
    return { ...common, data: decodeRaw(datatype, bytes, count, subject, limits) };
  });
  if (offset !== binary.byteLength) {
    throw oipError(
      'INVALID_ARGUMENT',
      `The body ends with ${binary.byteLength - offset} bytes that belong to no ${role}; give its binary_data_size`,
    );
  }
  return { tensors: decoded, anyBinary };
}

function encodeTensors(role: 'input' | 'output', tensors: Tensor[], isBinary: (name: string) => boolean) {
  const binary: Uint8Array[] = [];
  const encoded = tensors.map((tensor): JsonValue => {
    const { name, datatype, shape } = tensor;
    if (!isBinary(name)) {
      const { data, parameters } = encodeJsonData(tensor, `${role} ${quoteName(name)}`);
      return { name, datatype, shape, ...present(parameters), data };
    }
    const bytes = encodeRaw(datatype, tensor.data);
    binary.push(bytes);
    return { name, datatype, shape, parameters: { ...tensor.parameters, binary_data_size: bytes.byteLength } };
  });
  return { tensors: encoded, binary };
}

/** The parameters that the protocol has a type for; nested ones are for other servers' extensions. */
function scalars(parameters: Record<string, unknown> | null | undefined): Parameters {
  const isScalar = (entry: [string, unknown]): entry is [string, ParameterValue] =>
    ['boolean', 'bigint', 'number', 'string'].includes(typeof entry[1]);
  return Object.fromEntries(Object.entries(parameters ?? {}).filter(isScalar));
}

/** `parameters` as a member of a message, or no member where there are none. */
function present(parameters: Parameters): { parameters?: Parameters } {
  return Object.keys(parameters).length > 0 ? { parameters } : {};
}
