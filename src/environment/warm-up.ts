/** One inference with any model, made from its own metadata, to show that the data path works. */
import type { CallOptions, InferenceClient } from '../protocol/client.js';
import { createElements, type Datatype, isDatatype } from '../protocol/datatype.js';
import { elementCount } from '../protocol/shape.js';
import type { Tensor, TensorMetadata } from '../protocol/tensor.js';

/**
 * Sends zeros of the model's own datatypes and shapes; a dimension of any size gets 1.
 * @returns what was done, for people
 */
export async function warmUp(client: InferenceClient, model: string, options: CallOptions): Promise<string> {
  const metadata = await client.modelMetadata(model, '', options);
  const inputs = metadata.inputs.map(({ name, datatype, shape }) => {
    const type = concrete(datatype);
    const dims = shape.map((dim) => (dim < 0 ? 1 : dim));
    return { name, datatype: type, shape: dims, data: zeros(type, elementCount(dims, name)) };
  });
  await client.infer({ modelName: model, inputs }, options);
  return `${model} answered`;
}

function concrete(datatype: TensorMetadata['datatype']): Datatype {
  return isDatatype(datatype) ? datatype : 'FP64';
}

function zeros(datatype: Datatype, count: number): Tensor['data'] {
  if (datatype === 'BYTES') return Array.from({ length: count }, () => new Uint8Array());
  return createElements(datatype, count);
}
