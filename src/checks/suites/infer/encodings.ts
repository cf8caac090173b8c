/** Protobuf as the wire format allows it: repeated fields unpacked or in pieces, fields in any order, unknown ones skipped. */
import { createElements, elementSize } from '../../../protocol/datatype.js';
import { noMessageLimits } from '../../../protocol/message-limits.js';
import type { Tensor } from '../../../protocol/tensor.js';
import { fieldOf } from '../../../protocol/wire/contents-fields.js';
import { decodeInferResponse } from '../../../protocol/wire/infer-messages.js';
import type { Case } from '../../case.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { routesFor } from '../model-routes.js';
import { expectSameOutputs } from './ask.js';
import { askSample } from './sample.js';

const route = { transport: 'grpc', form: 'typed' } as const;

/** The cases of the first model whose inputs are numbers. */
export function encodingCases(server: ServerProfile): Case[] {
  const model = server.models.find((one) => {
    const typed = routesFor(server, one).some(({ transport, form }) => transport === 'grpc' && form === 'typed');
    return typed && one.sample?.inputs.every(({ datatype }) => datatype !== 'BYTES' && fieldOf[datatype] !== undefined);
  });
  if (model === undefined) return [];
  return encodings.map(({ id, title, spec, write }) => ({
    id: `infer/protobuf/${id}/${model.title}`,
    suite: 'infer',
    title: `${model.title}: ${title}`,
    spec: `Protocol Buffers, Encoding (protobuf.dev/programming-guides/encoding): ${spec}`,
    why: 'a client made by another generator, or from a newer proto file, is refused or misread',
    transports: ['grpc'],
    model: model.name,
    run: async (probe) => {
      const bytes = await probe.grpcBytes('ModelInfer', write(model));
      const { outputs } = decodeInferResponse(bytes, noMessageLimits);
      const plain = await askSample(probe, model, route);
      if (model.mathematics) expectSameOutputs('written so', outputs, plain.outputs);
      return undefined;
    },
  }));
}

interface Encoding {
  id: string;
  title: string;
  spec: string;
  write: (model: ModelProfile) => Buffer;
}

const encodings: readonly Encoding[] = [
  {
    id: 'unpacked',
    title: 'shape and contents are read where each element has a tag of its own',
    spec: '"parsers must accept both" packed and unpacked repeated fields',
    write: (model) =>
      request(model, (tensor) => {
        const { number, wireType } = contentsOf(tensor);
        const contents = elementsOf(tensor).map((element) => Buffer.concat([tag(number, wireType), element]));
        const shape = tensor.shape.map((size) => Buffer.concat([tag(3, 0), varint(BigInt(size))]));
        return [text(1, tensor.name), text(2, tensor.datatype), ...shape, bytes(5, Buffer.concat(contents))];
      }),
  },
  {
    id: 'in-pieces',
    title: 'contents are read where their field comes several times',
    spec: 'packed fields may come more than once, and are concatenated; so are messages merged',
    write: (model) =>
      request(model, (tensor) => {
        const { number } = contentsOf(tensor);
        const pieces = elementsOf(tensor).map((element) => bytes(number, element));
        const half = Math.ceil(pieces.length / 2);
        const [left, right] = [pieces.slice(0, half), pieces.slice(half)].map((part) => bytes(5, Buffer.concat(part)));
        return [text(1, tensor.name), text(2, tensor.datatype), packedShape(tensor), left ?? empty, right ?? empty];
      }),
  },
  {
    id: 'field-order',
    title: 'fields are read in whatever order they come',
    spec: 'a parser takes fields in any order; of a scalar the last one counts',
    write: (model) =>
      request(model, (tensor) => [
        packed(tensor),
        packedShape(tensor),
        text(2, 'BOOL'),
        text(2, tensor.datatype),
        text(1, tensor.name),
      ]),
  },
  {
    id: 'unknown-fields',
    title: 'fields that nobody knows are skipped',
    spec: 'unknown fields are skipped, whatever their wire type: that is how messages grow',
    write: (model) => {
      const strange = Buffer.concat([
        text(1000, 'x'),
        tag(1001, 0),
        varint(7n),
        tag(1002, 1),
        Buffer.alloc(8),
        tag(1003, 5),
        Buffer.alloc(4),
      ]);
      const known = request(model, (tensor) => [
        strange,
        text(1, tensor.name),
        text(2, tensor.datatype),
        packedShape(tensor),
        packed(tensor),
      ]);
      return Buffer.concat([strange, known, strange]);
    },
  },
];

const empty = Buffer.alloc(0);

function request({ name, version, sample }: ModelProfile, tensor: (input: Tensor) => Buffer[]): Buffer {
  const inputs = (sample?.inputs ?? []).map((input) => bytes(5, Buffer.concat(tensor(input))));
  return Buffer.concat([text(1, name), ...(version === '' ? [] : [text(2, version)]), ...inputs]);
}

function contentsOf({ datatype }: Tensor): { number: number; wireType: number } {
  const field = fieldOf[datatype];
  if (field === undefined) throw new Error(`${datatype} has no typed contents`);
  return field;
}

const packedShape = ({ shape }: Tensor): Buffer => bytes(3, Buffer.concat(shape.map((size) => varint(BigInt(size)))));

const packed = (tensor: Tensor): Buffer =>
  bytes(5, bytes(contentsOf(tensor).number, Buffer.concat(elementsOf(tensor))));

/** Each element as it travels in a packed field. */
function elementsOf(tensor: Tensor): Buffer[] {
  const { datatype, data } = tensor;
  if (Array.isArray(data) || datatype === 'BYTES') throw new Error('BYTES are not packed');
  if (contentsOf(tensor).wireType === 0)
    return Array.from(data as ArrayLike<number | bigint>, (value) => varint(BigInt(value)));
  const size = elementSize[datatype] ?? 1;
  // A copy, at the beginning of memory of its own.
  const own = createElements(datatype, data.length) as Float64Array;
  own.set(data as Float64Array);
  return Array.from({ length: data.length }, (_, index) => Buffer.from(own.buffer, index * size, size));
}

const tag = (field: number, wireType: number): Buffer => varint(BigInt(field * 8 + wireType));

const bytes = (field: number, content: Uint8Array): Buffer =>
  Buffer.concat([tag(field, 2), varint(BigInt(content.byteLength)), content]);

const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value));

/** Negative ones as their 64 bits of two's complement. */
function varint(value: bigint): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...out, Number(rest)]);
}
