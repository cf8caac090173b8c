/** scale: every element times a factor, from the configuration or the request. */
import { createElements } from '../../protocol/datatype.js';
import type { ModelConfigOf } from '../../protocol/server-config.js';
import { oipError, quoteName } from '../../protocol/status.js';
import type { Parameters, ParameterValue, Tensor } from '../../protocol/tensor.js';
import { arithmeticDatatype, fillNarrow, fillWide, isWide, outOfRange } from './arithmetic.js';
import { inputAt, type Model, platformPrefix } from './model.js';

/** One input and one output of the configured names and datatype; the output has the input's shape. */
export function createScaleModel(config: ModelConfigOf<'scale'>): Model {
  const datatype = config.datatype === 'any' ? 'ANY' : config.datatype;
  return {
    platform: `${platformPrefix}scale`,
    inputs: [{ name: config.input, datatype, shape: [-1] }],
    outputs: [{ name: config.result, datatype, shape: [-1] }],
    predict: (inputs, parameters) => [
      scale(inputAt(inputs, 0), requestedFactor(parameters) ?? exact(config.factor), config.result),
    ],
  };
}

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
  const data = createElements(datatype, input.data.length);
  const subject = `scaled result ${quoteName(name)}`;
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
    const elements = input.data as Float64Array;
    const multiplier = Number(factor);
    fillNarrow(data, datatype, subject, (index) => (elements[index] as number) * multiplier);
  }
  return { name, datatype, shape: input.shape, data };
}
