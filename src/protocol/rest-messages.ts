/**
 * Inference requests and responses as REST bodies, JSON or with the binary tensor data extension, in both
 * directions; client and server share it. Source of the extension:
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
 */
import { isUtf8 } from 'node:buffer';
import { isDatatype, isInteger } from './datatype.js';
import { decodeJsonData, encodeJsonData } from './json-data.js';
import { type JsonValue, maxJsonDepth, parseJson, parseJsonAsDoubles, writeJson } from './json-text.js';
import { assertElementLimit, defaultMessageLimits, type MessageLimits, noMessageLimits } from './message-limits.js';
import { decodeRaw, encodeRaw } from './raw-bytes.js';
import { requireDatatype } from './require-datatype.js';
import {
  type JsonObject,
  type JsonTensor,
  readObject,
  readParameters,
  readRequestedOutputs,
  readTensors,
  readText,
} from './rest-fields.js';
import { elementCount } from './shape.js';
import { oipError, quoteName } from './status.js';
import type { InferRequest, InferResponse, Parameters, RequestedOutput, Tensor } from './tensor.js';

/** Header that says how many bytes of a body are JSON; what follows them is binary tensor data. */
export const headerLengthHeader = 'inference-header-content-length';

/** A body, and how many of its bytes are JSON; undefined where all of it is. */
export interface RestBody {
  body: Buffer;
  headerLength: number | undefined;
}

/** What one REST message may hold. */
export interface RestLimits extends MessageLimits {
  /** Nesting of arrays and objects. */
  maxJsonDepth: number;
}

const defaultRestLimits: Readonly<RestLimits> = { ...defaultMessageLimits, maxJsonDepth };

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
  { body, headerLength = body.byteLength }: RestBody,
  modelName: string,
  modelVersion: string,
  limits: Readonly<RestLimits> = defaultRestLimits,
): InferRequest {
  return readMessage(body, headerLength, limits.maxJsonDepth, (message) => {
    const parameters = readParameters(message.parameters, 'parameters');
    const tensors = readTensors(message.inputs, 'inputs', limits);
    const id = readText(message.id, 'id');
    const outputs = readRequestedOutputs(message.outputs, limits);
    return {
      tensors,
      parameters,
      decode: () => {
        const { decoded, anyBinary } = decodeTensors('input', tensors, body.subarray(headerLength), limits);
        const form = anyBinary ? 'raw' : 'typed';
        return { modelName, modelVersion, id, parameters, inputs: decoded, outputs, form };
      },
    };
  });
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
export function decodeRestResponse({ body, headerLength = body.byteLength }: RestBody): InferResponse {
  return readMessage(body, headerLength, maxJsonDepth, (message) => {
    const parameters = readParameters(message.parameters, 'parameters');
    const tensors = readTensors(message.outputs, 'outputs', noMessageLimits);
    const modelName = readText(message.model_name, 'model_name');
    const modelVersion = readText(message.model_version, 'model_version');
    const id = readText(message.id, 'id');
    return {
      tensors,
      parameters,
      decode: () => {
        const { decoded, anyBinary } = decodeTensors('output', tensors, body.subarray(headerLength), noMessageLimits);
        const form = anyBinary ? 'raw' : 'typed';
        return { modelName, modelVersion, id, parameters, outputs: decoded, form };
      },
    };
  });
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

/** A message whose members were read, and what makes the whole of them. */
interface ReadMessage<T> {
  tensors: readonly JsonTensor[];
  parameters: Parameters;
  decode: () => T;
}

/**
 * The message in the first `length` bytes of a body. The fast parser reads it, and the exact one again where an integer
 * lost digits to a double: hardly a message has one.
 */
function readMessage<T>(
  body: Buffer,
  length: number,
  maxDepth: number,
  read: (message: JsonObject) => ReadMessage<T>,
): T {
  const json = body.subarray(0, length);
  // Bytes that are no text would come out as other text.
  if (!isUtf8(json)) throw oipError('INVALID_ARGUMENT', 'The body is not valid JSON: it is not UTF-8');
  const text = json.toString('utf8');
  let message = read(readObject(parseJsonAsDoubles(text, maxDepth), 'body'));
  if (hasLostDigits(message)) message = read(readObject(parseJson(text, maxDepth), 'body'));
  return message.decode();
}

const isLossy = (value: unknown): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);

function hasLostDigits({ tensors, parameters }: ReadMessage<unknown>): boolean {
  const inData = (data: unknown): boolean =>
    Array.isArray(data) && (Array.isArray(data[0]) ? data.some(inData) : data.some(isLossy));
  return (
    Object.values(parameters).some(isLossy) ||
    tensors.some(
      ({ datatype, data, parameters: its }) =>
        Object.values(its).some(isLossy) || (isDatatype(datatype) && isInteger(datatype) && inData(data)),
    )
  );
}

function joinBody(message: JsonValue, binary: Uint8Array[]): RestBody {
  const json = Buffer.from(writeJson(message), 'utf8');
  if (binary.length === 0) return { body: json, headerLength: undefined };
  return { body: Buffer.concat([json, ...binary]), headerLength: json.byteLength };
}

function decodeTensors(
  role: 'input' | 'output',
  tensors: readonly JsonTensor[],
  binary: Buffer,
  limits: Readonly<MessageLimits>,
) {
  let offset = 0;
  let anyBinary = false;
  const decoded = tensors.map((tensor): Tensor => {
    const subject = `${role} ${quoteName(tensor.name)}`;
    const datatype = requireDatatype(tensor.datatype, subject);
    const { binary_data_size: size, ...parameters } = tensor.parameters;
    const common = { name: tensor.name, datatype, shape: tensor.shape, ...present(parameters) };
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
    const count = elementCount(tensor.shape, subject);
    assertElementLimit(datatype, count, limits, subject);
    const bytes = binary.subarray(offset, end);
    offset = end;
    anyBinary = true;
    return { ...common, data: decodeRaw(datatype, bytes, count, subject) };
  });
  if (offset !== binary.byteLength) {
    throw oipError(
      'INVALID_ARGUMENT',
      `The body ends with ${binary.byteLength - offset} bytes that belong to no ${role}; give its binary_data_size`,
    );
  }
  return { decoded, anyBinary };
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

/** `parameters` as a member of a message, or no member where there are none. */
function present(parameters: Parameters): { parameters?: Parameters } {
  return Object.keys(parameters).length > 0 ? { parameters } : {};
}
