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

/** Bytes of one element in raw form; undefined for BYTES, whose elements carry their length. */
export const elementSize: Readonly<Record<Datatype, number | undefined>> = {
  BOOL: 1,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: undefined,
};

const constructors = {
  BOOL: Uint8Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

/** Datatypes whose elements all have the same size. */
export type FixedDatatype = keyof typeof constructors;

/** `length` zero elements of a datatype of fixed size. */
export function createElements<D extends FixedDatatype>(datatype: D, length: number): ElementsOf[D] {
  return new constructors[datatype](length) as ElementsOf[D];
}

/** Elements over `length` elements' worth of `buffer`; `byteOffset` must be a multiple of the element's size. */
export function viewElements<D extends FixedDatatype>(
  datatype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): ElementsOf[D] {
  return new constructors[datatype](buffer as ArrayBuffer, byteOffset, length) as ElementsOf[D];
}

/** Smallest and largest value of each integer datatype. */
export const integerRanges = {
  INT8: [-128n, 127n],
  INT16: [-32_768n, 32_767n],
  INT32: [-2_147_483_648n, 2_147_483_647n],
  INT64: [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n],
  UINT8: [0n, 255n],
  UINT16: [0n, 65_535n],
  UINT32: [0n, 4_294_967_295n],
  UINT64: [0n, 18_446_744_073_709_551_615n],
} as const satisfies Partial<Record<Datatype, readonly [bigint, bigint]>>;

export type IntegerDatatype = keyof typeof integerRanges;

export function isInteger(datatype: Datatype): datatype is IntegerDatatype {
  return datatype in integerRanges;
}
