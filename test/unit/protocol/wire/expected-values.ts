/** What a message stands for, told plainly: the tensors of a generic message, or the status it is refused with. */
import type { Datatype } from '../../../../src/protocol/datatype.js';
import { OipError } from '../../../../src/protocol/status.js';
import type {
  InferRequest,
  InferResponse,
  Parameters,
  RequestedOutput,
  Tensor,
} from '../../../../src/protocol/tensor.js';
import type { Message } from './specification-decoder.js';

/** A value with every bit of it visible, or why there is none: a status, or `malformed`. */
export type Outcome = { value: object } | { refused: string };

/** Runs a decoder of the codec. Anything but the protocol's errors and RangeError passes. */
export function outcomeOf(decode: () => InferRequest | InferResponse): Outcome {
  try {
    return { value: visible(decode()) };
  } catch (error) {
    if (error instanceof OipError) return { refused: error.status };
    if (error instanceof RangeError) return { refused: 'malformed' };
    throw error;
  }
}

/** A request or a response with its tensors' bytes in place of their arrays. */
export function visible(message: InferRequest | InferResponse): object {
  const tensor = ({ data, ...rest }: Tensor) => ({ ...rest, bytes: [data].flat().map(hex), array: kind(data) });
  if ('inputs' in message) return { ...message, inputs: message.inputs.map(tensor) };
  return { ...message, outputs: message.outputs.map(tensor) };
}

const hex = (view: ArrayBufferView): string =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
const kind = (data: Tensor['data']): string => (Array.isArray(data) ? 'list' : data.constructor.name);

class Refusal extends Error {}

const sizes = { BOOL: 1, INT8: 1, INT16: 2, INT32: 4, INT64: 8, UINT8: 1, UINT16: 2, UINT32: 4, UINT64: 8 };
const allSizes: Partial<Record<string, number>> = { ...sizes, FP16: 2, BF16: 2, FP32: 4, FP64: 8, BYTES: 0 };
const arrays: Record<string, string> = {
  ...{ BOOL: 'Uint8Array', INT8: 'Int8Array', INT16: 'Int16Array', INT32: 'Int32Array', INT64: 'BigInt64Array' },
  ...{ UINT8: 'Uint8Array', UINT16: 'Uint16Array', UINT32: 'Uint32Array', UINT64: 'BigUint64Array' },
  ...{ FP16: 'Uint16Array', BF16: 'Uint16Array', FP32: 'Float32Array', FP64: 'Float64Array', BYTES: 'list' },
};
const fields: Record<string, string> = {
  ...{ BOOL: 'bool_contents', INT8: 'int_contents', INT16: 'int_contents', INT32: 'int_contents' },
  ...{ INT64: 'int64_contents', UINT8: 'uint_contents', UINT16: 'uint_contents', UINT32: 'uint_contents' },
  ...{ UINT64: 'uint64_contents', FP32: 'fp32_contents', FP64: 'fp64_contents', BYTES: 'bytes_contents' },
};

/** What a message of this role stands for; undefined is a message that is malformed. */
export function expectedOutcome(role: 'input' | 'output', message: Message | undefined): Outcome {
  if (!message) return { refused: 'malformed' };
  try {
    return { value: role === 'input' ? expectedRequest(message) : expectedResponse(message) };
  } catch (error) {
    if (error instanceof Refusal) return { refused: 'INVALID_ARGUMENT' };
    throw error;
  }
}

function expectedHead(message: Message) {
  return {
    modelName: message.model_name ?? '',
    modelVersion: message.model_version ?? '',
    id: message.id ?? '',
    parameters: expectedParameters(message.parameters),
  };
}

function expectedRequest(message: Message): object {
  const raw = (message.raw_input_contents ?? []) as Buffer[];
  const outputs = ((message.outputs ?? []) as Message[]).map(
    (output): RequestedOutput => ({
      name: (output.name ?? '') as string,
      parameters: expectedParameters(output.parameters),
    }),
  );
  const inputs = expectedTensors((message.inputs ?? []) as Message[], raw);
  return { ...expectedHead(message), inputs, outputs, form: raw.length > 0 ? 'raw' : 'typed' };
}

function expectedResponse(message: Message): object {
  const raw = (message.raw_output_contents ?? []) as Buffer[];
  const outputs = expectedTensors((message.outputs ?? []) as Message[], raw);
  return { ...expectedHead(message), outputs, form: raw.length > 0 ? 'raw' : 'typed' };
}

function expectedParameters(map: unknown): Parameters {
  const entries = Object.entries((map ?? {}) as Record<string, Message>).flatMap(([key, parameter]) => {
    const [choice] = Object.entries(parameter);
    if (!choice) return [];
    const [name, value] = choice;
    const double = Buffer.alloc(8);
    if (name === 'double_param') double.writeBigUInt64LE(value as bigint);
    return [[key, name === 'double_param' ? double.readDoubleLE() : value]];
  });
  return Object.fromEntries(entries);
}

function expectedTensors(tensors: Message[], raw: Buffer[]): object[] {
  if (raw.length > 0 && raw.length !== tensors.length) throw new Refusal();
  return tensors.map((tensor, index) => {
    const datatype = (tensor.datatype ?? '') as Datatype;
    if (!Object.hasOwn(allSizes, datatype)) throw new Refusal();
    const shape = (tensor.shape ?? []) as bigint[];
    if (shape.some((dimension) => dimension < 0n || dimension > 2n ** 53n - 1n)) throw new Refusal();
    const count = shape.reduce((product, dimension) => product * dimension, 1n);
    const contents = (tensor.contents ?? {}) as Record<string, unknown[]>;
    const entry = raw[index];
    if (entry && Object.keys(contents).length > 0) throw new Refusal();
    const elements = entry ? rawElements(datatype, entry) : typedElements(datatype, contents);
    if (BigInt(elements.length) !== count) throw new Refusal();
    const parameters = expectedParameters(tensor.parameters);
    return {
      name: tensor.name ?? '',
      datatype,
      shape: shape.map(Number),
      bytes: datatype === 'BYTES' ? elements : [elements.join('')],
      array: arrays[datatype],
      ...(Object.keys(parameters).length > 0 && { parameters }),
    };
  });
}

/** Every element in hexadecimal, as it is in memory. */
function rawElements(datatype: Datatype, bytes: Buffer): string[] {
  const elements: string[] = [];
  const size = allSizes[datatype] ?? 0;
  for (let offset = 0; offset < bytes.length; ) {
    if (size === 0 && offset + 4 > bytes.length) throw new Refusal();
    const start = size === 0 ? offset + 4 : offset;
    const end = start + (size === 0 ? bytes.readUInt32LE(offset) : size);
    if (end > bytes.length || (datatype === 'BOOL' && (bytes[offset] as number) > 1)) throw new Refusal();
    elements.push(bytes.toString('hex', start, end));
    offset = end;
  }
  return elements;
}

function typedElements(datatype: Datatype, contents: Record<string, unknown[]>): string[] {
  const field = fields[datatype];
  if (!field || Object.keys(contents).some((name) => name !== field)) throw new Refusal();
  return (contents[field] ?? []).map((value) => {
    if (Buffer.isBuffer(value)) return value.toString('hex');
    const size = allSizes[datatype] as number;
    const integer = BigInt(value as bigint | boolean);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, integer));
    const width = size * 8;
    const held = datatype.startsWith('INT') ? BigInt.asIntN(width, integer) : BigInt.asUintN(width, integer);
    if (held !== integer) throw new Refusal();
    return bytes.toString('hex', 0, size);
  });
}
