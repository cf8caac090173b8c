import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import Long from 'long';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { readContents, type TensorContents, writeContents } from '../../../src/protocol/contents-wire.js';
// Sets up Long in protobufjs, on which the independent decoder below relies too.
import { serviceDefinition } from '../../../src/protocol/service-definition.js';

serviceDefinition();
const proto = readFileSync(new URL('../../../proto/inference.proto', import.meta.url), 'utf8');
const { root } = protobuf.parse(proto, { keepCase: true });
const independent = root.resolveAll().lookupType('inference.InferTensorContents');

const write = (contents: TensorContents): Buffer =>
  Buffer.from(writeContents(contents, protobuf.Writer.create()).finish());
const read = (bytes: Uint8Array): TensorContents => readContents(protobuf.Reader.create(bytes), bytes.length);

const contents: fc.Arbitrary<TensorContents> = fc.record(
  {
    bool_contents: fc.uint8Array({ max: 1, minLength: 1 }),
    int_contents: fc.int32Array({ minLength: 1 }),
    int64_contents: fc.bigInt64Array({ minLength: 1 }),
    uint_contents: fc.uint32Array({ minLength: 1 }),
    uint64_contents: fc.bigUint64Array({ minLength: 1 }),
    fp32_contents: fc.float32Array({ minLength: 1 }),
    fp64_contents: fc.float64Array({ minLength: 1 }),
    bytes_contents: fc.array(fc.uint8Array({ maxLength: 5 }), { minLength: 1 }),
  },
  { requiredKeys: [] },
);

/** The same contents in plain arrays, as protobufjs has them. */
const plain = (value: TensorContents): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(value).map(([field, data]) => [
      field,
      Array.from(data as Iterable<unknown>, (element) => {
        if (typeof element === 'bigint') return Long.fromString(String(element), field.startsWith('u'));
        if (field === 'bool_contents') return element === 1;
        return element instanceof Uint8Array ? Buffer.from(element) : element;
      }),
    ]),
  );

describe('typed contents on the wire', () => {
  it('are what protobufjs writes, byte by byte', () => {
    fc.assert(
      fc.property(contents, (value) => {
        expect(write(value)).toEqual(Buffer.from(independent.encode(plain(value)).finish()));
      }),
    );
  });

  it('are read from what protobufjs writes', () => {
    fc.assert(
      fc.property(contents, (value) => {
        const bytes = independent.encode(plain(value)).finish();
        expect(plain(read(bytes))).toEqual(plain(value));
      }),
    );
  });

  it('are read from unpacked fields, and from several parts of one field', () => {
    const writer = protobuf.Writer.create();
    writer.uint32((3 << 3) | 0).int64(Long.fromString('-9007199254740993'));
    writer.uint32((7 << 3) | 1).double(1.5);
    writer
      .uint32((3 << 3) | 2)
      .fork()
      .int64(1)
      .int64(2)
      .ldelim();
    writer
      .uint32((7 << 3) | 2)
      .fork()
      .double(2.5)
      .ldelim();
    writer.uint32((1 << 3) | 0).bool(true);
    expect(read(writer.finish())).toEqual({
      int64_contents: BigInt64Array.of(-9007199254740993n, 1n, 2n),
      fp64_contents: Float64Array.of(1.5, 2.5),
      bool_contents: Uint8Array.of(1),
    });
  });

  it('skip fields that they do not know', () => {
    const writer = protobuf.Writer.create();
    writer
      .uint32((15 << 3) | 2)
      .string('new')
      .uint32((2 << 3) | 2)
      .fork()
      .int32(-1)
      .ldelim();
    expect(read(writer.finish())).toEqual({ int_contents: Int32Array.of(-1) });
  });

  it('keep the payloads of NaNs', () => {
    const signalling = [0x01, 0, 0, 0, 0, 0, 0xf0, 0x7f];
    const bytes = write({ fp64_contents: new Float64Array(Uint8Array.from(signalling).buffer) });
    const { fp64_contents: data } = read(bytes);
    expect(data && [...new Uint8Array(data.buffer, data.byteOffset, 8)]).toEqual(signalling);
  });

  it.each([
    { why: 'a packed field that is longer than the message', bytes: [0x3a, 16, 1, 2] },
    { why: 'a part of a double', bytes: [0x3a, 3, 1, 2, 3] },
    { why: 'a varint that does not end', bytes: [0x1a, 11, ...Array(10).fill(0xff), 1] },
    { why: 'a varint cut by the end of its field', bytes: [0x1a, 2, 1, 0x80] },
    { why: 'a double cut by the end of the message', bytes: [0x39, 1, 2] },
    { why: 'field number 0', bytes: [0x07, 1] },
  ])('refuse $why', ({ bytes }) => {
    expect(() => read(Uint8Array.from(bytes))).toThrow();
  });

  it('never do anything but decode or throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
