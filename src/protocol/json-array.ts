/** Arrays of JSON tensors: the elements of nested ones in row-major order. */
import { formatShape } from './shape.js';
import { oipError } from './status.js';

/**
 * The elements of `data`, which may be flat, or nested in any regular way: `[[1,2],[3,4]]` stands for four elements
 * whatever their shape says, as KServe, Triton and MLServer have it. Throws INVALID_ARGUMENT for ragged nesting even
 * where the number of elements is right: who sends that means something else than the shape says.
 */
export function flattenJsonArray(data: readonly unknown[], subject: string): readonly unknown[] {
  if (!Array.isArray(data[0])) return data;
  const lengths: number[] = [];
  for (let level: unknown = data; Array.isArray(level); level = level[0]) lengths.push(level.length);
  const values: unknown[] = [];
  const visit = (level: readonly unknown[], depth: number): void => {
    const innermost = depth === lengths.length - 1;
    for (const value of level) {
      if ((Array.isArray(value) ? value.length : undefined) !== lengths[depth + 1]) {
        throw oipError(
          'INVALID_ARGUMENT',
          `${subject}: data is ragged: it begins as ${formatShape(lengths)}, and does not go on so`,
        );
      }
      if (innermost) values.push(value);
      else visit(value as unknown[], depth + 1);
    }
  };
  visit(data, 0);
  return values;
}
