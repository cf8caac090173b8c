import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isNpy, readNpy } from '../../../src/commands/npy.js';
import { plainElements } from '../../../src/commands/tensor-words.js';
import { UsageError } from '../../../src/errors.js';

interface Saved {
  what: string;
  datatype: string;
  shape: number[];
  data: (number | string | boolean)[];
  /** In base64. */
  file: string;
}

/** Files that numpy 2.4.6 has written, and what it says is in them. */
const saved = JSON.parse(readFileSync(new URL('numpy-files.json', import.meta.url), 'utf8')) as Saved[];

/** A file with a header as given. */
function fileOf(header: string, data = Buffer.alloc(0), [major, minor] = [1, 0]): Buffer {
  const head = Buffer.alloc(major === 1 ? 10 : 12);
  head.write('\x93NUMPY', 'latin1');
  head.set([major, minor], 6);
  const text = Buffer.from(header, major === 3 ? 'utf8' : 'latin1');
  if (major === 1) head.writeUInt16LE(text.byteLength, 8);
  else head.writeUInt32LE(text.byteLength, 8);
  return Buffer.concat([head, text, data]);
}
const headerOf = (descr: string, shape: string, order = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

describe('a file of numpy', () => {
  it.each(saved)('with $what is read as numpy means it', ({ datatype, shape, data, file }) => {
    const bytes = Buffer.from(file, 'base64');
    expect(isNpy(bytes)).toBe(true);
    const tensor = readNpy(bytes, 'x');
    const words = plainElements({ name: 'x', ...tensor }).map((value) =>
      typeof value === 'bigint' ? String(value) : Object.is(value, -0) ? '-0' : value,
    );
    expect({ datatype: tensor.datatype, shape: tensor.shape, data: words }).toEqual({ datatype, shape, data });
  });

  it.each(saved)('with $what is refused wherever it is cut off', ({ data, file }) => {
    const bytes = Buffer.from(file, 'base64');
    const lengths = [6, 7, 9, 10, 40, bytes.byteLength - 1].filter((length) => data.length > 0 || length < 41);
    for (const length of lengths) {
      expect(() => readNpy(bytes.subarray(0, length), '--input: x.npy')).toThrow(/^--input: x\.npy .*cut off/);
    }
  });

  it('as Python 2 wrote it is read', () => {
    const header = '{"fortran_order": False, "shape": (2L,), "descr": "|u1"}';
    expect(readNpy(fileOf(header, Buffer.of(1, 2)), 'x')).toMatchObject({ datatype: 'UINT8', shape: [2] });
  });

  it.each([
    { descr: '<c16', says: 'complex numbers', hint: 'a.real' },
    { descr: '<f16', says: 'numbers of a width', hint: 'astype' },
    { descr: '<M8[D]', says: 'dates', hint: "astype('i8')" },
    { descr: '<m8[s]', says: 'spans of time', hint: "astype('i8')" },
    { descr: '|O', says: 'objects of Python', hint: 'astype' },
    { descr: '|V5', says: 'no datatype for' },
    { descr: '<f3', says: 'a width' },
    { descr: '|S0', says: 'no datatype for' },
    { descr: '', says: 'no datatype for' },
    { descr: '<i8, hello', says: 'no datatype for' },
  ])('of $descr is refused with what it holds', ({ descr, says, hint }) => {
    const error = thrownBy(fileOf(headerOf(descr, '(1,)'), Buffer.alloc(16)));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain(says);
    if (hint) expect(error.hint).toContain(hint);
  });

  it('of records is refused with how to save one field', () => {
    const header = "{'descr': [('a', '<i4'), ('b', '<f8')], 'fortran_order': False, 'shape': (1,), }";
    expect(thrownBy(fileOf(header, Buffer.alloc(12)))).toMatchObject({ hint: expect.stringContaining("a['field']") });
  });

  it.each([
    { what: 'a shape that is more than memory', header: headerOf('<f8', '(1000000, 1000000, 1000)'), says: 'cut off' },
    {
      what: 'a shape beyond 2^53',
      header: headerOf('<f8', '(9007199254740993, 9007199254740993)'),
      says: 'more elements',
    },
    { what: 'more sizes than digits', header: headerOf('|u1', `(${'9'.repeat(400)},)`), says: 'expected integers' },
    { what: 'a negative size', header: headerOf('<f8', '(-1,)'), says: 'lacks descr, fortran_order or shape' },
    { what: 'no shape', header: "{'descr': '<f8', 'fortran_order': False}", says: 'lacks descr' },
    { what: 'no header', header: '', says: 'lacks descr' },
    { what: 'a code that is run', header: "__import__('os')", says: 'lacks descr' },
  ])('with $what is refused', ({ header, says }) => {
    expect(() => readNpy(fileOf(header), 'x')).toThrow(UsageError);
    expect(() => readNpy(fileOf(header), 'x')).toThrow(says);
  });

  it('of a later version is refused', () => {
    expect(() => readNpy(fileOf(headerOf('<f8', '(0,)'), Buffer.alloc(0), [4, 0]), 'x')).toThrow('version 4.0');
  });

  it('that goes on after its array is refused', () => {
    expect(() => readNpy(fileOf(headerOf('|u1', '(1,)'), Buffer.of(1, 2)), 'x')).toThrow('goes on after its array');
  });

  it('with a boolean that is neither, or a letter that is none, is refused', () => {
    expect(() => readNpy(fileOf(headerOf('|b1', '(1,)'), Buffer.of(2)), 'x')).toThrow('element 0 is 2');
    const lone = Buffer.from([0, 0xd8, 0, 0]);
    expect(() => readNpy(fileOf(headerOf('<U1', '(1,)'), lone), 'x')).toThrow('no letter of Unicode');
  });
});

function thrownBy(file: Buffer): UsageError {
  try {
    readNpy(file, 'x');
  } catch (error) {
    return error as UsageError;
  }
  return expect.unreachable('it was read');
}
