/** Bare binary requests: header length 0, and the whole body is the data of a model's one input. */
import { elementSize, isDatatype } from '../../protocol/datatype.js';
import { assertElementLimit, type MessageLimits } from '../../protocol/message-limits.js';
import { decodeRaw } from '../../protocol/raw-bytes.js';
import { elementCount, formatShape } from '../../protocol/shape.js';
import { oipError, quoteName } from '../../protocol/status.js';
import type { InferRequest, ModelMetadata, TensorMetadata } from '../../protocol/tensor.js';

/**
 * The request that a bare body stands for; its answer is binary too. As Triton has it, a body for a BYTES input is its
 * only element, without a length before it. Throws INVALID_ARGUMENT for a model of several inputs, of no fixed datatype
 * or of more than one free dimension, and for a body that does not fill the shape; TOO_LARGE beyond `limits`.
 */
export function decodeBareRequest(
  body: Buffer,
  model: ModelMetadata,
  modelVersion: string,
  limits: Readonly<MessageLimits>,
): InferRequest {
  const [input, ...others] = model.inputs;
  const datatype = input && isDatatype(input.datatype) ? input.datatype : undefined;
  if (!input || others.length > 0 || !datatype) throw unfit(model);
  const subject = `input ${quoteName(input.name)}`;
  const size = elementSize[datatype];
  const shape = size === undefined ? input.shape.map(() => 1) : filledShape(body, input, size);
  if (!shape || shape.some((dimension, axis) => input.shape[axis] !== -1 && input.shape[axis] !== dimension)) {
    throw unfit(model);
  }
  const count = elementCount(shape, subject);
  assertElementLimit(datatype, count, limits, subject);
  const data = datatype === 'BYTES' ? [body] : decodeRaw(datatype, body, count, subject);
  return {
    modelName: model.name,
    modelVersion,
    id: '',
    parameters: { binary_data_output: true },
    inputs: [{ name: input.name, datatype, shape: [...shape], data }],
    outputs: [],
    form: 'raw',
  };
}

/** The declared shape with its one free dimension as large as the body makes it. */
function filledShape(
  body: Buffer,
  { name, datatype, shape }: TensorMetadata,
  elementBytes: number,
): readonly number[] | undefined {
  if (shape.filter((dimension) => dimension === -1).length > 1) return undefined;
  const subject = `input ${quoteName(name)}`;
  const known = shape.filter((dimension) => dimension !== -1);
  const free = body.byteLength / (elementCount(known, subject) * elementBytes);
  if (!Number.isInteger(free) || (known.length === shape.length && free !== 1)) {
    throw oipError(
      'INVALID_ARGUMENT',
      `${subject}: ${body.byteLength} bytes do not fill ${datatype} of shape ${formatShape(shape)}`,
    );
  }
  return shape.map((dimension) => (dimension === -1 ? free : dimension));
}

function unfit({ name }: ModelMetadata): Error {
  return oipError(
    'INVALID_ARGUMENT',
    `A body of binary data only needs a model of one input with one datatype and shape; ${quoteName(name)} is none`,
  );
}
