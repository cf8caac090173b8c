/** The tensors of REST messages, in JSON or as the binary data after it. */
import { decodeJsonData, encodeJsonData } from './json-data.js';
import type { JsonValue } from './json-text.js';
import { assertElementLimit, type MessageLimits } from './message-limits.js';
import { decodeRaw, encodeRaw } from './raw-bytes.js';
import { requireDatatype } from './require-datatype.js';
import type { JsonTensor } from './rest-fields.js';
import { elementCount } from './shape.js';
import { oipError, quoteName } from './status.js';
import type { Parameters, Tensor } from './tensor.js';

/** TOO_LARGE for an answer. */
export function tooLargeAnswer(maxBytes: number): Error {
  return oipError('TOO_LARGE', `The answer is larger than the limit maxSendMessageBytes of ${maxBytes} bytes`);
}

/**
 * Tensors from what their message and the binary data after it hold. Throws INVALID_ARGUMENT for data that is no tensor's,
 * for sizes that do not add up to the binary data, and for whatever decodeJsonData and decodeRaw refuse.
 */
export function decodeTensors(
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
    const { name, shape } = tensor;
    const size = tensor.parameters.binary_data_size;
    const parameters = withoutSize(tensor.parameters);
    if (size === undefined) {
      const data = decodeJsonData(datatype, tensor.data, shape, parameters ?? {}, subject, limits);
      return parameters ? { name, datatype, shape, parameters, data } : { name, datatype, shape, data };
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
    const count = elementCount(shape, subject);
    assertElementLimit(datatype, count, limits, subject);
    const bytes = binary.subarray(offset, end);
    offset = end;
    anyBinary = true;
    const data = decodeRaw(datatype, bytes, count, subject);
    return parameters ? { name, datatype, shape, parameters, data } : { name, datatype, shape, data };
  });
  if (offset !== binary.byteLength) {
    throw oipError(
      'INVALID_ARGUMENT',
      `The body ends with ${binary.byteLength - offset} bytes that belong to no ${role}; give its binary_data_size`,
    );
  }
  return { decoded, anyBinary };
}

/** What is a tensor's own of its parameters; undefined where there is nothing. */
function withoutSize(parameters: Parameters): Parameters | undefined {
  const { length } = Object.keys(parameters);
  if (length === 0 || (length === 1 && 'binary_data_size' in parameters)) return undefined;
  const { binary_data_size: _, ...own } = parameters;
  return own;
}

/**
 * Tensors for a message, and the binary data to follow it. Throws OUT_OF_RANGE for elements that JSON cannot carry, and
 * TOO_LARGE where their text alone is more than `maxBytes`. `anyNumber` is that of encodeJsonData.
 */
export function encodeTensors(
  role: 'input' | 'output',
  tensors: readonly Tensor[],
  isBinary: (name: string) => boolean,
  maxBytes: number,
  anyNumber = false,
) {
  const binary: Uint8Array[] = [];
  const encoded = tensors.map((tensor): JsonValue => {
    const { name, datatype, shape } = tensor;
    if (!isBinary(name)) {
      // A digit and a comma each, at least: not worth writing.
      if (tensor.data.length * 2 > maxBytes) throw tooLargeAnswer(maxBytes);
      const { data, parameters } = encodeJsonData(tensor, `${role} ${quoteName(name)}`, anyNumber);
      return { name, datatype, shape, ...present(parameters), data };
    }
    const bytes = encodeRaw(datatype, tensor.data);
    binary.push(bytes);
    return { name, datatype, shape, parameters: { ...tensor.parameters, binary_data_size: bytes.byteLength } };
  });
  return { tensors: encoded, binary };
}

/** `parameters` as a member of a message, or no member where there are none. */
export function present(parameters: Parameters): { parameters?: Parameters } {
  return Object.keys(parameters).length > 0 ? { parameters } : {};
}
