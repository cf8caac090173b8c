import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../../src/protocol/tensor.js';
import { bindInputs } from '../../../src/server/input-binding.js';

const slot = (name: string, shape = [-1], datatype = 'FP64') => ({ name, datatype, shape });
const input = (name: string, shape = [1]): Tensor => ({ name, datatype: 'FP64', shape, data: Float64Array.of(1) });
const slots = [slot('a'), slot('b')];
const bound = (names: string[], strict = false) =>
  bindInputs(
    slots,
    names.map((name) => input(name)),
    strict,
  ).map(({ name }) => name);
const invalid = (text: string) =>
  expect.objectContaining({ status: 'INVALID_ARGUMENT', message: expect.stringContaining(text) });

describe('inputs bind', () => {
  it('by name, in whatever order they come', () => {
    expect(bound(['b', 'a'])).toEqual(['a', 'b']);
  });

  it('by position where the model has no such name', () => {
    expect(bound(['system.cpu.usage', 'system.memory.usage'])).toEqual(['system.cpu.usage', 'system.memory.usage']);
  });

  it('by position among the slots that no name took', () => {
    expect(bound(['x', 'a'])).toEqual(['a', 'x']);
    expect(bound(['b', 'x'])).toEqual(['x', 'b']);
  });

  it('by exact names only where the model is strict', () => {
    expect(bound(['b', 'a'], true)).toEqual(['a', 'b']);
    expect(() => bound(['a', 'x'], true)).toThrow(invalid('input "x" is unknown; the model has "a", "b"'));
  });

  it.each<[string, string[], string]>([
    ['a missing input', ['b'], 'missing: "a"'],
    ['all missing', [], 'missing: "a", "b"'],
    ['one of two missing, the other by position', ['x'], 'missing: "b"'],
    ['an extra input', ['a', 'b', 'c'], 'the request has 3 inputs, the model 2'],
    ['a duplicate input', ['a', 'a'], 'input "a" is given twice'],
  ])('not with %s', (_case, names, text) => {
    expect(() => bound(names)).toThrow(invalid(text));
  });
});

describe('inputs fit', () => {
  it('in any shape where the slot is a vector, unless the model is strict', () => {
    const tensors = [input('a', [1, 1])];
    expect(bindInputs([slot('a')], tensors, false)).toHaveLength(1);
    expect(() => bindInputs([slot('a')], tensors, true)).toThrow(invalid('shape is [1, 1], the model takes [-1]'));
  });

  it('in any shape where the datatype is any, strict or not', () => {
    expect(bindInputs([slot('a', [-1], 'ANY')], [input('a', [1, 1])], true)).toHaveLength(1);
  });

  it('not in another shape than the slot has', () => {
    expect(() => bindInputs([slot('a', [-1, 3])], [input('a', [1])], false)).toThrow(
      invalid('shape is [1], the model takes [-1, 3]'),
    );
  });

  it('not in another datatype', () => {
    expect(() => bindInputs([slot('a', [-1], 'INT8')], [input('a')], false)).toThrow(
      invalid('datatype is FP64, the model takes INT8'),
    );
  });
});
