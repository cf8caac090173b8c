/** Inputs that a model may take, made from its metadata alone. */
import { type Datatype, isDatatype } from '../protocol/datatype.js';
import type { ModelMetadata, Tensor, TensorMetadata } from '../protocol/tensor.js';
import { elementsBy } from './samples.js';

/** Datatype that stands for `ANY`, and for metadata without inputs, which some servers give. */
const usual: TensorMetadata = { name: 'input', datatype: 'FP64', shape: [-1] };

/** Tries, the first of them the one that says most; none where a datatype is unknown. */
export function sampleInputs({ inputs }: ModelMetadata): Tensor[][] {
  const declared = inputs.length > 0 ? inputs : [usual];
  const variants = [
    { open: 2, value: (index: number) => index + 1 },
    { open: 1, value: (index: number) => index + 1 },
    { open: 1, value: () => 0 },
  ];
  return variants.flatMap(({ open, value }) => {
    const tensors = declared.map((tensor) => sampleTensor(tensor, open, value));
    return tensors.every((tensor) => tensor !== undefined) ? [tensors] : [];
  });
}

function sampleTensor(
  { name, datatype, shape }: TensorMetadata,
  open: number,
  value: (index: number) => number,
): Tensor | undefined {
  const type = datatype === 'ANY' ? 'FP64' : datatype;
  if (!isDatatype(type)) return undefined;
  const dims = shape.map((size) => (size < 0 ? open : size));
  const count = dims.reduce((product, size) => product * size, 1);
  if (count > 1_000_000) return undefined;
  return { name, datatype: type, shape: dims, data: fill(type, count, value) };
}

function fill(datatype: Datatype, count: number, value: (index: number) => number): Tensor['data'] {
  if (datatype === 'BYTES') {
    return Array.from({ length: count }, (_, index) => new TextEncoder().encode(String(value(index))));
  }
  // Small enough for every datatype; of half precision these are bit patterns of tiny numbers.
  return elementsBy(datatype, count, (index) => value(index) % (datatype === 'BOOL' ? 2 : 100));
}
