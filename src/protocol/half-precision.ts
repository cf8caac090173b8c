/** FP16 and BF16 as numbers: JavaScript has no typed array for either, so their bit patterns are converted here. */

/** The two formats of sixteen bits. FP16 is IEEE 754 binary16; BF16 is the upper half of an FP32. */
export type HalfDatatype = 'FP16' | 'BF16';

const formats = {
  FP16: { mantissaBits: 10, smallestExponent: -14, infinity: 0x7c00 },
  BF16: { mantissaBits: 7, smallestExponent: -126, infinity: 0x7f80 },
} as const;

/** The exact value of a bit pattern. */
export function readHalf(datatype: HalfDatatype, bits: number): number {
  const { mantissaBits, smallestExponent, infinity } = formats[datatype];
  const sign = bits & 0x8000 ? -1 : 1;
  const magnitude = bits & 0x7fff;
  if (magnitude >= infinity) return magnitude === infinity ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const one = 2 ** mantissaBits;
  const exponent = Math.floor(magnitude / one);
  const mantissa = magnitude % one;
  const value =
    exponent === 0
      ? mantissa * 2 ** (smallestExponent - mantissaBits)
      : (one + mantissa) * 2 ** (smallestExponent - mantissaBits + exponent - 1);
  return sign * value;
}

/** The nearest bit pattern, ties to even; what is too large becomes infinite, and every NaN the quiet one. */
export function writeHalf(datatype: HalfDatatype, value: number): number {
  const { mantissaBits, smallestExponent, infinity } = formats[datatype];
  if (Number.isNaN(value)) return infinity | (1 << (mantissaBits - 1));
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  const exponent = Math.max(magnitude === 0 ? smallestExponent : floorLog2(magnitude), smallestExponent);
  // A subnormal has the exponent of the smallest normal, and a carry out of the mantissa is the next exponent.
  const quanta = roundToEven(magnitude / 2 ** (exponent - mantissaBits));
  const bits = (exponent - smallestExponent) * 2 ** mantissaBits + quanta;
  return sign | Math.min(bits, infinity);
}

/** Exact, unlike Math.log2 near powers of two. */
function floorLog2(value: number): number {
  const guess = Math.floor(Math.log2(value));
  if (2 ** guess > value) return guess - 1;
  return 2 ** (guess + 1) <= value ? guess + 1 : guess;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
