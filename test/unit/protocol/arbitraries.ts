/** Random tensors of every datatype, for properties of the codecs. */
import fc from 'fast-check';
import { type Datatype, datatypes, elementSize } from '../../../src/protocol/datatype.js';
import { decodeRaw } from '../../../src/protocol/raw-bytes.js';
import type { Parameters, Tensor } from '../../../src/protocol/tensor.js';

const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const name = fc.string({ unit: 'grapheme', maxLength: 12 });

const product = (dimensions: number[]): number => dimensions.reduce((size, dimension) => size * dimension, 1);

function data(datatype: Datatype, count: number): fc.Arbitrary<Tensor['data']> {
  const length = { minLength: count, maxLength: count };
  if (datatype === 'BYTES') return fc.array(fc.uint8Array({ maxLength: 9 }), length);
  if (datatype === 'BOOL') return fc.uint8Array({ ...length, max: 1 });
  const bytes = count * (elementSize[datatype] ?? 1);
  // Random bits reach every value there is, NaNs with payloads among them.
  return fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((raw) => decodeRaw(datatype, raw, count, 'arbitrary'));
}

/** A tensor of one of `allowed`, of up to three dimensions, some of them zero. */
export function tensors(allowed: readonly Datatype[] = datatypes): fc.Arbitrary<Tensor> {
  return fc.tuple(name, fc.constantFrom(...allowed), shape).chain(([tensorName, datatype, dimensions]) =>
    data(datatype, product(dimensions)).map((elements) => ({
      name: tensorName,
      datatype,
      shape: dimensions,
      data: elements,
    })),
  );
}

/** Parameters of the kinds that every form carries without change. */
export const parameters: fc.Arbitrary<Parameters> = fc.dictionary(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  fc.oneof(fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 8 }), fc.constantFrom(0.5, -1.25)),
  { maxKeys: 3, noNullPrototype: true },
);

/** Elements as bytes, so that NaNs compare by their bits. */
export function bits(tensor: Tensor): Buffer[] {
  const { data: elements } = tensor;
  const views = Array.isArray(elements) ? elements : [elements];
  return views.map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength));
}
