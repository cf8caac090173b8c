import { describe, expect, it } from 'vitest';
import { defaultMessageLimits, type MessageLimits, noMessageLimits } from '../../../../src/protocol/message-limits.js';
import { decodeRestRequest } from '../../../../src/protocol/rest-messages.js';
import type { InferRequest, Tensor } from '../../../../src/protocol/tensor.js';
import { decodeInferRequest, encodeInferRequest } from '../../../../src/protocol/wire/infer-messages.js';

const requestOf = (inputs: Tensor[], more: Partial<InferRequest> = {}): InferRequest => ({
  modelName: 'm',
  modelVersion: '',
  id: '',
  parameters: {},
  inputs,
  outputs: [],
  form: 'typed',
  ...more,
});
const ints = (count: number): Tensor => ({ name: 'x', datatype: 'INT32', shape: [count], data: new Int32Array(count) });
const strings = (count: number): Tensor => ({
  name: 'x',
  datatype: 'BYTES',
  shape: [count],
  data: Array.from({ length: count }, () => Buffer.from('a')),
});
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_item, at) => make(at));
const parameters = (count: number) => Object.fromEntries(many(count, (index) => [`p${index}`, true]));

const tooLarge = (...says: string[]) =>
  expect.objectContaining({
    status: 'RESOURCE_EXHAUSTED',
    httpStatus: 413,
    message: expect.stringMatching(new RegExp(says.join('.*'))),
  });

/** The same request by every road. */
const roads: [string, (request: InferRequest, limits: MessageLimits) => InferRequest][] = [
  ['gRPC, typed', (request, limits) => decodeInferRequest(encodeInferRequest(request), limits)],
  ['gRPC, raw', (request, limits) => decodeInferRequest(encodeInferRequest({ ...request, form: 'raw' }), limits)],
  [
    'REST',
    (request, limits) =>
      decodeRestRequest({ body: restBody(request), headerLength: undefined }, 'm', '', { ...limits, maxJsonDepth: 9 }),
  ],
];

function restBody({ inputs, outputs, parameters: own }: InferRequest): Buffer {
  const tensors = inputs.map((tensor) => ({
    ...tensor,
    data: Array.from(tensor.data as Iterable<unknown>, (element) => (typeof element === 'number' ? element : 'a')),
  }));
  return Buffer.from(JSON.stringify({ inputs: tensors, outputs, parameters: own }));
}

const limits: MessageLimits = { maxTensorElements: 5, maxBytesElements: 3, maxTensors: 2 };

describe.each(roads)('a request over %s', (_road, decode) => {
  it.each<[string, InferRequest]>([
    ['elements', requestOf([ints(5)])],
    ['elements of BYTES', requestOf([strings(3)])],
    ['inputs', requestOf([ints(1), ints(1)])],
    ['requested outputs', requestOf([ints(1)], { outputs: [{ name: 'a' }, { name: 'b' }] })],
    ['parameters', requestOf([{ ...ints(1), parameters: parameters(1024) }], { parameters: parameters(1024) })],
    ['dimensions', requestOf([{ ...ints(1), shape: many(1024, () => 1) }])],
  ])('may have as many %s as the limit says', (_what, request) => {
    expect(() => decode(request, limits)).not.toThrow();
  });

  it.each<[string, InferRequest, string[]]>([
    ['elements', requestOf([ints(6)]), ['input "x": 6 elements of INT32', 'maxTensorElements, 5']],
    ['elements of BYTES', requestOf([strings(4)]), ['input "x": 4 elements of BYTES', 'maxBytesElements, 3']],
    ['inputs', requestOf([ints(1), ints(1), ints(1)]), ['inputs', 'maxTensors, 2']],
    [
      'requested outputs',
      requestOf([ints(1)], { outputs: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }),
      ['outputs', 'maxTensors, 2'],
    ],
    ['parameters', requestOf([ints(1)], { parameters: parameters(1025) }), ['parameters', 'maxParameters, 1024']],
    ['parameters of an input', requestOf([{ ...ints(1), parameters: parameters(1025) }]), ['maxParameters, 1024']],
    ['dimensions', requestOf([{ ...ints(1), shape: many(1025, () => 1) }]), ['dimensions', 'maxDimensions, 1024']],
  ])('is refused for one of its %s more', (_what, request, says) => {
    expect(() => decode(request, limits)).toThrow(tooLarge(...says));
  });

  it('is refused for a shape that its data do not fill, however large, as any other such shape', () => {
    expect(() => decode(requestOf([{ ...ints(1), shape: [2 ** 40] }]), limits)).toThrow(
      expect.objectContaining({ status: 'INVALID_ARGUMENT' }),
    );
  });
});

/** A field of any length. */
function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.of((number << 3) | 2, ...length, rest), content]);
}
const eightMiB = 8 * 1024 * 1024 - 64;
const repeated = (...bytes: number[]) => Buffer.alloc(eightMiB - (eightMiB % bytes.length), Buffer.of(...bytes));
const tensorOf = (datatype: string, ...more: Buffer[]) =>
  field(5, Buffer.concat([field(2, Buffer.from(datatype)), ...more]));
const wordsOf = (count: number) => {
  const bytes = Buffer.alloc(count * 9);
  for (let index = 0; index < count; index++) bytes[index * 9] = 0x39;
  return bytes;
};

/** Legal messages of eight megabytes that ask for far more; each has a verdict, and all of them are told at once. */
const bombs: [string, Buffer, string][] = [
  ['four million empty inputs', repeated(0x2a, 0), 'maxTensors'],
  ['four million empty requested outputs', repeated(0x32, 0), 'maxTensors'],
  ['four million empty raw entries', repeated(0x3a, 0), 'maxTensors'],
  ['four million empty parameters', repeated(0x22, 0), 'maxParameters'],
  ['four million empty parameters of an input', tensorOf('FP64', repeated(0x22, 0)), 'maxParameters'],
  ['eight million dimensions', tensorOf('FP64', field(3, Buffer.alloc(eightMiB, 1))), 'maxDimensions'],
  ['four million dimensions one by one', tensorOf('FP64', repeated(0x18, 1)), 'maxDimensions'],
  [
    'four million empty elements of BYTES',
    tensorOf('BYTES', field(3, Buffer.of(0x80, 0xfe, 0xff, 1)), field(5, repeated(0x42, 0))),
    '',
  ],
  ['four million empty contents', tensorOf('FP64', repeated(0x2a, 0)), ''],
  ['eight million booleans', tensorOf('BOOL', field(5, field(1, Buffer.alloc(eightMiB, 1)))), ''],
  ['four million booleans one by one', tensorOf('BOOL', field(5, repeated(0x08, 1))), ''],
  [
    'nine hundred thousand doubles one by one',
    tensorOf('FP64', field(3, Buffer.of(0x80, 0x80, 0x38)), field(5, wordsOf(917_504))),
    'legal',
  ],
  ['eight million int64', tensorOf('INT64', field(5, field(3, Buffer.alloc(eightMiB, 1)))), ''],
  ['four million unknown fields', repeated(0x78, 1), 'legal'],
  ['four million unknown groups', repeated(0x7b, 0x7c), 'legal'],
];

describe('a legal message of eight megabytes', () => {
  it.each(bombs)('of %s costs no more memory than itself', (_what, bytes, verdict) => {
    const before = process.memoryUsage();
    let outcome = 'legal';
    try {
      decodeInferRequest(bytes, defaultMessageLimits);
    } catch (error) {
      outcome = String((error as Error).message);
    }
    const after = process.memoryUsage();
    if (verdict) expect(outcome).toContain(verdict);
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(grown).toBeLessThan(24 * 1024 * 1024);
  });

  it('of a million elements of raw BYTES is refused before one is made', () => {
    const raw = Buffer.alloc(4 * 1024 * 1024);
    const bytes = Buffer.concat([tensorOf('BYTES', field(3, Buffer.of(0x80, 0x80, 0x40))), field(7, raw)]);
    expect(() => decodeInferRequest(bytes, defaultMessageLimits)).toThrow(
      tooLarge('1048576 elements', 'maxBytesElements'),
    );
    expect(decodeInferRequest(bytes, noMessageLimits).inputs[0]?.data).toHaveLength(1_048_576);
  });
});
