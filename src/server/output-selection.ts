/** Which outputs a request asks for. */
import { oipError, quoteName } from '../protocol/status.js';
import type { RequestedOutput, Tensor, TensorMetadata } from '../protocol/tensor.js';

/** Throws INVALID_ARGUMENT for an output that the model does not have, and for one that is asked for twice. */
export function assertOutputsExist(outputs: readonly TensorMetadata[], requested: readonly RequestedOutput[]): void {
  if (requested.length === 0) return;
  const seen = new Set<string>();
  for (const { name } of requested) {
    if (!outputs.some((output) => output.name === name)) {
      const known = outputs.map((output) => quoteName(output.name)).join(', ');
      throw oipError('INVALID_ARGUMENT', `output ${quoteName(name)} is unknown; the model has ${known}`);
    }
    if (seen.has(name)) throw oipError('INVALID_ARGUMENT', `output ${quoteName(name)} is requested twice`);
    seen.add(name);
  }
}

/** The requested ones, in the order of the request; all of them where none is. */
export function selectOutputs(results: Tensor[], requested: readonly RequestedOutput[]): Tensor[] {
  if (requested.length === 0) return results;
  return requested.flatMap(({ name }) => results.filter((result) => result.name === name));
}
