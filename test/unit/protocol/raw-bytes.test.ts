import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datatypes } from '../../../src/protocol/datatype.js';
import { decodeRaw, encodeRaw } from '../../../src/protocol/raw-bytes.js';
import { bits, tensors } from './arbitraries.js';

const invalid = (text: string) =>
  expect.objectContaining({ status: 'INVALID_ARGUMENT', message: expect.stringContaining(text) });

describe('raw tensor data', () => {
  it.each(datatypes)('of %s comes back bit by bit, wherever in a buffer it starts', (datatype) => {
    fc.assert(
      fc.property(tensors([datatype]), fc.nat(9), (tensor, offset) => {
        const raw = encodeRaw(datatype, tensor.data);
        const shifted = Buffer.concat([Buffer.alloc(offset), raw]).subarray(offset);
        const data = decodeRaw(datatype, shifted, tensor.data.length, 'x');
        expect(bits({ ...tensor, data })).toEqual(bits(tensor));
      }),
    );
  });

  it('is little-endian', () => {
    expect([...encodeRaw('INT32', Int32Array.of(1, -2))]).toEqual([1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]);
    expect([...encodeRaw('FP64', Float64Array.of(1))]).toEqual([0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
  });

  it('puts the length of a BYTES element before it', () => {
    expect([...encodeRaw('BYTES', [Buffer.from('ab'), Buffer.alloc(0)])]).toEqual([2, 0, 0, 0, 97, 98, 0, 0, 0, 0]);
  });

  it('writes a part of a larger array only', () => {
    expect(encodeRaw('INT16', Int16Array.of(1, 2, 3, 4).subarray(1, 3))).toEqual(Uint8Array.of(2, 0, 3, 0));
  });

  it.each([
    { datatype: 'FP64', bytes: [1, 2, 3], count: 1, says: '1 elements of FP64 are 8 raw bytes, the data has 3' },
    { datatype: 'INT8', bytes: [1, 2], count: 1, says: 'the data has 2' },
    { datatype: 'BOOL', bytes: [1, 2], count: 2, says: 'element 1 is 2' },
    { datatype: 'BYTES', bytes: [5, 0, 0, 0, 97], count: 1, says: 'reaches past the end' },
    { datatype: 'BYTES', bytes: [255, 255, 255, 255], count: 1, says: 'reaches past the end' },
    { datatype: 'BYTES', bytes: [1, 0], count: 1, says: 'reaches past the end' },
    { datatype: 'BYTES', bytes: [0, 0, 0, 0, 0, 0, 0, 0], count: 1, says: 'goes on after its 1' },
    { datatype: 'BYTES', bytes: [0, 0, 0, 0], count: 2, says: 'needs 2 elements of BYTES' },
  ] as const)('of $datatype with bytes $bytes for $count elements is refused', ({ datatype, bytes, count, says }) => {
    expect(() => decodeRaw(datatype, Uint8Array.from(bytes), count, 'x')).toThrow(invalid(says));
  });
});
