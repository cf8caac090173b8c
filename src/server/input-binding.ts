/** Which tensor of a request goes into which input of a model, and whether it fits there. */
import { fitsShape, formatShape, isFreeVector } from '../protocol/shape.js';
import { oipError, quoteName } from '../protocol/status.js';
import type { Tensor, TensorMetadata } from '../protocol/tensor.js';

/**
 * The tensors in the order of the model's inputs. Throws INVALID_ARGUMENT for a missing, an extra or a duplicate input,
 * and for a datatype or shape that is not the slot's.
 * @param strict names and ranks must be the model's own; else what has another name takes the free slots in order
 */
export function bindInputs(slots: readonly TensorMetadata[], tensors: readonly Tensor[], strict: boolean): Tensor[] {
  // One input: by name or by position, it goes to the one slot.
  const [slot, tensor] = [slots[0], tensors[0]];
  if (slot && tensor && slots.length === 1 && tensors.length === 1 && (!strict || slot.name === tensor.name)) {
    assertFits(slot, tensor, strict);
    return [tensor];
  }
  const expected = slots.map(({ name }) => quoteName(name)).join(', ');
  const named = new Map<string, Tensor>();
  for (const tensor of tensors) {
    if (named.has(tensor.name)) throw oipError('INVALID_ARGUMENT', `input ${quoteName(tensor.name)} is given twice`);
    named.set(tensor.name, tensor);
  }
  const strangers = tensors.filter(({ name }) => !slots.some((slot) => slot.name === name));
  const [stranger] = strangers;
  if (strict && stranger) {
    throw oipError('INVALID_ARGUMENT', `input ${quoteName(stranger.name)} is unknown; the model has ${expected}`);
  }
  if (tensors.length !== slots.length) {
    const missing = slots.filter(({ name }) => !named.has(name)).map(({ name }) => quoteName(name));
    const detail = tensors.length < slots.length ? `; missing: ${missing.slice(strangers.length).join(', ')}` : '';
    throw oipError(
      'INVALID_ARGUMENT',
      `the request has ${tensors.length} inputs, the model ${slots.length} (${expected})${detail}`,
    );
  }
  let next = 0;
  return slots.map((slot) => {
    const tensor = named.get(slot.name) ?? strangers[next++];
    if (!tensor) throw oipError('INVALID_ARGUMENT', `input ${quoteName(slot.name)} is missing`);
    assertFits(slot, tensor, strict);
    return tensor;
  });
}

function assertFits(slot: TensorMetadata, tensor: Tensor, strict: boolean): void {
  const subject = () => `input ${quoteName(tensor.name)}`;
  const any = slot.datatype === 'ANY';
  if (!any && tensor.datatype !== slot.datatype) {
    throw oipError(
      'INVALID_ARGUMENT',
      `${subject()}: datatype is ${tensor.datatype}, the model takes ${slot.datatype}`,
    );
  }
  // Element-wise models work on every shape, and clients of theirs send vectors as [n], [1, n] and [n, 1].
  if (isFreeVector(slot.shape) && (any || !strict)) return;
  if (!fitsShape(slot.shape, tensor.shape)) {
    throw oipError(
      'INVALID_ARGUMENT',
      `${subject()}: shape is ${formatShape(tensor.shape)}, the model takes ${formatShape(slot.shape)}`,
    );
  }
}
