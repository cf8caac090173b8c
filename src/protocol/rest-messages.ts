/**
 * Inference requests and responses as REST bodies, JSON or with the binary tensor data extension, in both
 * directions; client and server share it. Source of the extension:
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
 */
import { isUtf8 } from 'node:buffer';
import { isDatatype, isInteger } from './datatype.js';
import { type JsonValue, maxJsonDepth, parseJson, parseJsonAsDoubles, writeJson } from './json-text.js';
import { defaultMessageLimits, type MessageLimits, noMessageLimits } from './message-limits.js';
import {
  type JsonObject,
  type JsonTensor,
  readObject,
  readParameters,
  readRequestedOutputs,
  readTensors,
  readText,
} from './rest-fields.js';
import { decodeTensors, encodeTensors, present, tooLargeAnswer } from './rest-tensors.js';
import { oipError, quoteName } from './status.js';
import type { InferRequest, InferResponse, Parameters } from './tensor.js';

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
  const { tensors, binary } = encodeTensors('input', request.inputs, () => raw, Number.POSITIVE_INFINITY);
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

/** What a request asks for about the form of outputs. */
export type RequestedForm = Pick<InferRequest, 'parameters' | 'outputs'>;

/** Whether an output is binary: where the request's output says `binary_data`, or else its `binary_data_output` does. */
export function isBinaryOutput(request: RequestedForm, name: string): boolean {
  const own = request.outputs.find((output) => output.name === name)?.parameters?.binary_data;
  return (own ?? request.parameters.binary_data_output) === true;
}

/**
 * The body of the response to a request. Throws OUT_OF_RANGE for elements that JSON cannot carry, but for numbers where
 * `anyNumber` says so, and TOO_LARGE for more than `maxBytes`.
 */
export function encodeRestResponse(
  response: InferResponse,
  request: RequestedForm,
  maxBytes = Number.POSITIVE_INFINITY,
  anyNumber = false,
): RestBody {
  const isBinary = (name: string): boolean => isBinaryOutput(request, name);
  const { tensors, binary } = encodeTensors('output', response.outputs, isBinary, maxBytes, anyNumber);
  return joinBody(
    {
      model_name: response.modelName,
      model_version: response.modelVersion,
      ...(response.id !== '' && { id: response.id }),
      ...present(response.parameters),
      outputs: tensors,
    },
    binary,
    maxBytes,
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
  const json = length === body.byteLength ? body : body.subarray(0, length);
  // Bytes that are no text would come out as other text.
  if (!isUtf8(json)) throw oipError('INVALID_ARGUMENT', 'The body is not valid JSON: it is not UTF-8');
  const text = json.toString('utf8');
  let message = read(readObject(parseJsonAsDoubles(text, maxDepth), 'body'));
  if (hasLostDigits(message)) message = read(readObject(parseJson(text, maxDepth), 'body'));
  return message.decode();
}

const isLossy = (value: unknown): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);

function hasLostDigits({ tensors, parameters }: ReadMessage<unknown>): boolean {
  return anyLossy(parameters) || tensors.some(hasLostDigitsOf);
}

function hasLostDigitsOf({ datatype, data, parameters }: JsonTensor): boolean {
  return anyLossy(parameters) || (isDatatype(datatype) && isInteger(datatype) && anyLossyElement(data));
}

function anyLossy(parameters: Parameters): boolean {
  for (const key in parameters) if (isLossy(parameters[key])) return true;
  return false;
}

function anyLossyElement(data: unknown): boolean {
  if (!Array.isArray(data)) return false;
  return Array.isArray(data[0]) ? data.some(anyLossyElement) : data.some(isLossy);
}

function joinBody(message: JsonValue, binary: Uint8Array[], maxBytes = Number.POSITIVE_INFINITY): RestBody {
  const json = Buffer.from(writeJson(message), 'utf8');
  const size = binary.reduce((sum, { byteLength }) => sum + byteLength, json.byteLength);
  if (size > maxBytes) throw tooLargeAnswer(maxBytes);
  if (binary.length === 0) return { body: json, headerLength: undefined };
  return { body: Buffer.concat([json, ...binary], size), headerLength: json.byteLength };
}
