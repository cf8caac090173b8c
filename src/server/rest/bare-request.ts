/** Bare binary requests: header length 0, and the whole body is the data of a model's one input. */
import { elementSize, isDatatype } from '../../protocol/datatype.js';
import { decodeRaw } from '../../protocol/raw-bytes.js';
import { elementCount, formatShape } from '../../protocol/shape.js';
import { oipError, quoteName } from '../../protocol/status.js';
import type { InferRequest, ModelMetadata } from '../../protocol/tensor.js';

/**
 * The request that a bare body stands for; its answer is binary too. Throws INVALID_ARGUMENT for a model of several
 * inputs, of no fixed datatype or of more than one free dimension, and for a body that does not fill the shape.
 */
export function decodeBareRequest(body: Buffer, model: ModelMetadata, modelVersion: string): InferRequest {
  const [input, ...others] = model.inputs;
  const size = input && isDatatype(input.datatype) ? elementSize[input.datatype] : undefined;
  const free = input?.shape.filter((dimension) => dimension === -1).length ?? 0;
  if (!input || others.length > 0 || !isDatatype(input.datatype) || size === undefined || free > 1) {
    throw oipError(
      'INVALID_ARGUMENT',
      `A body of binary data only needs a model of one input with one datatype and shape; ${quoteName(model.name)} is none`,
    );
  }
  const subject = `input ${quoteName(input.name)}`;
  const fixed = elementCount(
    input.shape.filter((dimension) => dimension !== -1),
    subject,
  );
  const rest = body.byteLength / (fixed * size);
  if (!Number.isInteger(rest) || (free === 0 && rest !== 1)) {
    throw oipError(
      'INVALID_ARGUMENT',
      `${subject}: ${body.byteLength} bytes do not fill ${input.datatype} of shape ${formatShape(input.shape)}`,
    );
  }
  const shape = input.shape.map((dimension) => (dimension === -1 ? rest : dimension));
  const data = decodeRaw(input.datatype, body, fixed * rest, subject);
  return {
    modelName: model.name,
    modelVersion,
    id: '',
    parameters: { binary_data_output: true },
    inputs: [{ name: input.name, datatype: input.datatype, shape, data }],
    outputs: [],
    form: 'raw',
  };
}
