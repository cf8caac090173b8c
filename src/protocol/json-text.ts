/** JSON as the protocol needs it: integers exact beyond 2^53 in both directions, and nesting bounded before parsing. */
import { parse as parseLossless } from 'lossless-json';
import type { Elements } from './datatype.js';
import { oipError } from './status.js';

/** Deepest nesting of arrays and objects that a body may have. */
export const maxJsonDepth = 100;

/** An integer of 16 digits or more, which may be beyond 2^53; a fraction of any length survives JSON.parse. */
const longInteger = /[[,:\s]-?\d{16,}\s*[,\]}]/;

/**
 * The value of a JSON text; an integer that a double cannot hold exactly becomes a bigint.
 * Throws INVALID_ARGUMENT for malformed text and for nesting deeper than maxJsonDepth.
 */
export function parseJson(text: string): unknown {
  assertDepth(text);
  try {
    return longInteger.test(text) ? parseLossless(text, undefined, { parseNumber }) : JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = /[[,:\s-](NaN|Infinity)\b/.test(text)
      ? '; NaN and Infinity are not JSON: send such data in binary'
      : '';
    throw oipError('INVALID_ARGUMENT', `The body is not valid JSON: ${reason.slice(0, 200)}${hint}`);
  }
}

function parseNumber(text: string): number | bigint {
  const value = Number(text);
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(value) ? BigInt(text) : value;
}

const quote = 34;
const backslash = 92;

function assertDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === backslash) index++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === 91 || code === 123) {
      if (++depth > maxJsonDepth) {
        throw oipError('INVALID_ARGUMENT', `The body nests deeper than ${maxJsonDepth} levels of JSON`);
      }
    } else if (code === 93 || code === 125) depth--;
  }
}

/** What writeJson takes: JSON values, bigints, and typed arrays, which become arrays of numbers. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Exclude<Elements, Uint8Array[]>
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** JSON text; bigints as integers, −0 as `-0.0`, since Python's readers make 0 of `-0`. Numbers must be finite: JSON has no other. */
export function writeJson(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (ArrayBuffer.isView(value)) return `[${Array.from(value as Float64Array, writeJson).join(',')}]`;
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  const members = Object.entries(value as Record<string, JsonValue | undefined>).flatMap(([key, member]) =>
    member === undefined ? [] : [`${JSON.stringify(key)}:${writeJson(member)}`],
  );
  return `{${members.join(',')}}`;
}
