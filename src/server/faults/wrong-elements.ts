/** Elements that are not those of a model's answer. They are always new ones: what a model returned may be its input. */
import { type Datatype, type Elements, type FixedDatatype, isInteger, viewElements } from '../../protocol/datatype.js';
import { readHalf, writeHalf } from '../../protocol/half-precision.js';
import { encodeRaw } from '../../protocol/raw-bytes.js';
import type { Tensor } from '../../protocol/tensor.js';

/**
 * Every element off by `offset`, which is whole and not 0 for integers; half of it where it is too large for the offset to
 * show. BOOL is inverted, BYTES have a letter more.
 */
export function offBy(offset: number, { datatype, data }: Pick<Tensor, 'datatype' | 'data'>): Elements {
  if (Array.isArray(data)) return data.map((element) => Buffer.concat([element, Buffer.from('x')]));
  if (datatype === 'BOOL') return (data as Uint8Array).map((value) => 1 - value);
  if (datatype === 'FP16' || datatype === 'BF16') {
    return (data as Uint16Array).map((bits) => {
      const value = readHalf(datatype, bits);
      const off = writeHalf(datatype, value + offset);
      return off === bits ? writeHalf(datatype, value / 2) : off;
    });
  }
  if (data instanceof BigInt64Array) return data.map((value) => value + BigInt(whole(offset)));
  if (data instanceof BigUint64Array) return data.map((value) => value + BigInt(whole(offset)));
  if (isInteger(datatype)) return (data as Int32Array).map((value) => value + whole(offset));
  const round = datatype === 'FP32' ? Math.fround : Number;
  return (data as Float64Array).map((value) => (round(value + offset) === value ? value / 2 : value + offset));
}

/** The nearest integer, but not 0 for what is not 0. */
function whole(offset: number): number {
  return Math.round(offset) || Math.sign(offset);
}

/** NaN in every element of a floating-point datatype; undefined for other ones. */
export function allNaN({ datatype, data }: Pick<Tensor, 'datatype' | 'data'>): Elements | undefined {
  switch (datatype) {
    case 'FP16':
    case 'BF16':
      return new Uint16Array(data.length).fill(writeHalf(datatype, Number.NaN));
    case 'FP32':
      return new Float32Array(data.length).fill(Number.NaN);
    case 'FP64':
      return new Float64Array(data.length).fill(Number.NaN);
    default:
      return undefined;
  }
}

/** Another datatype of the same size for each, but for BYTES, which have no size; none whose values JSON cannot carry. */
const otherDatatype: Readonly<Record<Datatype, FixedDatatype>> = {
  BOOL: 'UINT8',
  INT8: 'UINT8',
  UINT8: 'INT8',
  INT16: 'UINT16',
  UINT16: 'INT16',
  FP16: 'INT16',
  BF16: 'INT16',
  INT32: 'UINT32',
  UINT32: 'INT32',
  FP32: 'INT32',
  INT64: 'UINT64',
  UINT64: 'INT64',
  FP64: 'INT64',
  BYTES: 'UINT8',
};

/** The same bytes as elements of another datatype. */
export function asOtherDatatype({
  datatype,
  data,
}: Pick<Tensor, 'datatype' | 'data'>): Pick<Tensor, 'datatype' | 'data'> {
  const other = otherDatatype[datatype];
  if (Array.isArray(data)) return { datatype: other, data: encodeRaw(datatype, data) };
  return { datatype: other, data: viewElements(other, data.buffer, data.byteOffset, data.length) };
}
