/** The edges of each datatype: values that a server loses when it takes them through another type than their own. */
import {
  type Datatype,
  type Elements,
  type IntegerDatatype,
  integerRanges,
  isInteger,
} from '../../../protocol/datatype.js';
import type { Route, ServerProfile } from '../../profile.js';
import { elementsOf } from '../../samples.js';

/** Values that must come back from an identity. */
export interface Edge {
  /** Part of a case's id. */
  id: string;
  /** What comes back, for titles. */
  what: string;
  /** Absent where every route carries it. `numbers`: all but JSON. `bits`: raw data alone. `base64`: JSON in a form of ours. */
  carried?: 'numbers' | 'bits' | 'base64';
  elements(): Elements;
}

const text = (words: readonly string[]) => words.map((word) => new TextEncoder().encode(word));

/** Longer than a length of 16 bits could say. */
const longElement = 100_000;

const ofBytes: readonly Edge[] = [
  { id: 'values', what: 'text', elements: () => text(['', 'a', 'grüße', '{"json": true}']) },
  { id: 'empty-strings', what: 'empty elements', elements: () => text(['', 'a', '', '']) },
  { id: 'emoji', what: 'letters beyond 16 bits', elements: () => text(['🙂', '👩‍🔬 e\u0301', '\u{10ffff}']) },
  { id: 'nul', what: 'a NUL inside a text', elements: () => text(['a\0b', '\0', 'c\0']) },
  { id: 'escapes', what: 'what JSON escapes', elements: () => text(['"\\/', '\n\r\t\b\f', '\u2028\u007f']) },
  { id: 'length-like', what: 'text that looks like a length', elements: () => text(['\u0004\0\0\0abcd', '{}']) },
  {
    id: 'binary',
    what: 'bytes that are no text',
    carried: 'base64',
    elements: () => [
      Uint8Array.from({ length: 256 }, (_, index) => index),
      Uint8Array.of(0xff),
      Uint8Array.of(0, 0xc3),
    ],
  },
  {
    id: 'long',
    what: `an element of ${longElement.toLocaleString('en')} bytes`,
    elements: () => [new Uint8Array(longElement).fill(0x61), ...text(['b'])],
  },
];

/** Bit patterns: ±1, ±0, largest, smallest normal and smallest subnormal number; infinities and NaN with a payload. */
const halfEdges = (ordinary: readonly number[], special: readonly number[]): Edge[] => [
  { id: 'values', what: 'numbers and their extremes', elements: () => Uint16Array.from(ordinary) },
  {
    id: 'specials',
    what: 'infinities and the bits of NaN',
    carried: 'bits',
    elements: () => Uint16Array.from(special),
  },
];

const singles = (bits: readonly number[]) => new Float32Array(Uint32Array.from(bits).buffer);
const doubles = (bits: readonly bigint[]) => new Float64Array(BigUint64Array.from(bits).buffer);
const infinities = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

interface FloatValues {
  from(values: readonly number[]): Elements;
  ordinary: readonly number[];
  subnormals: readonly number[];
  limits: readonly number[];
  /** NaN, quiet and with a payload or a sign. */
  nans(): Elements;
}

const floatEdges = ({ from, ordinary, subnormals, limits, nans }: FloatValues): Edge[] => [
  { id: 'values', what: 'ordinary numbers to the last bit', elements: () => from(ordinary) },
  { id: 'zeros', what: '0 and −0', elements: () => from([0, -0, 0]) },
  { id: 'subnormals', what: 'subnormal numbers', elements: () => from(subnormals) },
  { id: 'limits', what: 'the largest and the smallest normal numbers', elements: () => from(limits) },
  { id: 'infinities', what: 'the infinities', carried: 'numbers', elements: () => from([1, ...infinities]) },
  { id: 'nan', what: 'NaN', carried: 'numbers', elements: () => from([1, Number.NaN, 2]) },
  { id: 'nan-bits', what: 'the bits of NaN', carried: 'bits', elements: nans },
];

const ofFloats: Readonly<Record<'FP16' | 'BF16' | 'FP32' | 'FP64', readonly Edge[]>> = {
  FP16: halfEdges([0x3c00, 0xbc00, 0x0000, 0x8000, 0x7bff, 0x0400, 0x0001], [0x7c00, 0xfc00, 0x7e01, 0xfe00]),
  BF16: halfEdges([0x3f80, 0xbf80, 0x0000, 0x8000, 0x7f7f, 0x0080, 0x0001], [0x7f80, 0xff80, 0x7fc1, 0xffc0]),
  FP32: floatEdges({
    from: (values) => Float32Array.from(values),
    ordinary: [0.1, -1 / 3, 1.5, -3.25, 16_777_217, 1e-7, 123_456.789],
    subnormals: [2 ** -149, -(2 ** -149), 2 ** -126 - 2 ** -149],
    limits: [3.4028234663852886e38, -3.4028234663852886e38, 2 ** -126, 1 + 2 ** -23],
    nans: () => singles([0x7fc00001, 0xffc00000, 0x7fc12345]),
  }),
  FP64: floatEdges({
    from: (values) => Float64Array.from(values),
    ordinary: [0.1, -1 / 3, 1.5, -3.25, 16_777_217, 9_007_199_254_740_991, 1e-7, 123_456.789],
    subnormals: [Number.MIN_VALUE, -Number.MIN_VALUE, 2 ** -1022 - 2 ** -1074],
    limits: [Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** -1022, 1 + Number.EPSILON],
    nans: () => doubles([0x7ff8000000000001n, 0xfff8000000000000n, 0x7ff8123456789abcn]),
  }),
};

function integerEdges(datatype: IntegerDatatype): Edge[] {
  const [min, max] = integerRanges[datatype];
  const limits: Edge = {
    id: 'values',
    what: `${min} to ${max}`,
    elements: () => elementsOf(datatype, [0n, 1n, max, min, max - 1n, min + 1n, max / 2n + 1n]),
  };
  if (max < 2n ** 53n) return [limits];
  const beyond = [2n ** 53n + 1n, 2n ** 62n + 1n, 81_985_529_216_486_895n];
  const negative = min < 0n ? beyond.map((value) => -value) : [2n ** 63n + 1n];
  return [
    limits,
    {
      id: 'beyond-2-53',
      what: 'integers that no double holds',
      elements: () => elementsOf(datatype, [...beyond, ...negative]),
    },
  ];
}

/** The edges of a datatype, the first of them its usual values. */
export function edgesOf(datatype: Datatype): readonly Edge[] {
  if (isInteger(datatype)) return integerEdges(datatype);
  if (datatype === 'BYTES') return ofBytes;
  if (datatype === 'BOOL') return [{ id: 'values', what: 'true and false', elements: () => Uint8Array.of(1, 0, 0, 1) }];
  return ofFloats[datatype];
}

/** JSON has no NaN and no infinities, and bytes that are no text only in a form of ours. */
export function isCarried(
  { ours }: Pick<ServerProfile, 'ours'>,
  { transport, form }: Route,
  { carried }: Edge,
): boolean {
  if (carried === 'bits') return form === 'raw';
  const json = transport === 'rest' && form === 'typed';
  return !json || carried === undefined || (carried === 'base64' && ours);
}

/** Elements that differ from their neighbours, so that a lost or moved one shows. */
export function distinctElements(datatype: Datatype, count: number): Elements {
  if (datatype === 'BYTES') return text(Array.from({ length: count }, (_, index) => `element ${index}`));
  if (datatype === 'BOOL') return Uint8Array.from({ length: count }, (_, index) => Number(index % 3 === 0));
  // Small numbers, and as bit patterns of halves ordinary ones.
  if (datatype === 'FP16' || datatype === 'BF16')
    return Uint16Array.from({ length: count }, (_, index) => 0x3c00 + (index % 512));
  return elementsOf(
    datatype,
    Array.from({ length: count }, (_, index) => index % 101),
  );
}
