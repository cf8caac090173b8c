/** Inference requests and responses as gRPC messages, in both directions; client and server share it. */
import Long from 'long';
import type { TensorContents } from './contents-wire.js';
import { decodeRaw, encodeRaw } from './raw-bytes.js';
import { requireDatatype } from './require-datatype.js';
import { elementCount } from './shape.js';
import { oipError, quoteName } from './status.js';
import type {
  DataForm,
  InferRequest,
  InferResponse,
  ModelMetadata,
  Parameters,
  ParameterValue,
  Tensor,
} from './tensor.js';
import { decodeContents, encodeContents } from './typed-contents.js';

/** `InferParameter`; parameter_choice is the name of the field that was sent. */
interface WireParameter {
  parameter_choice?: 'bool_param' | 'int64_param' | 'string_param' | 'double_param' | 'uint64_param';
  bool_param?: boolean;
  int64_param?: Long;
  string_param?: string;
  double_param?: number;
  uint64_param?: Long;
}

type WireParameters = Record<string, WireParameter>;

/** `InferInputTensor` and `InferOutputTensor`, which have the same fields. */
interface WireTensor {
  name: string;
  datatype: string;
  shape: (Long | number)[];
  parameters: WireParameters;
  contents?: TensorContents | null;
}

export interface WireInferRequest {
  model_name: string;
  model_version: string;
  id: string;
  parameters: WireParameters;
  inputs: WireTensor[];
  outputs: { name: string; parameters: WireParameters }[];
  raw_input_contents: Uint8Array[];
}

export interface WireInferResponse {
  model_name: string;
  model_version: string;
  id: string;
  parameters: WireParameters;
  outputs: WireTensor[];
  raw_output_contents: Uint8Array[];
}

interface WireTensorMetadata {
  name: string;
  datatype: string;
  shape: (Long | number)[];
}

export interface WireModelMetadata {
  name: string;
  versions: string[];
  platform: string;
  inputs: WireTensorMetadata[];
  outputs: WireTensorMetadata[];
}

type Empty = Record<string, never>;

/** Request and response message of every RPC. */
export interface WireMethods {
  ServerLive: { request: Empty; response: { live: boolean } };
  ServerReady: { request: Empty; response: { ready: boolean } };
  ModelReady: { request: { name: string; version: string }; response: { ready: boolean } };
  ServerMetadata: { request: Empty; response: { name: string; version: string; extensions: string[] } };
  ModelMetadata: { request: { name: string; version: string }; response: WireModelMetadata };
  ModelInfer: { request: WireInferRequest; response: WireInferResponse };
}

/**
 * A request from its message. Throws INVALID_ARGUMENT, naming the input, for an unknown datatype, a shape that does
 * not fit the data, typed and raw contents together, and another number of raw entries than inputs.
 */
export function decodeInferRequest(message: WireInferRequest): InferRequest {
  const { form, tensors } = decodeTensors('input', message.inputs, message.raw_input_contents);
  return {
    modelName: message.model_name,
    modelVersion: message.model_version,
    id: message.id,
    parameters: decodeParameters(message.parameters),
    inputs: tensors,
    outputs: message.outputs.map(({ name, parameters }) => ({ name, parameters: decodeParameters(parameters) })),
    form,
  };
}

/** The message of a request. Throws OUT_OF_RANGE for FP16 and BF16 in typed form. */
export function encodeInferRequest(request: InferRequest): WireInferRequest {
  const { tensors, raw } = encodeTensors('input', request.inputs, request.form);
  return {
    model_name: request.modelName,
    model_version: request.modelVersion,
    id: request.id,
    parameters: encodeParameters(request.parameters),
    inputs: tensors,
    outputs: request.outputs.map(({ name, parameters = {} }) => ({ name, parameters: encodeParameters(parameters) })),
    raw_input_contents: raw,
  };
}

/** A response from its message; throws as decodeInferRequest does. */
export function decodeInferResponse(message: WireInferResponse): InferResponse {
  const { form, tensors } = decodeTensors('output', message.outputs, message.raw_output_contents);
  return {
    modelName: message.model_name,
    modelVersion: message.model_version,
    id: message.id,
    parameters: decodeParameters(message.parameters),
    outputs: tensors,
    form,
  };
}

/** The message of a response. Throws OUT_OF_RANGE for FP16 and BF16 in typed form. */
export function encodeInferResponse(response: InferResponse): WireInferResponse {
  const { tensors, raw } = encodeTensors('output', response.outputs, response.form);
  return {
    model_name: response.modelName,
    model_version: response.modelVersion,
    id: response.id,
    parameters: encodeParameters(response.parameters),
    outputs: tensors,
    raw_output_contents: raw,
  };
}

/** Model metadata from its message. */
export function decodeModelMetadata(message: WireModelMetadata): ModelMetadata {
  const tensor = ({ name, datatype, shape }: WireTensorMetadata) => ({ name, datatype, shape: shape.map(Number) });
  return {
    name: message.name,
    versions: [...message.versions],
    platform: message.platform,
    inputs: message.inputs.map(tensor),
    outputs: message.outputs.map(tensor),
  };
}

function decodeTensors(
  role: 'input' | 'output',
  wire: WireTensor[],
  raw: Uint8Array[],
): { form: DataForm; tensors: Tensor[] } {
  const form = raw.length > 0 ? 'raw' : 'typed';
  if (form === 'raw' && raw.length !== wire.length) {
    throw oipError('INVALID_ARGUMENT', `raw_${role}_contents has ${raw.length} entries for ${wire.length} ${role}s`);
  }
  const tensors = wire.map((tensor, index): Tensor => {
    const subject = `${role} ${quoteName(tensor.name)}`;
    const datatype = requireDatatype(tensor.datatype, subject);
    const shape = tensor.shape.map(Number);
    const count = elementCount(shape, subject);
    const bytes = raw[index];
    if (bytes && tensor.contents && Object.keys(tensor.contents).length > 0) {
      throw oipError(
        'INVALID_ARGUMENT',
        `${subject}: has contents and an entry in raw_${role}_contents; send one of them`,
      );
    }
    const data = bytes
      ? decodeRaw(datatype, bytes, count, subject)
      : decodeContents(datatype, tensor.contents ?? {}, shape, subject);
    const parameters = decodeParameters(tensor.parameters);
    return { name: tensor.name, datatype, shape, data, ...(Object.keys(parameters).length > 0 && { parameters }) };
  });
  return { form, tensors };
}

function encodeTensors(
  role: 'input' | 'output',
  tensors: Tensor[],
  form: DataForm,
): { tensors: WireTensor[]; raw: Uint8Array[] } {
  const wire = tensors.map(({ name, datatype, shape, data, parameters = {} }): WireTensor => {
    const message: WireTensor = { name, datatype, shape, parameters: encodeParameters(parameters) };
    if (form === 'typed') message.contents = encodeContents(datatype, data, `${role} ${quoteName(name)}`);
    return message;
  });
  return { tensors: wire, raw: form === 'raw' ? tensors.map(({ datatype, data }) => encodeRaw(datatype, data)) : [] };
}

function decodeParameters(wire: WireParameters): Parameters {
  const entries = Object.entries(wire).flatMap(([key, parameter]): [string, ParameterValue][] => {
    const value = parameter.parameter_choice && parameter[parameter.parameter_choice];
    if (value === undefined) return [];
    return [[key, Long.isLong(value) ? BigInt(value.toString()) : value]];
  });
  // fromEntries defines members, so that a key such as __proto__ is a member like any other.
  return Object.fromEntries(entries);
}

const int64Limit = 2n ** 63n;

/** A number without a fraction travels as int64, as in other clients; any other number as double. */
function encodeParameters(parameters: Parameters): WireParameters {
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, encodeParameter(key, value)]));
}

function encodeParameter(key: string, value: ParameterValue): WireParameter {
  if (typeof value === 'boolean') return { bool_param: value };
  if (typeof value === 'string') return { string_param: value };
  if (typeof value === 'number' && (!Number.isSafeInteger(value) || Object.is(value, -0)))
    return { double_param: value };
  const integer = BigInt(value);
  if (integer < -int64Limit || integer >= 2n * int64Limit) {
    throw oipError('INVALID_ARGUMENT', `parameter ${quoteName(key)}: ${integer} is beyond 64 bits`);
  }
  const unsigned = integer >= int64Limit;
  const long = Long.fromString(integer.toString(), unsigned);
  return unsigned ? { uint64_param: long } : { int64_param: long };
}
