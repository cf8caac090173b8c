/** Messages on the wire in every way that the specification allows, and in many that it does not. */
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { datatypes } from '../../../../src/protocol/datatype.js';
import type { DataForm, InferRequest, InferResponse, Parameters, Tensor } from '../../../../src/protocol/tensor.js';
import { tensors } from '../arbitraries.js';
import { protoText } from './specification-decoder.js';

/** Runs of each property; set FAST_CHECK_RUNS for a longer search. */
export const numRuns = Number(process.env.FAST_CHECK_RUNS ?? 200);

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });

/** Parameters as they are read: integers are bigint. */
const wireParameters: fc.Arbitrary<Parameters> = fc.dictionary(
  fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '')),
  fc.oneof(
    fc.boolean(),
    int64,
    text,
    fc.double({ noNaN: true }).filter((value) => !Number.isSafeInteger(value)),
  ),
  { maxKeys: 3, noNullPrototype: true },
);

const tensorsWithParameters = (form: DataForm): fc.Arbitrary<Tensor[]> => {
  const allowed = datatypes.filter((datatype) => form === 'raw' || !['FP16', 'BF16'].includes(datatype));
  const one = fc.tuple(tensors(allowed), wireParameters).map(([tensor, parameters]): Tensor => {
    return Object.keys(parameters).length > 0 ? { ...tensor, parameters } : tensor;
  });
  // A message without tensors has no raw entry to show its form.
  return fc.array(one, { minLength: form === 'raw' ? 1 : 0, maxLength: 3 });
};

const head = { modelName: text, modelVersion: text, id: text, parameters: wireParameters };

/** Any request; `typed` and `raw`, all datatypes. */
export const requests: fc.Arbitrary<InferRequest> = fc.constantFrom<DataForm>('typed', 'raw').chain((form) =>
  fc.record({
    ...head,
    inputs: tensorsWithParameters(form),
    outputs: fc.array(fc.record({ name: text, parameters: wireParameters }), { maxLength: 2 }),
    form: fc.constant(form),
  }),
);

/** Any response. */
export const responses: fc.Arbitrary<InferResponse> = fc
  .constantFrom<DataForm>('typed', 'raw')
  .chain((form) => fc.record({ ...head, outputs: tensorsWithParameters(form), form: fc.constant(form) }));

const unpackedText = protoText.replace(
  /(repeated (?:bool|u?int(?:32|64)|float|double) \w+ = \d+);/g,
  '$1 [packed = false];',
);
const roots = [protoText, unpackedText].map((proto) => protobuf.parse(proto, { keepCase: true }).root.resolveAll());

/** A source of choices, for what is drawn by the way. */
export type Choose = (below: number) => number;

/** Choices from a seed: a linear congruential generator (Numerical Recipes). */
export function chooser(seed: number): Choose {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * A message in parts, each written by protobufjs, put together in another order: fields in any order, repeated ones in
 * several parts, packed or not, contents in several messages, unknown fields between. Official parsers read the same.
 */
export function scattered(typeName: string, message: Record<string, unknown>, choose: Choose): Buffer {
  const [packed] = roots;
  const type = (packed as protobuf.Root).lookupType(`inference.${typeName}`);
  const parts = type.fieldsArray.map((field) => {
    const value = message[field.name];
    if (value === undefined) return [];
    return pieces(field, value, choose).map((piece) => encodePiece(typeName, field, piece, choose));
  });
  const ordered: Buffer[] = [];
  for (
    let open = parts.filter((list) => list.length > 0);
    open.length > 0;
    open = open.filter(({ length }) => length)
  ) {
    if (choose(4) === 0) ordered.push(unknownField(choose));
    ordered.push((open[choose(open.length)] as Buffer[]).shift() as Buffer);
  }
  return Buffer.concat(ordered);
}

/** Parts of a field's value, which together are the value. */
function pieces(field: protobuf.Field, value: unknown, choose: Choose): unknown[] {
  if (field.map) return Object.entries(value as object).map(([key, item]) => Object.fromEntries([[key, item]]));
  if (field.name === 'contents') {
    const all = Object.entries(value as Record<string, unknown[]>);
    return all.flatMap(([name, elements]) => cut(elements, choose).map((part) => ({ [name]: part })));
  }
  return field.repeated ? cut(value as unknown[], choose) : [value];
}

function cut(list: unknown[], choose: Choose): unknown[][] {
  const at = choose(list.length + 1);
  return choose(2) === 0 ? [list] : [list.slice(0, at), list.slice(at)];
}

function encodePiece(typeName: string, field: protobuf.Field, piece: unknown, choose: Choose): Buffer {
  const nested = field.resolvedType?.fullName.replace('.inference.', '');
  if (nested && !field.map) {
    const writer = protobuf.Writer.create();
    for (const message of [piece].flat()) {
      writer.uint32((field.id << 3) | 2).bytes(scattered(nested, message as Record<string, unknown>, choose));
    }
    return Buffer.from(writer.finish());
  }
  const type = (roots[choose(2)] as protobuf.Root).lookupType(`inference.${typeName}`);
  return Buffer.from(type.encode({ [field.name]: piece }).finish());
}

function unknownField(choose: Choose): Buffer {
  const writer = protobuf.Writer.create();
  const field = 20 + choose(3000);
  const wire = choose(5);
  if (wire === 0) writer.uint32(field << 3).int64(-choose(1000));
  else if (wire === 1) writer.uint32((field << 3) | 1).double(choose(1000));
  else if (wire === 2) writer.uint32((field << 3) | 2).string('x'.repeat(choose(200)));
  else if (wire === 3) writer.uint32((field << 3) | 5).float(choose(1000));
  else
    writer
      .uint32((field << 3) | 3)
      .uint32(8)
      .uint32(choose(300))
      .uint32((field << 3) | 4);
  return Buffer.from(writer.finish());
}

/** Valid bytes with a few things wrong: bytes changed, taken out, put in, put in from elsewhere, or cut off. */
export function spoilt(bytes: Buffer, choose: Choose): Buffer {
  let result = bytes;
  for (let left = 1 + choose(3); left > 0; left--) {
    const at = choose(result.length + 1);
    const to = Math.min(result.length, at + choose(6));
    const middles = [
      () => Buffer.of(choose(256)),
      () => Buffer.alloc(0),
      () => Buffer.concat([result.subarray(at, to), Buffer.of(choose(64))]),
      () => result.subarray(choose(result.length + 1)).subarray(0, 12),
    ];
    const middle = choose(8) === 0 ? undefined : middles[choose(4)]?.();
    result = middle ? Buffer.concat([result.subarray(0, at), middle, result.subarray(to)]) : result.subarray(0, at);
  }
  return result;
}

/** Bytes that look like protobuf, of fields that are known by their numbers more often than not. */
export const lookalikes: fc.Arbitrary<Buffer> = fc.letrec<{ message: Buffer; field: Buffer }>((tie) => ({
  message: fc
    .oneof({ maxDepth: 4 }, fc.constant([]), fc.array(tie('field'), { maxLength: 4 }))
    .map((parts) => Buffer.concat(parts)),
  field: fc
    .tuple(
      fc.integer({ min: 0, max: 9 }),
      fc.nat(7),
      fc.nat(2 ** 32 - 1),
      tie('message'),
      fc.uint8Array({ maxLength: 11 }),
    )
    .map(([number, wire, seed, nested, bytes]) => lookalike(number, wire, chooser(seed), nested, bytes)),
})).message;

function lookalike(number: number, wire: number, choose: Choose, nested: Buffer, bytes: Uint8Array): Buffer {
  const tag = Buffer.of((number << 3) | wire);
  const varint = Buffer.concat([Buffer.from(bytes).map((byte) => byte | 0x80), Buffer.of(choose(128))]);
  if (wire === 0) return Buffer.concat([tag, varint]);
  if (wire === 1) return Buffer.concat([tag, Buffer.alloc(8, choose(256))]);
  if (wire === 5) return Buffer.concat([tag, Buffer.alloc(4, choose(256))]);
  if (wire === 3) return Buffer.concat([tag, nested, Buffer.of(((number + (choose(9) === 0 ? 1 : 0)) << 3) | 4)]);
  if (wire !== 2) return choose(4) === 0 ? tag : Buffer.alloc(0);
  const names = ['FP64', 'BYTES', 'BOOL', 'INT8', 'UINT64', 'x', 'é'];
  const contents = [
    nested,
    nested,
    varint,
    Buffer.alloc(8 * choose(3), choose(256)),
    Buffer.from(names[choose(7)] ?? ''),
  ];
  const content = contents[choose(5)] as Buffer;
  return Buffer.concat([tag, Buffer.of(Math.min(content.length + (choose(20) === 0 ? 1 : 0), 127)), content]);
}
