/** `map<string, InferParameter>` on the wire. */
import { assertParameterLimit } from '../message-limits.js';
import { oipError, quoteName } from '../status.js';
import type { Parameters, ParameterValue } from '../tensor.js';
import type { WireReader } from './wire-reader.js';
import { delimitedSize, textSize, varint64Size, type WireWriter } from './wire-writer.js';

/** Tags of a map's entry and of InferParameter. */
const tags = { key: 0x0a, value: 0x12, bool: 0x08, int64: 0x10, string: 0x1a, double: 0x21, uint64: 0x28 } as const;

const int64Limit = 2n ** 63n;
const wordMask = 0xffffffffn;

/** Parameters as they are read, an entry at a time; `subject` says whose they are. */
export class ParametersReader {
  readonly values: Parameters = {};
  private count = 0;

  /**
   * Reads one entry of the map. An absent key is empty and an absent value has no choice, as the specification says,
   * and the last entry of a key wins; a parameter without a choice is none. Throws TOO_LARGE for more of them than are read.
   */
  readEntry(reader: WireReader): void {
    assertParameterLimit(++this.count);
    const outer = reader.enter();
    let key = '';
    let value: ParameterValue | undefined;
    while (!reader.atEnd) {
      const tag = reader.tag();
      if (tag === tags.key) key = reader.text();
      // An entry's value that comes twice is one message in two parts, so what was read stays where the second is empty.
      else if (tag === tags.value) value = readValue(reader, value);
      else reader.skip(tag);
    }
    reader.leave(outer);
    if (value === undefined) delete this.values[key];
    else if (key !== '__proto__') this.values[key] = value;
    // A member like any other, where an assignment would set the prototype.
    else Object.defineProperty(this.values, key, { value, configurable: true, enumerable: true, writable: true });
  }
}

/** InferParameter: of a oneof, the member that comes last. */
function readValue(reader: WireReader, before: ParameterValue | undefined): ParameterValue | undefined {
  const outer = reader.enter();
  let value = before;
  while (!reader.atEnd) {
    const tag = reader.tag();
    if (tag === tags.bool) {
      reader.varint();
      value = (reader.low | reader.high) !== 0;
    } else if (tag === tags.int64) {
      reader.varint();
      value = BigInt.asIntN(64, integer(reader));
    } else if (tag === tags.string) value = reader.text();
    else if (tag === tags.double) value = reader.double();
    else if (tag === tags.uint64) {
      reader.varint();
      value = integer(reader);
    } else reader.skip(tag);
  }
  reader.leave(outer);
  return value;
}

function integer({ low, high }: WireReader): bigint {
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}

/** A parameter as it is written: its tag, and the words of an integer. */
interface EncodedParameter {
  tag: number;
  low: number;
  high: number;
}

/** A number without a fraction travels as int64, as in other clients; any other number as double. */
function encode(key: string, value: ParameterValue): EncodedParameter {
  if (typeof value === 'boolean') return { tag: tags.bool, low: Number(value), high: 0 };
  if (typeof value === 'string') return { tag: tags.string, low: 0, high: 0 };
  if (typeof value === 'number' && (!Number.isSafeInteger(value) || Object.is(value, -0))) {
    return { tag: tags.double, low: 0, high: 0 };
  }
  const whole = BigInt(value);
  if (whole < -int64Limit || whole >= 2n * int64Limit) {
    throw oipError('INVALID_ARGUMENT', `parameter ${quoteName(key)}: ${whole} is beyond 64 bits`);
  }
  const bits = BigInt.asUintN(64, whole);
  const tag = whole >= int64Limit ? tags.uint64 : tags.int64;
  return { tag, low: Number(bits & wordMask), high: Number(bits >> 32n) };
}

function valueSize(value: ParameterValue, { tag, low, high }: EncodedParameter): number {
  if (tag === tags.string) return delimitedSize(textSize(value as string));
  return tag === tags.double ? 9 : 1 + varint64Size(low, high);
}

function entrySize(key: string, value: ParameterValue, encoded: EncodedParameter): number {
  return delimitedSize(textSize(key)) + delimitedSize(valueSize(value, encoded));
}

/** Bytes of all entries with their tags. Throws INVALID_ARGUMENT for an integer beyond 64 bits. */
export function parametersSize(parameters: Parameters = {}): number {
  let size = 0;
  for (const key of Object.keys(parameters)) {
    const value = parameters[key] as ParameterValue;
    size += delimitedSize(entrySize(key, value, encode(key, value)));
  }
  return size;
}

/** Writes what `parametersSize` has measured, every entry under the field's `tag`. */
export function writeParameters(writer: WireWriter, tag: number, parameters: Parameters = {}): void {
  for (const key of Object.keys(parameters)) {
    const value = parameters[key] as ParameterValue;
    const encoded = encode(key, value);
    writer.delimited(tag, entrySize(key, value, encoded));
    writer.text(tags.key, key);
    writer.delimited(tags.value, valueSize(value, encoded));
    if (encoded.tag === tags.string) writer.text(encoded.tag, value as string);
    else {
      writer.byte(encoded.tag);
      if (encoded.tag === tags.double) writer.double(value as number);
      else writer.varint64(encoded.low, encoded.high);
    }
  }
}
