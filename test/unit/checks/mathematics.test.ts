import { describe, expect, it } from 'vitest';
import { expectationOf, mathematicsOf } from '../../../src/checks/mathematics.js';
import { modelConfigSchema } from '../../../src/models/kinds.js';

describe('what somebody says that a model computes', () => {
  it.each([
    ['scale=2.0', { mathematics: { kind: 'scale', factor: 2 } }],
    ['scale=-1e-3', { mathematics: { kind: 'scale', factor: -0.001 } }],
    ['scale=.5', { mathematics: { kind: 'scale', factor: 0.5 } }],
    ['m:scale=0', { model: 'm', mathematics: { kind: 'scale', factor: 0 } }],
    ['my.model-1/x:identity', { model: 'my.model-1/x', mathematics: { kind: 'identity' } }],
    ['sum', { mathematics: { kind: 'sum' } }],
    ['product', { mathematics: { kind: 'product' } }],
    ['simple:add_sub', { model: 'simple', mathematics: { kind: 'add_sub' } }],
    ['linear=2,-1,0.5+1', { mathematics: { kind: 'linear', weights: [2, -1, 0.5], bias: 1 } }],
    ['m:linear=3', { model: 'm', mathematics: { kind: 'linear', weights: [3], bias: 0 } }],
  ])('%s', (words, expected) => {
    expect(expectationOf(words)).toEqual(expected);
  });

  it.each([
    '',
    'scale',
    'scale=',
    'scale=two',
    'scale=0x10',
    'scale=Infinity',
    'scale=1,2',
    'sum=1',
    'identity=',
    'linear',
    'linear=1,,2',
    'linear=1+2+3',
    'linear=+',
    'cube',
    ':sum',
    'm:',
    'a:b:sum',
    'SUM',
  ])('says nothing in the words %j', (words) => {
    expect(expectationOf(words)).toBeUndefined();
  });
});

describe('what a model of ours computes', () => {
  const of = (model: object) => mathematicsOf(modelConfigSchema.parse({ name: 'm', ...model }));

  it.each([
    [
      { kind: 'scale', factor: 3 },
      { kind: 'scale', factor: 3 },
    ],
    [
      { kind: 'scale', parameters: { scale_factor: 5 } },
      { kind: 'scale', factor: 5 },
    ],
    [{ kind: 'sum' }, { kind: 'sum' }],
    [{ kind: 'product' }, { kind: 'product' }],
    [{ kind: 'add_sub' }, { kind: 'add_sub' }],
    [{ kind: 'identity' }, { kind: 'identity' }],
    [
      { kind: 'linear', weights: [1, 2], bias: 3 },
      { kind: 'linear', weights: [1, 2], bias: 3 },
    ],
  ])('%o', (model, expected) => {
    expect(of(model)).toEqual(expected);
  });

  it.each([
    { kind: 'module', path: './m.js' },
    { kind: 'onnx', path: './m.onnx' },
  ])('is its author’s to say of %o', (model) => {
    expect(of(model)).toBeUndefined();
  });
});
