/** Numbers and attributes of the JSON mapping of protobuf. Source: https://protobuf.dev/programming-guides/json/ */
import { valueText } from '../identity.js';
import type { Attribute } from '../otlp-document.js';
import type { Integer } from '../point-values.js';
import type { JsonCursor } from './json-cursor.js';

/** Smallest and largest value of the 64-bit integers. */
export const int64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
export const uint64 = { least: 0n, most: 2n ** 64n - 1n };

/** An integer, as a number or as a string; undefined for null. Throws OtlpInputError beyond the range. */
export function integer(cursor: JsonCursor, what: string, range: typeof int64): Integer | undefined {
  const begin = cursor.position;
  const text = cursor.numberText(`an integer (${what})`);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const value = exactInteger(text) ?? cursor.fail(`an integer (${what})`, valueStart(cursor, begin));
  if (value < range.least || value > range.most) {
    cursor.fail(`an integer of 64 bits (${what})`, valueStart(cursor, begin));
  }
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** The mapping also takes `1e3` and `5.0`, as long as they are integers. */
function exactInteger(text: string): bigint | undefined {
  if (/^-?\d+$/.test(text)) return BigInt(text);
  const value = text.trim() === text && text !== '' ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

/** A double, as a number or as a string, NaN, Infinity and -Infinity among them; undefined for null. */
export function double(cursor: JsonCursor, what: string): number | undefined {
  const begin = cursor.position;
  const text = cursor.numberText(`a number (${what})`);
  if (text === undefined) return undefined;
  if (text === 'NaN') return Number.NaN;
  const value = /^-?(?:Infinity|\d[\d.]*(?:[eE][+-]?\d+)?)$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isNaN(value)) return value;
  return cursor.fail(`a number, or one of "NaN", "Infinity" and "-Infinity" (${what})`, valueStart(cursor, begin));
}

/** A time in nanoseconds; 0 for null. */
export function nanoseconds(cursor: JsonCursor, what: string): bigint {
  return BigInt(integer(cursor, what, uint64) ?? 0);
}

/** Values of an array, each of which `read` reads; null among them is what `read` makes of it. */
export function list<T>(cursor: JsonCursor, what: string, read: (cursor: JsonCursor) => T): T[] {
  const values: T[] = [];
  cursor.array(() => values.push(read(cursor)), what);
  return values;
}

/** `KeyValue`s, each with its place. */
export function attributes(cursor: JsonCursor, what: string): Attribute[] {
  return list(cursor, what, keyValue);
}

function keyValue(cursor: JsonCursor): Attribute {
  cursor.peek();
  const start = cursor.position;
  const attribute = { key: '', value: valueText.empty, start, end: start };
  cursor.object((key) => {
    if (key === 'key') attribute.key = cursor.isNull() ? '' : cursor.string('a string (key)');
    else if (key === 'value') attribute.value = anyValue(cursor);
    else cursor.skip();
  }, 'an attribute');
  attribute.end = cursor.position;
  return attribute;
}

/** `AnyValue`: of several members the last one counts. */
function anyValue(cursor: JsonCursor): string {
  let value = valueText.empty;
  cursor.object((key) => {
    const read = valueReaders[key];
    if (read === undefined) cursor.skip();
    else if (!cursor.isNull()) value = read(cursor);
  }, "an attribute's value");
  return value;
}

const valueReaders: Record<string, ((cursor: JsonCursor) => string) | undefined> = {
  // A member of this name is none of ours, and nothing is to come from the prototype of objects.
  __proto__: undefined,
  stringValue: (cursor) => valueText.string(cursor.string('a string (stringValue)')),
  boolValue: (cursor) => valueText.bool(cursor.boolean('true or false (boolValue)') ?? false),
  intValue: (cursor) => valueText.int(integer(cursor, 'intValue', int64) ?? 0),
  doubleValue: (cursor) => valueText.double(double(cursor, 'doubleValue') ?? 0),
  bytesValue: (cursor) => valueText.bytes(Buffer.from(cursor.string('base64 (bytesValue)'), 'base64')),
  arrayValue: (cursor) => valueText.array(members(cursor, 'arrayValue', anyValue)),
  kvlistValue: (cursor) => valueText.map(members(cursor, 'kvlistValue', keyValue)),
};

function members<T>(cursor: JsonCursor, what: string, read: (cursor: JsonCursor) => T): T[] {
  let values: T[] = [];
  cursor.object((key) => {
    if (key === 'values') values = list(cursor, what, read);
    else cursor.skip();
  }, what);
  return values;
}

/** Where the value that was just read begins, for a message. */
function valueStart(cursor: JsonCursor, begin: number): number {
  return begin + (/^[\s:,]*/.exec(cursor.text.slice(begin, begin + 1000))?.[0].length ?? 0);
}
