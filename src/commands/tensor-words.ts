/** Tensors from words on the command line, and back. */
import { UsageError } from '../errors.js';
import { createElements, type Datatype, isDatatype, isInteger } from '../protocol/datatype.js';
import { decodeJsonData } from '../protocol/json-data.js';
import { noMessageLimits } from '../protocol/message-limits.js';
import type { Tensor } from '../protocol/tensor.js';
import { asUsage } from './as-usage.js';

/** Words to a tensor; `shape` is `[words.length]` unless given. Throws UsageError naming the word that does not fit. */
export function tensorOfWords(name: string, datatype: Datatype, words: string[], shape = [words.length]): Tensor {
  return asUsage(() => ({ name, datatype, shape, data: elementsOfWords(datatype, words, shape) }));
}

/** A datatype as typed, in any case. Throws UsageError. */
export function datatypeOf(text: string): Datatype {
  const name = text.toUpperCase();
  if (isDatatype(name)) return name;
  throw new UsageError(`--datatype: ${JSON.stringify(text)} is no datatype`, {
    hint: 'one of BOOL, INT8 to INT64, UINT8 to UINT64, FP32, FP64, BYTES',
  });
}

function elementsOfWords(datatype: Datatype, words: string[], shape: number[]): Tensor['data'] {
  if (datatype === 'FP16' || datatype === 'BF16') {
    throw new UsageError(`${datatype} values have no form on the command line`, {
      hint: 'use FP32, or a client of your own',
    });
  }
  if (datatype === 'BYTES') return words.map((word) => new TextEncoder().encode(word));
  if (datatype === 'FP32' || datatype === 'FP64') {
    const elements = createElements(datatype, words.length);
    for (const [index, word] of words.entries()) elements[index] = floatOfWord(word, datatype);
    return elements;
  }
  const parse = (word: string) => (datatype === 'BOOL' ? boolOf(word) : isInteger(datatype) ? integerOf(word) : word);
  return decodeJsonData(datatype, words.map(parse), shape, {}, 'values', noMessageLimits);
}

/** A number as typed, NaN and the infinities by their names. Throws UsageError. */
export function floatOfWord(word: string, datatype: 'FP32' | 'FP64'): number {
  // Number('') is 0, Number('0x10') is 16: neither is what somebody means.
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) {
    const value = datatype === 'FP32' ? Math.fround(Number(word)) : Number(word);
    if (Number.isFinite(value)) return value;
    throw new UsageError(`${word} is beyond the range of ${datatype}; Infinity is a word of its own`);
  }
  const special = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(word);
  if (special === null) throw new UsageError(`${JSON.stringify(word)} is no number`);
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function integerOf(word: string): bigint {
  if (/^[+-]?\d+$/.test(word)) return BigInt(word.replace(/^\+/, ''));
  throw new UsageError(`${JSON.stringify(word)} is no whole number`);
}

function boolOf(word: string): boolean {
  if (/^(true|1)$/i.test(word)) return true;
  if (/^(false|0)$/i.test(word)) return false;
  throw new UsageError(`${JSON.stringify(word)} is neither true nor false`);
}

/**
 * A tensor's elements for JSON and for people: int64 as bigint, NaN and infinities as the strings that proto3 JSON
 * uses, FP16 and BF16 as hexadecimal bit patterns, BYTES as text, or base64 where they are no UTF-8.
 */
export function plainElements({ data, datatype }: Tensor): (number | bigint | string | boolean)[] {
  if (Array.isArray(data)) return data.map(plainBytes);
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, (value) => value !== 0);
  if (datatype === 'FP16' || datatype === 'BF16') {
    return Array.from(data as Uint16Array, (bits) => `0x${bits.toString(16).padStart(4, '0')}`);
  }
  return Array.from(data as Float64Array, (value) =>
    typeof value === 'bigint' || Number.isFinite(value) ? value : String(value),
  );
}

function plainBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('base64');
  }
}
