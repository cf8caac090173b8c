/** The OIP datatypes and the typed array that holds each in memory. */

/**
 * Datatype names of the Open Inference Protocol. FP16 and BF16 are held as their bit patterns.
 * Source: https://kserve.github.io/website (Open Inference Protocol, tensor data types); BF16 is Triton's.
 */
export const datatypes = [
  'BOOL',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
  'BYTES',
] as const;

export type Datatype = (typeof datatypes)[number];

/** Elements of a tensor in row-major order; BOOL is a Uint8Array of 0 and 1, BYTES one Uint8Array an element. */
export interface ElementsOf {
  BOOL: Uint8Array;
  INT8: Int8Array;
  INT16: Int16Array;
  INT32: Int32Array;
  INT64: BigInt64Array;
  UINT8: Uint8Array;
  UINT16: Uint16Array;
  UINT32: Uint32Array;
  UINT64: BigUint64Array;
  FP16: Uint16Array;
  BF16: Uint16Array;
  FP32: Float32Array;
  FP64: Float64Array;
  BYTES: Uint8Array[];
}

export type Elements = ElementsOf[Datatype];

export function isDatatype(name: string): name is Datatype {
  return (datatypes as readonly string[]).includes(name);
}
