import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fault, faultSchema } from '../../../../src/faults/fault.js';
import { createElements, datatypes, elementSize, type FixedDatatype } from '../../../../src/protocol/datatype.js';
import { readHalf, writeHalf } from '../../../../src/protocol/half-precision.js';
import { encodeRaw } from '../../../../src/protocol/raw-bytes.js';
import type { Tensor } from '../../../../src/protocol/tensor.js';
import type { WrongKind } from '../../../../src/server/faults/call-plan.js';
import { wrongAnswer } from '../../../../src/server/faults/wrong-answers.js';
import { allNaN, asOtherDatatype, offBy } from '../../../../src/server/faults/wrong-elements.js';

const fixed = datatypes.filter((datatype): datatype is FixedDatatype => datatype !== 'BYTES');
const tensor = (datatype: FixedDatatype, length = 3): Tensor => ({
  name: 'y',
  datatype,
  shape: [length],
  data: createElements(datatype, length),
});
const fault = (kind: WrongKind) => faultSchema.parse({ kind }) as Fault<WrongKind>;
const answerOf = (...outputs: Tensor[]) => ({
  modelName: 'm',
  modelVersion: '1',
  id: '',
  parameters: {},
  outputs,
  form: 'typed' as const,
});

describe('wrong elements', () => {
  it.each(fixed)('of %s are all other ones, and leave those of the model as they were', (datatype) => {
    const given = tensor(datatype);
    const wrong = offBy(0.25, given);
    expect(wrong).toHaveLength(3);
    for (let index = 0; index < 3; index++) expect(wrong[index]).not.toBe(given.data[index]);
    expect(given.data).toEqual(createElements(datatype, 3));
  });

  it('differ whatever floating-point number there was', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, fc.constantFrom<'FP32' | 'FP64'>('FP32', 'FP64'), (value, datatype) => {
        const data = createElements(datatype, 1);
        data[0] = value;
        fc.pre(Number.isFinite(data[0]));
        expect(offBy(1, { datatype, data })[0]).not.toBe(data[0]);
      }),
    );
    for (const datatype of ['FP16', 'BF16'] as const) {
      const data = Uint16Array.from([1, -2, 60_000].map((value) => writeHalf(datatype, value)));
      const off = offBy(1, { datatype, data }) as Uint16Array;
      expect(Array.from(off, (bits) => readHalf(datatype, bits)).slice(0, 2)).toEqual([2, -1]);
      expect(off[2]).not.toBe(data[2]);
    }
  });

  it('of integers go round at the end of their range', () => {
    expect(offBy(1, { datatype: 'INT8', data: Int8Array.of(127, -1) })).toEqual(Int8Array.of(-128, 0));
    expect(offBy(-1, { datatype: 'UINT64', data: BigUint64Array.of(0n) })).toEqual(BigUint64Array.of(2n ** 64n - 1n));
    expect(offBy(2.6, { datatype: 'INT32', data: Int32Array.of(1) })).toEqual(Int32Array.of(4));
  });

  it('of BYTES have a letter more, of BOOL the other value', () => {
    const [longer] = offBy(1, { datatype: 'BYTES', data: [Buffer.from('a')] }) as Uint8Array[];
    expect(Buffer.from(longer as Uint8Array).toString()).toBe('ax');
    expect(offBy(1, { datatype: 'BOOL', data: Uint8Array.of(0, 1) })).toEqual(Uint8Array.of(1, 0));
  });

  it('are NaN where there is such a thing', () => {
    expect(allNaN(tensor('FP32', 2))).toEqual(Float32Array.of(Number.NaN, Number.NaN));
    expect(readHalf('BF16', (allNaN(tensor('BF16', 1)) as Uint16Array)[0] as number)).toBeNaN();
    expect(allNaN(tensor('INT8'))).toBeUndefined();
  });
});

describe('a wrong datatype', () => {
  it.each(fixed)('of %s is another one of its size, over the same bytes', (datatype) => {
    const given = tensor(datatype);
    const other = asOtherDatatype(given);
    expect(other.datatype).not.toBe(datatype);
    expect(elementSize[other.datatype]).toBe(elementSize[datatype]);
    expect(encodeRaw(other.datatype, other.data)).toEqual(encodeRaw(datatype, given.data));
  });

  it('of BYTES is one of the bytes that they are on the wire', () => {
    const { datatype, data } = asOtherDatatype({ datatype: 'BYTES', data: [Buffer.from('ab')] });
    expect([datatype, Array.from(data as Uint8Array)]).toEqual(['UINT8', [2, 0, 0, 0, 97, 98]]);
  });
});

describe('a wrong answer', () => {
  it('has shapes of one more, of scalars too', () => {
    const shapes = [[2, 3], [], [0]].map((shape) => ({ ...tensor('INT8', 1), shape }));
    const { outputs } = wrongAnswer(answerOf(...shapes), [fault('wrong-shape')]);
    expect(outputs.map(({ shape }) => shape)).toEqual([[2, 4], [2], [1]]);
  });

  it('has no output less than none', () => {
    const { outputs } = wrongAnswer(answerOf(), [fault('missing-output'), fault('wrong-shape')]);
    expect(outputs).toEqual([]);
  });
});
