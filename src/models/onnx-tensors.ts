/** Tensors of the protocol as the ONNX runtime has them, and back. */
import { type Datatype, type Elements, viewElements } from '../protocol/datatype.js';
import { oipError, quoteName } from '../protocol/status.js';
import type { Tensor, TensorMetadata } from '../protocol/tensor.js';
import type { OnnxRuntime, OnnxTensor, OnnxValueMetadata } from './onnx-runtime.js';

/** The runtime's names. It has none for bfloat16, the 4-bit integers and complex numbers. */
const datatypeOf: Readonly<Record<string, Datatype>> = {
  bool: 'BOOL',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};

const typeOf = new Map(Object.entries(datatypeOf).map(([type, datatype]) => [datatype, type]));

/**
 * Metadata of an input or output; a dimension that has only a name is −1. `scalars` names those known to be scalars. Throws Error for what is no tensor, and for a
 * datatype that the protocol or the runtime lacks.
 */
export function onnxMetadata(
  value: OnnxValueMetadata,
  role: 'input' | 'output',
  scalars: ReadonlySet<string>,
): TensorMetadata {
  const subject = `${role} ${quoteName(value.name)}`;
  if (!value.isTensor) {
    throw new Error(
      `${subject} is a sequence, a map or another value that is no tensor; export the model with tensors only` +
        ' (skl2onnx: options={"zipmap": False})',
    );
  }
  const datatype = datatypeOf[value.type];
  if (!datatype) throw new Error(`${subject} has the datatype ${value.type}, which cannot be served`);
  // No dimensions are a scalar, or a shape that is not known: then every one is taken.
  if (value.shape.length === 0) return { name: value.name, datatype, shape: scalars.has(value.name) ? [] : [-1] };
  return { name: value.name, datatype, shape: value.shape.map((size) => (typeof size === 'number' ? size : -1)) };
}

/** A tensor for the runtime. Throws INVALID_ARGUMENT for strings that it would change. */
export function toOnnxTensor({ Tensor: Make }: OnnxRuntime, tensor: Tensor): OnnxTensor {
  const { datatype, data, shape, name } = tensor;
  const type = typeOf.get(datatype);
  if (type === undefined) throw new Error(`no ONNX tensor has the datatype ${datatype}`);
  return new Make(type, datatype === 'BYTES' ? toText(data as Uint8Array[], name) : (data as ArrayBufferView), shape);
}

function toText(elements: readonly Uint8Array[], name: string): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return elements.map((bytes, index) => {
    const refuse = (why: string) =>
      oipError('INVALID_ARGUMENT', `input ${quoteName(name)}: element ${index} ${why}; ONNX models take text`);
    // The runtime would cut the text there.
    if (bytes.includes(0)) throw refuse('has a NUL character');
    try {
      return decoder.decode(bytes);
    } catch {
      throw refuse('is not UTF-8');
    }
  });
}

/** A tensor of the runtime as one of the protocol, under its declared name and datatype. */
export function fromOnnxTensor(tensor: OnnxTensor, { name, datatype }: TensorMetadata): Tensor {
  return { name, datatype: datatype as Datatype, shape: [...tensor.dims], data: toElements(tensor.data, datatype) };
}

function toElements(data: OnnxTensor['data'], datatype: string): Elements {
  if (Array.isArray(data)) {
    const encoder = new TextEncoder();
    return data.map((text) => encoder.encode(text));
  }
  // A Node that has Float16Array gets one from the runtime; the protocol has the bits.
  if (datatype === 'FP16' && !(data instanceof Uint16Array)) {
    return viewElements('FP16', data.buffer, data.byteOffset, data.byteLength / 2);
  }
  return data as Exclude<Elements, Uint8Array[]>;
}
