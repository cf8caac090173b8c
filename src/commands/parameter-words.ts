/** Request parameters from words on the command line. */
import { UsageError } from '../errors.js';
import type { Parameters, ParameterValue } from '../protocol/tensor.js';

/** Words such as `scale_factor=3` to parameters. Throws UsageError for a word without a name or a `=`. */
export function parametersOfWords(words: string[]): Parameters {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
      if (name === undefined || value === undefined) {
        throw new UsageError(`--parameter: expected name=value, got ${JSON.stringify(word)}`);
      }
      return [name, parameterValue(value)];
    }),
  );
}

/** int64 and uint64 stay exact; what is no decimal number is text. */
function parameterValue(text: string): ParameterValue {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^-?\d+$/.test(text)) {
    const integer = BigInt(text);
    if (integer === BigInt.asIntN(64, integer) || integer === BigInt.asUintN(64, integer)) return integer;
  }
  const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text));
  return decimal ? Number(text) : text;
}
