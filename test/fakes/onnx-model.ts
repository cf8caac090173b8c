/** ONNX files of one node, written by hand: as much of the format as a runtime insists on. */

/** Numbers of the datatypes. Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (TensorProto.DataType) */
export const onnxType = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
} as const;

export interface OnnxModelOptions {
  /** The operator of the one node. `Mul` unless given. */
  op?: string;
  /** Number of the datatype of every input and output. FP64 unless given. */
  type?: number;
  /** Dimensions of every input and output, a name for one of any size; null for a shape that is not told. */
  shape?: readonly (number | string)[] | null;
  inputs?: readonly string[];
  outputs?: readonly string[];
}

/** A model of IR version 8 and opset 13. */
export function onnxModel(options: OnnxModelOptions = {}): Uint8Array {
  const { op = 'Mul', type = onnxType.FP64, shape = ['n'], inputs = ['a', 'b'], outputs = ['c'] } = options;
  const value = (name: string) => [...text(1, name), ...message(2, message(1, tensorType(type, shape)))];
  const node = [
    ...inputs.flatMap((name) => text(1, name)),
    ...outputs.flatMap((name) => text(2, name)),
    ...text(4, op),
  ];
  const graph = [
    ...message(1, node),
    ...text(2, 'graph'),
    ...inputs.flatMap((name) => message(11, value(name))),
    ...outputs.flatMap((name) => message(12, value(name))),
  ];
  return Uint8Array.from([...number(1, 8), ...message(7, graph), ...message(8, [...text(1, ''), ...number(2, 13)])]);
}

function tensorType(type: number, shape: OnnxModelOptions['shape']): number[] {
  const dimensions = (shape ?? []).flatMap((size) =>
    message(1, typeof size === 'string' ? text(2, size) : number(1, size)),
  );
  return [...number(1, type), ...(shape ? message(2, dimensions) : [])];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

function number(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)];
}

function message(field: number, bytes: number[]): number[] {
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}
