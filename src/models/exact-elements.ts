/** Values of any making as the elements of a datatype: exactly, or not at all. */
import { createElements, type Datatype, type Elements, integerRanges, isInteger } from '../protocol/datatype.js';
import { readHalf, writeHalf } from '../protocol/half-precision.js';

/**
 * `data` as elements of `datatype`: itself where it is of the right type already, else a copy. FP16, BF16 and FP32 round,
 * as they always do; nothing wraps around, is cut or becomes infinite. Throws Error with the first element that cannot be held.
 */
export function exactElements(datatype: Datatype, data: unknown): Elements {
  if (datatype === 'BYTES') return bytesElements(data);
  const own = createElements(datatype, 0).constructor as new (length: number) => Elements;
  if (data instanceof own && datatype !== 'BOOL') return data;
  if (!isListOfValues(data)) throw new Error(`data is ${kindOf(data)}; ${datatype} needs ${own.name} or an array`);
  const elements = createElements(datatype, data.length);
  for (let index = 0; index < data.length; index++) {
    const value = data[index];
    const held = heldValue(datatype, value);
    if (held === undefined) throw new Error(`element ${index} is ${shown(value)}, which ${datatype} cannot hold`);
    (elements as unknown as unknown[])[index] = held;
  }
  return elements as Elements;
}

/** The value as an element is written; undefined where the datatype has no such value. */
function heldValue(datatype: Exclude<Datatype, 'BYTES'>, value: unknown): number | bigint | undefined {
  if (datatype === 'BOOL') {
    if (value === true || value === 1) return 1;
    return value === false || value === 0 ? 0 : undefined;
  }
  if (isInteger(datatype)) {
    const exact = typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
    const [least, most] = integerRanges[datatype];
    if (typeof exact !== 'bigint' || exact < least || exact > most) return undefined;
    return datatype === 'INT64' || datatype === 'UINT64' ? exact : Number(exact);
  }
  if (typeof value !== 'number') return undefined;
  if (datatype === 'FP16' || datatype === 'BF16') {
    const bits = writeHalf(datatype, value);
    return Number.isFinite(value) && !Number.isFinite(readHalf(datatype, bits)) ? undefined : bits;
  }
  const overflows = datatype === 'FP32' && Number.isFinite(value) && !Number.isFinite(Math.fround(value));
  return overflows ? undefined : value;
}

function bytesElements(data: unknown): Uint8Array[] {
  if (!Array.isArray(data)) throw new Error(`data is ${kindOf(data)}; BYTES needs an array of Uint8Array or strings`);
  const encoder = new TextEncoder();
  return Array.from(data as unknown[], (element, index) => {
    if (element instanceof Uint8Array) return element;
    if (typeof element === 'string' && !/\p{Surrogate}/u.test(element)) return encoder.encode(element);
    throw new Error(`element ${index} is ${shown(element)}; BYTES needs a Uint8Array or well-formed text`);
  });
}

function isListOfValues(data: unknown): data is ArrayLike<unknown> {
  return Array.isArray(data) || (ArrayBuffer.isView(data) && !(data instanceof DataView));
}

function kindOf(data: unknown): string {
  if (data === undefined || data === null) return String(data);
  if (typeof data !== 'object') return `a ${typeof data}`;
  return `of type ${data.constructor?.name ?? 'Object'}`;
}

/** A value as a message shows it, cut short. */
function shown(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return kindOf(value);
}
