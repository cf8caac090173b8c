/** scale: every element times a factor, from the configuration or the request. */
import * as z from 'zod';
import { createElements } from '../protocol/datatype.js';
import { oipError, quoteName } from '../protocol/status.js';
import type { Parameters, ParameterValue, Tensor } from '../protocol/tensor.js';
import { arithmeticDatatype, fillNarrow, fillWide, isWide, numbersOf, outOfRange } from './arithmetic.js';
import { inputAt, platformPrefix } from './model.js';
import { commonFields, defineModelKind, elementWiseFields, metadataDatatype, nameSchema } from './model-kind.js';

/** One input and one output of the configured names and datatype; the output has the input's shape. */
export const scaleKind = defineModelKind({
  schema: z.strictObject({
    kind: z.literal('scale').describe('Multiplies every element by a factor.'),
    ...commonFields,
    ...elementWiseFields,
    factor: z.number().default(2).describe('The factor, unless the request carries a scale_factor parameter.'),
    input: nameSchema.default('input_tensor').describe('Name of the input.'),
    result: nameSchema.default('scaled_result').describe('Name of the output.'),
  }),
  create({ datatype: configured, shape, factor, input, result }) {
    const datatype = metadataDatatype(configured);
    const usual = exact(factor);
    return {
      platform: `${platformPrefix}scale`,
      inputs: [{ name: input, datatype, shape }],
      outputs: [{ name: result, datatype, shape }],
      predict: (inputs, parameters) => [scale(inputAt(inputs, 0), requestedFactor(parameters) ?? usual, result)],
    };
  },
});

/** An integer factor is a bigint, so that 64-bit elements stay exact. */
type Factor = number | bigint;

function exact(factor: number): Factor {
  return Number.isInteger(factor) && !Object.is(factor, -0) ? BigInt(factor) : factor;
}

function requestedFactor({ scale_factor: value }: Parameters): Factor | undefined {
  if (value === undefined) return undefined;
  const factor = parseFactor(value);
  if (factor === undefined) {
    throw oipError(
      'INVALID_ARGUMENT',
      `parameter scale_factor is ${quoteName(String(value))}; expected a finite number, or a string holding one`,
    );
  }
  return factor;
}

function parseFactor(value: ParameterValue): Factor | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'string') {
    const text = value.trim();
    if (/^[+-]?\d{1,40}$/.test(text) && !/^-0+$/.test(text)) return BigInt(text.replace('+', ''));
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
    return parseFactor(Number(text));
  }
  return Number.isFinite(value) ? exact(value) : undefined;
}

function scale(input: Tensor, factor: Factor, name: string): Tensor {
  const datatype = arithmeticDatatype(input);
  const { shape } = input;
  const subject = `scaled result ${quoteName(name)}`;
  if (datatype === 'FP64' || datatype === 'FP32') {
    // In the request's own memory: a result as large would cost more than its computation.
    const data = input.data as Float64Array | Float32Array;
    const multiplier = Number(factor);
    for (let index = 0; index < data.length; index++) data[index] = (data[index] as number) * multiplier;
    return { name, datatype, shape, data };
  }
  const data = createElements(datatype, input.data.length);
  if (isWide(data)) {
    const elements = input.data as BigInt64Array;
    fillWide(data, datatype, subject, (index) => {
      const element = elements[index] as bigint;
      if (typeof factor === 'bigint') return element * factor;
      const result = Number(element) * factor;
      // Beyond 2^53 a double no longer tells neighbours apart, so an answer there would be a guess.
      if (!Number.isInteger(result) || !Number.isSafeInteger(Number(element))) {
        throw outOfRange(datatype, subject, index, result);
      }
      return BigInt(result);
    });
  } else {
    const elements = numbersOf(input);
    const multiplier = Number(factor);
    fillNarrow(data, datatype, subject, (index) => (elements[index] as number) * multiplier);
  }
  return { name, datatype, shape, data };
}
