/** Requests and responses as the plain objects that protobufjs encodes. */
import Long from 'long';
import type {
  InferRequest,
  InferResponse,
  Parameters,
  ParameterValue,
  Tensor,
} from '../../../../src/protocol/tensor.js';

/** The message of a request or a response, which has a raw entry for every tensor in raw form. */
export function genericMessage(message: InferRequest | InferResponse): Record<string, unknown> {
  const request = 'inputs' in message;
  const tensors = request ? message.inputs : message.outputs;
  const raw = message.form === 'raw' ? tensors.map(rawBytes) : [];
  return {
    model_name: message.modelName,
    model_version: message.modelVersion,
    id: message.id,
    parameters: genericParameters(message.parameters),
    [request ? 'inputs' : 'outputs']: tensors.map((tensor) => genericTensor(tensor, message.form === 'typed')),
    ...(request && {
      outputs: message.outputs.map(({ name, parameters = {} }) => ({
        name,
        parameters: genericParameters(parameters),
      })),
    }),
    [request ? 'raw_input_contents' : 'raw_output_contents']: raw,
  };
}

const fields = {
  ...({ BOOL: 'bool_contents', INT8: 'int_contents', INT16: 'int_contents', INT32: 'int_contents' } as const),
  ...({ INT64: 'int64_contents', UINT8: 'uint_contents', UINT16: 'uint_contents', UINT32: 'uint_contents' } as const),
  ...({ UINT64: 'uint64_contents', FP32: 'fp32_contents', FP64: 'fp64_contents', BYTES: 'bytes_contents' } as const),
};

function genericTensor({ name, datatype, shape, data, parameters = {} }: Tensor, typed: boolean) {
  const elements = Array.from(data as Iterable<unknown>, (element) => {
    if (typeof element === 'bigint') return Long.fromString(String(element), datatype === 'UINT64');
    return datatype === 'BOOL' ? element === 1 : element;
  });
  return {
    name,
    datatype,
    shape,
    parameters: genericParameters(parameters),
    ...(typed && { contents: { [fields[datatype as keyof typeof fields]]: elements } }),
  };
}

function rawBytes({ data }: Tensor): Buffer {
  if (!Array.isArray(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat(
    data.flatMap((element) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(element.length);
      return [length, element];
    }),
  );
}

function genericParameters(parameters: Parameters) {
  const entries = Object.entries(parameters).map(([key, value]) => [key, genericParameter(value)]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function genericParameter(value: ParameterValue): Record<string, unknown> {
  if (typeof value === 'boolean') return { bool_param: value };
  if (typeof value === 'string') return { string_param: value };
  if (typeof value === 'number') return { double_param: value };
  const unsigned = value >= 2n ** 63n;
  return { [unsigned ? 'uint64_param' : 'int64_param']: Long.fromString(String(value), unsigned) };
}
