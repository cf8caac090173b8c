import { describe, expect, it } from 'vitest';
import { type MessageLimits, noMessageLimits } from '../../../../src/protocol/message-limits.js';
import type { InferRequest } from '../../../../src/protocol/tensor.js';
import { decodeInferRequest, encodeInferResponse } from '../../../../src/protocol/wire/infer-messages.js';
import { readByProtobufjs } from './protobufjs-reading.js';
import { type Departure, readBySpecification, typeOf } from './specification-decoder.js';

const decode = (bytes: Uint8Array, limits: Partial<MessageLimits> = {}) =>
  decodeInferRequest(bytes, { ...noMessageLimits, ...limits });

/** A field whose length or value follows its tag; strings are UTF-8. */
const field = (number: number, content: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(content as string);
  if (bytes.length > 127) throw new RangeError('too long for a length of one byte');
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
};
const join = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
const input = (datatype: string, shape: number[], contents: Uint8Array): Buffer =>
  field(5, join(field(2, datatype), field(3, Buffer.from(shape)), field(5, contents)));
const parameter = (value: Uint8Array): Buffer => field(4, join(field(1, 'p'), field(2, value)));
const double = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};
const ones = Buffer.alloc(9, 0xff);
const malformed = 'malformed';

type Case = [Departure, Buffer, Partial<InferRequest> | typeof malformed];

const cases: Case[] = [
  [
    'reads a known field whatever its wire type',
    join(Buffer.of((3 << 3) | 0, 0), field(1, 'm')),
    { modelName: 'm', id: '' },
  ],
  ['takes field number 0 for an unknown field', Buffer.of(0x00, 1), malformed],
  ['drops the upper bits of a tag or a length', Buffer.of(0x0a, 0x81, 0x80, 0x80, 0x80, 0x10, 0x61), malformed],
  [
    'drops the upper bits of a tag or a length',
    join(Buffer.of(0x8a), Buffer.alloc(8, 0x80), Buffer.of(0, 1, 0x61)),
    malformed,
  ],
  [
    'lets the later of two parts of a message replace the earlier',
    field(5, join(field(2, 'FP64'), Buffer.of(0x18, 2), field(5, field(7, double(1))), field(5, field(7, double(2))))),
    { inputs: [{ name: '', datatype: 'FP64', shape: [2], data: Float64Array.of(1, 2) }] },
  ],
  [
    'lets the later of two parts of a message replace the earlier',
    field(4, join(field(1, 'p'), field(2, Buffer.of(0x10, 7)), field(2, Buffer.alloc(0)))),
    { parameters: { p: 7n } },
  ],
  ['lets any end close a group, at any depth', Buffer.of(0xa3, 1, 0xac, 1), malformed],
  [
    'takes every varint beyond five bytes in a 32-bit field for ten bytes',
    input('INT32', [2], field(2, Buffer.of(0x85, 0x80, 0x80, 0x80, 0x80, 0x01, 6))),
    { inputs: [{ name: '', datatype: 'INT32', shape: [2], data: Int32Array.of(5, 6) }] },
  ],
  [
    'takes every varint beyond five bytes in a 32-bit field for ten bytes',
    input('BOOL', [1], field(1, Buffer.of(0x80, 0x80, 0x80, 0x80, 0x10))),
    { inputs: [{ name: '', datatype: 'BOOL', shape: [1], data: Uint8Array.of(1) }] },
  ],
  ['takes a varint that does not end', input('INT64', [1], field(3, Buffer.of(0x80, 0x80, 0x80, 0x80))), malformed],
  ['takes a varint that does not end', join(Buffer.of(0xa0, 1), ones, ones, Buffer.of(1)), malformed],
  ['replaces what is no UTF-8', field(1, Buffer.of(0x61, 0xff)), malformed],
  [
    'lets the member of a oneof that came first stand after others',
    parameter(join(Buffer.of(0x08, 0), field(3, 'x'), Buffer.of(0x08, 1))),
    { parameters: { p: true } },
  ],
];

describe('where protobufjs departs from the specification, which', () => {
  it.each(cases)('%s (bytes %o), the codec follows the specification', (departure, bytes, expected) => {
    const request = typeOf('ModelInferRequest');
    const { message, departures } = readBySpecification(request, bytes);
    expect([...departures]).toEqual([departure]);
    // What the specification says is not what protobufjs says, so this list is no longer than it must be.
    expect(readByProtobufjs(request, bytes)).not.toEqual(message);
    if (expected === malformed) expect(() => decode(bytes)).toThrow(RangeError);
    else expect(decode(bytes)).toMatchObject(expected);
  });
});

describe('malformed protobuf', () => {
  it.each<[string, Buffer]>([
    ['a field that is longer than the message', Buffer.of(0x0a, 5, 0x61)],
    [
      'a nested field that is longer than its message, though not than the whole',
      join(field(5, Buffer.of(0x0a, 3, 0x61)), field(1, 'mmm')),
    ],
    ['a part of a double', input('FP64', [1], field(7, Buffer.of(1, 2, 3)))],
    ['a varint of eleven bytes', input('INT64', [1], field(3, join(ones, Buffer.of(0x80, 1))))],
    ['a varint cut by the end of its field', input('INT64', [1], field(3, Buffer.of(1, 0x80)))],
    ['a double cut by the end of the message', Buffer.of(0x2a, 5, 0x2a, 3, 0x39, 1, 2)],
    ['the end of a group that is not open', Buffer.of(0xa4, 1)],
    ['a group without an end', Buffer.of(0xa3, 1, 0x08, 1)],
    ['wire type 6', Buffer.of(0x0e)],
    ['wire type 7', Buffer.of(0xa7, 1)],
    ['groups a million deep', Buffer.alloc(2_000_000, Buffer.of(0xa3, 1))],
  ])('is refused: %s', (_case, bytes) => {
    expect(() => decode(bytes)).toThrow(
      expect.objectContaining({ name: 'RangeError', message: expect.stringMatching(/^malformed protobuf: /) }),
    );
  });

  it('is refused where a string is longer than the buffer it could be read from', () => {
    const memory = Buffer.from('\x0a\x05abcdefgh', 'latin1');
    expect(() => decode(memory.subarray(0, 4))).toThrow(RangeError);
  });
});

describe('bits of elements', () => {
  const signalling = Buffer.of(1, 0, 0, 0, 0, 0, 0xf0, 0x7f);
  const bitsOf = (data: ArrayBufferView) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

  it.each([0, 1, 4, 7])('survive at any place in memory, %i bytes from alignment: NaN payloads, -0', (offset) => {
    const bytes = input('FP64', [2], field(7, join(signalling, double(-0))));
    const memory = Buffer.concat([Buffer.alloc(offset), bytes]).subarray(offset);
    const [tensor] = decode(memory).inputs;
    expect(bitsOf(tensor?.data as Float64Array)).toEqual(join(signalling, double(-0)));
    const response = { modelName: '', modelVersion: '', id: '', parameters: {}, form: 'typed' as const };
    const answer = encodeInferResponse({ ...response, outputs: tensor ? [tensor] : [] });
    expect(answer).toEqual(bytes);
  });

  it('are copied where they are not aligned, and viewed in place where they are; never is a byte more in sight', () => {
    const bytes = input('FP64', [1], field(7, double(1)));
    const at = bytes.length - 8;
    for (let offset = 0; offset < 8; offset++) {
      const memory = new Uint8Array(offset + bytes.length + 8);
      memory.set(bytes, offset);
      const data = decode(memory.subarray(offset, offset + bytes.length)).inputs[0]?.data as Float64Array;
      const aligned = (offset + at) % 8 === 0;
      expect(data.buffer === memory.buffer).toBe(aligned);
      expect(data.byteLength).toBe(8);
      if (!aligned) expect(data.buffer.byteLength).toBe(8);
    }
  });

  it('send a negative int32 as the ten bytes of an int64', () => {
    const tensor = { name: '', datatype: 'INT8' as const, shape: [1], data: Int8Array.of(-2) };
    const bytes = encodeInferResponse({
      modelName: '',
      modelVersion: '',
      id: '',
      parameters: {},
      outputs: [tensor],
      form: 'typed',
    });
    expect(bytes).toEqual(input('INT8', [1], field(2, join(Buffer.of(0xfe), Buffer.alloc(8, 0xff), Buffer.of(1)))));
  });
});
