/** `InferInputTensor` and `InferOutputTensor`, which have the same fields, written. */
import { rawSize, writeRaw } from '../raw-bytes.js';
import { quoteName } from '../status.js';
import type { DataForm, Tensor } from '../tensor.js';
import { type MeasuredContents, measureContents, writeContents } from './contents-writer.js';
import { parametersSize, writeParameters } from './parameters.js';
import { tensorTags } from './tensor-tags.js';
import { delimitedSize, textFieldSize, varint64Size, type WireWriter } from './wire-writer.js';

interface MeasuredTensor {
  tensor: Tensor;
  shapeSize: number;
  /** Undefined in raw form. */
  contents: MeasuredContents | undefined;
  /** Bytes of the tensor's message. */
  size: number;
}

/** The tensors of a message and their raw entries, measured. */
export interface MeasuredTensors {
  tensors: MeasuredTensor[];
  /** Bytes of each tensor's raw entry; none in typed form. */
  rawSizes: number[];
  /** Bytes of all of them in their message, with the tags, which take one byte each. */
  size: number;
}

/**
 * Measures the tensors of a message. Throws OUT_OF_RANGE for FP16 and BF16 in typed form, and INVALID_ARGUMENT for a
 * parameter beyond 64 bits.
 */
export function measureTensors(role: 'input' | 'output', given: readonly Tensor[], form: DataForm): MeasuredTensors {
  const tensors = given.map((tensor) => measureTensor(role, tensor, form));
  const rawSizes = form === 'raw' ? given.map(({ data }) => rawSize(data)) : [];
  let size = 0;
  for (const tensor of tensors) size += delimitedSize(tensor.size);
  for (const entrySize of rawSizes) size += delimitedSize(entrySize);
  return { tensors, rawSizes, size };
}

function measureTensor(role: string, tensor: Tensor, form: DataForm): MeasuredTensor {
  const { name, datatype, shape, data, parameters } = tensor;
  let shapeSize = 0;
  for (const dimension of shape) shapeSize += varint64Size(dimension >>> 0, highWord(dimension));
  const contents = form === 'typed' ? measureContents(datatype, data, () => `${role} ${quoteName(name)}`) : undefined;
  const size =
    textFieldSize(name) +
    textFieldSize(datatype) +
    (shape.length === 0 ? 0 : delimitedSize(shapeSize)) +
    parametersSize(parameters) +
    // Sent where it is empty, too: clients read the fields of contents without a look whether there are any.
    (contents ? delimitedSize(contents.size) : 0);
  return { tensor, shapeSize, contents, size };
}

/** Upper word of an integer of at most 2^53; `>>> 0` is the lower one. */
function highWord(integer: number): number {
  return Math.floor(integer / 0x100000000) >>> 0;
}

/** Writes what `measureTensors` has measured, under the tags of its message's fields. */
export function writeTensors(
  { tensors, rawSizes }: MeasuredTensors,
  tags: { tensor: number; raw: number },
  writer: WireWriter,
): void {
  for (const { tensor, shapeSize, contents, size } of tensors) {
    writer.delimited(tags.tensor, size);
    writer.textField(tensorTags.name, tensor.name);
    writer.textField(tensorTags.datatype, tensor.datatype);
    if (tensor.shape.length > 0) writer.delimited(tensorTags.packedShape, shapeSize);
    for (const dimension of tensor.shape) writer.varint64(dimension >>> 0, highWord(dimension));
    writeParameters(writer, tensorTags.parameters, tensor.parameters);
    if (contents) {
      writer.delimited(tensorTags.contents, contents.size);
      writeContents(contents, writer);
    }
  }
  rawSizes.forEach((size, index) => {
    const { datatype, data } = (tensors[index] as MeasuredTensor).tensor;
    writer.delimited(tags.raw, size);
    writer.fill((bytes, position) => writeRaw(datatype, data, bytes, position));
  });
}
