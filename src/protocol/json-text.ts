/** JSON as the protocol needs it: integers exact beyond 2^53 in both directions, and nesting bounded before parsing. */
import { parse as parseLossless } from 'lossless-json';
import type { Elements } from './datatype.js';
import { oipError } from './status.js';

/** Deepest nesting of arrays and objects that a body may have, unless its reader says otherwise. */
export const maxJsonDepth = 100;

/** An integer of 16 digits or more, which may be beyond 2^53; a fraction of any length survives JSON.parse. */
const longInteger = /[[,:\s]-?\d{16,}\s*[,\]}]/;

/**
 * The value of a JSON text; an integer that a double cannot hold exactly becomes a bigint. Of a member that is there
 * twice the last one counts, as JSON.parse has it.
 * Throws INVALID_ARGUMENT for malformed text and for nesting deeper than `maxDepth`.
 */
export function parseJson(text: string, maxDepth = maxJsonDepth): unknown {
  assertDepth(text, maxDepth);
  if (!longInteger.test(text)) return parseDoubles(text);
  return parsed(text, () =>
    parseLossless(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue }),
  );
}

/**
 * As parseJson, but several times faster, with every number as the nearest double. An integer that is not safe has lost
 * digits then: it is for the caller to see that, and to parse again.
 */
export function parseJsonAsDoubles(text: string, maxDepth = maxJsonDepth): unknown {
  assertDepth(text, maxDepth);
  return parseDoubles(text);
}

const parseDoubles = (text: string): unknown => parsed(text, () => JSON.parse(text));

function parsed(text: string, parse: () => unknown): unknown {
  try {
    return parse();
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

function assertDepth(text: string, maxDepth: number): void {
  // Hardly a body has as many brackets as it may nest, and to count them costs nothing beside looking at each letter.
  if (!hasMoreBrackets(text, maxDepth)) return;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === backslash) index++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === 91 || code === 123) {
      if (++depth > maxDepth) {
        throw oipError(
          'INVALID_ARGUMENT',
          `The body nests deeper than ${maxDepth} levels of JSON, the limit maxJsonDepth`,
        );
      }
    } else if (code === 93 || code === 125) depth--;
  }
}

function hasMoreBrackets(text: string, most: number): boolean {
  return countOf('[', text, most) + countOf('{', text, most) > most;
}

/** How often `letter` is in `text`; no more than one beyond `most` are counted. */
function countOf(letter: string, text: string, most: number): number {
  let count = 0;
  for (let index = text.indexOf(letter); index !== -1 && count <= most; index = text.indexOf(letter, index + 1))
    count++;
  return count;
}

/** What writeJson takes: JSON values, bigints, and typed arrays, which become arrays of numbers. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | NumericArray
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

type NumericArray = Exclude<Elements, Uint8Array[]>;

/**
 * JSON text; bigints as integers, and −0 as `-0.0`, since Python's readers make an integer, and so a positive one, of
 * `-0`. Numbers must be finite: JSON has no other.
 */
export function writeJson(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (ArrayBuffer.isView(value)) return `[${writeNumbers(value as NumericArray)}]`;
  if (Array.isArray(value)) return writeArray(value);
  const object = value as Record<string, JsonValue | undefined>;
  let members = '';
  for (const key of Object.keys(object)) {
    const member = object[key];
    if (member === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${writeJson(member)}`;
  }
  return `{${members}}`;
}

function writeArray(array: readonly JsonValue[]): string {
  // JSON.stringify is faster where it writes the same, and elements of a tensor are all of one kind.
  if (array.every((element) => typeof element === 'string' || typeof element === 'boolean'))
    return JSON.stringify(array);
  let elements = '';
  for (let index = 0; index < array.length; index++) {
    elements += `${index === 0 ? '' : ','}${writeJson(array[index] as JsonValue)}`;
  }
  return `[${elements}]`;
}

/** The shortest digits that are read back as the same number; `join` writes them fastest, but −0 as `0`. */
function writeNumbers(numbers: NumericArray): string {
  if (numbers instanceof Float64Array || numbers instanceof Float32Array) {
    for (let index = 0; index < numbers.length; index++) {
      if (Object.is(numbers[index], -0)) return Array.from(numbers, writeJson).join(',');
    }
  }
  return numbers.join(',');
}
