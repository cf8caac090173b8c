/**
 * Files of numpy's .npy format, versions 1.0 to 3.0, as tensors.
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { UsageError } from '../errors.js';
import { createElements, type Datatype, type Elements, elementSize } from '../protocol/datatype.js';
import { decodeRaw } from '../protocol/raw-bytes.js';
import { elementCount, formatShape } from '../protocol/shape.js';
import type { Tensor } from '../protocol/tensor.js';
import { asUsage } from './as-usage.js';

/** A tensor that has no name yet. */
export type NamelessTensor = Pick<Tensor, 'datatype' | 'shape' | 'data'>;

const magic = Buffer.from('\x93NUMPY', 'latin1');

/** Whether bytes begin as a .npy file does. */
export function isNpy(bytes: Buffer): boolean {
  return bytes.subarray(0, magic.byteLength).equals(magic);
}

/**
 * The array of a file, in row-major order. Numbers of either byte order keep their datatype, a scalar has the shape
 * `[1]`, texts (`S` and `U`) are BYTES in UTF-8 without the padding at their end, and two bytes of void are BF16, as
 * ml_dtypes writes it.
 * @param subject begins messages: `--input: x.npy`
 * @throws UsageError for a file that is cut off or goes on, and for what no tensor can hold
 */
export function readNpy(file: Buffer, subject: string): NamelessTensor {
  const { descr, fortranOrder, shape, start } = readHeader(file, subject);
  const { datatype, width, swap, text } = elementOf(descr, subject);
  const count = asUsage(() => elementCount(shape, subject));
  const there = file.byteLength - start;
  if (there !== count * width) {
    const what = there < count * width ? 'is cut off' : 'goes on after its array';
    throw new UsageError(
      `${subject} ${what}: ${formatShape(shape)} of ${descr} needs ${count * width} bytes, it has ${there}`,
    );
  }
  const bytes = Buffer.from(file.subarray(start));
  if (swap === 2) bytes.swap16();
  else if (swap === 4) bytes.swap32();
  else if (swap === 8) bytes.swap64();
  const elements = text
    ? readTexts(bytes, count, width, text, subject)
    : asUsage(() => decodeRaw(datatype, bytes, count, subject));
  const data = fortranOrder ? rowMajor(elements, datatype, shape) : elements;
  return { datatype, shape: shape.length === 0 ? [1] : shape, data };
}

interface Header {
  descr: string;
  fortranOrder: boolean;
  shape: number[];
  /** Where the array begins. */
  start: number;
}

function readHeader(file: Buffer, subject: string): Header {
  const major = file[6] ?? 0;
  const wide = major >= 2;
  const from = wide ? 12 : 10;
  if (file.byteLength < from) throw new UsageError(`${subject} is cut off: it ends within the head of a .npy file`);
  if (major < 1 || major > 3) {
    throw new UsageError(
      `${subject} is of version ${major}.${file[7]} of the .npy format; versions 1.0 to 3.0 are read`,
    );
  }
  const start = from + (wide ? file.readUInt32LE(8) : file.readUInt16LE(8));
  if (start > file.byteLength) {
    throw new UsageError(`${subject} is cut off: its header ends at byte ${start}, the file at ${file.byteLength}`);
  }
  const header = file.toString(major === 3 ? 'utf8' : 'latin1', from, start);
  const record = /['"]descr['"]\s*:\s*\[/.test(header);
  if (record) {
    throw new UsageError(`${subject} holds records of several fields, and a tensor has elements of one datatype`, {
      hint: "save a field alone: numpy.save('x.npy', a['field'])",
    });
  }
  // A literal of Python's; Python 2 wrote sizes as 3L.
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]*)['"]/.exec(header)?.[1];
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  const sizes = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined) {
    throw new UsageError(`${subject}: the header of the .npy file lacks descr, fortran_order or shape`);
  }
  const shape = [...sizes.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  return { descr, fortranOrder: order === 'True', shape, start };
}

interface Element {
  datatype: Datatype;
  /** Bytes in the file. */
  width: number;
  /** Bytes that stand the wrong way round; 0 where none do. */
  swap: number;
  /** How texts are written, where it is texts. */
  text?: 'latin1' | 'utf32';
}

const numbers: Readonly<Record<string, Datatype>> = {
  b1: 'BOOL',
  i1: 'INT8',
  i2: 'INT16',
  i4: 'INT32',
  i8: 'INT64',
  u1: 'UINT8',
  u2: 'UINT16',
  u4: 'UINT32',
  u8: 'UINT64',
  f2: 'FP16',
  f4: 'FP32',
  f8: 'FP64',
  V2: 'BF16',
};

/** What of numpy's has no datatype, and what to make of it. */
const refused: Readonly<Record<string, { what: string; hint: string }>> = {
  O: {
    what: 'objects of Python, which need Python to be read',
    hint: "a.astype('S') or a.astype('f8') makes a plain array",
  },
  c: { what: 'complex numbers', hint: 'save a.real and a.imag' },
  f: { what: 'numbers of a width that the protocol lacks', hint: "a.astype('f8')" },
  M: { what: 'dates', hint: "a.astype('i8')" },
  m: { what: 'spans of time', hint: "a.astype('i8')" },
};

function elementOf(descr: string, subject: string): Element {
  const [, order = '', kind = '', digits = ''] = /^([<>|=]?)([A-Za-z])(\d*)/.exec(descr) ?? [];
  const size = Number(digits);
  const big = order === '>';
  const datatype = /^[<>|=]?[A-Za-z]\d+$/.test(descr) ? numbers[`${kind}${size}`] : undefined;
  if (datatype !== undefined) {
    const width = elementSize[datatype] ?? 0;
    return { datatype, width, swap: big && width > 1 ? width : 0 };
  }
  if (size > 0 && kind === 'S') return { datatype: 'BYTES', width: size, swap: 0, text: 'latin1' };
  if (size > 0 && kind === 'U') return { datatype: 'BYTES', width: size * 4, swap: big ? 4 : 0, text: 'utf32' };
  const { what, hint } = refused[kind] ?? { what: 'elements that the protocol has no datatype for', hint: undefined };
  throw new UsageError(`${subject} holds ${what} (${descr})`, { ...(hint !== undefined && { hint }) });
}

/** Texts of one width each, filled up with zeros. */
function readTexts(
  bytes: Buffer,
  count: number,
  width: number,
  text: 'latin1' | 'utf32',
  subject: string,
): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const element = bytes.subarray(index * width, (index + 1) * width);
    if (text === 'latin1') return Buffer.from(element.subarray(0, lengthOf(element)));
    let letters = '';
    for (let at = 0; at < width; at += 4) {
      const code = element.readUInt32LE(at);
      if (code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) {
        throw new UsageError(`${subject}: element ${index} has the code ${code}, which is no letter of Unicode`);
      }
      letters += String.fromCodePoint(code);
    }
    return Buffer.from(letters.replace(/\0+$/, ''), 'utf8');
  });
}

/** Without the zeros at the end. */
function lengthOf(element: Buffer): number {
  let length = element.byteLength;
  while (length > 0 && element[length - 1] === 0) length -= 1;
  return length;
}

/** Elements whose first index moves fastest, in the order in which the last one does. */
function rowMajor(elements: Elements, datatype: Datatype, shape: readonly number[]): Elements {
  const strides: number[] = [];
  shape.reduce((stride, size, axis) => {
    strides[axis] = stride;
    return stride * size;
  }, 1);
  const ordered: Elements = datatype === 'BYTES' ? [] : createElements(datatype, elements.length);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < elements.length; to += 1) {
    (ordered as unknown[])[to] = elements[from];
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const stride = strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        from += stride;
        break;
      }
      index[axis] = 0;
      from -= (next - 1) * stride;
    }
  }
  return ordered;
}
