import { describe, expect, it } from 'vitest';
import { renderInfer } from '../../../src/cli/render-infer.js';

type Outputs = Parameters<typeof renderInfer>[0]['outputs'];
const render = (outputs: Outputs, all?: boolean) =>
  renderInfer({ endpoint: '', modelName: 'm', modelVersion: '1', id: '', ms: 1, outputs }, all);
const count = (length: number) => Array.from({ length }, (_, index) => index);

describe('infer', () => {
  it('has a line for each output of one row, with −0 and int64 as they are', () => {
    const outputs = [
      { name: 'a', datatype: 'FP64', shape: [1, 3], data: [-0, 0.1, 'NaN'] },
      { name: 'b', datatype: 'INT64', shape: [1], data: [9_007_199_254_740_993n] },
      { name: 'c', datatype: 'BYTES', shape: [0], data: [] },
      { name: 'd', datatype: 'BYTES', shape: [2], data: ['hello world', 'x'] },
    ];
    expect(render(outputs)).toBe(
      'a FP64 [1, 3]: -0 0.1 NaN\nb INT64 [1]: 9007199254740993\nc BYTES [0]: \nd BYTES [2]: hello world x',
    );
  });

  it('has a table where an output has rows', () => {
    const outputs = [
      { name: 'matrix', datatype: 'FP64', shape: [2, 3], data: [1, -2.5, 3, 40, 5, 6] },
      { name: 'v', datatype: 'INT32', shape: [2], data: [7, 8] },
    ];
    expect(render(outputs).split('\n')).toEqual([
      'NAME    DATATYPE  SHAPE   VALUES',
      'matrix  FP64      [2, 3]   1  -2.5  3',
      '                          40     5  6',
      'v       INT32     [2]     7  8',
    ]);
  });

  it('has the place of each row where there are more than two dimensions', () => {
    const outputs = [{ name: 'x', datatype: 'UINT8', shape: [2, 2, 2], data: count(8) }];
    expect(render(outputs).split('\n').slice(1)).toEqual([
      'x     UINT8     [2, 2, 2]  [0, 0, :]  0  1',
      '                           [0, 1, :]  2  3',
      '                           [1, 0, :]  4  5',
      '                           [1, 1, :]  6  7',
    ]);
  });

  it('has texts in quotes where a table would not show their ends', () => {
    const outputs = [{ name: 'x', datatype: 'BYTES', shape: [2, 2], data: ['a b', '', 'c', 'd\ne'.repeat(30)] }];
    const lines = render(outputs).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/"a b" +""$/);
    expect(lines[2]).toMatch(/c {2}"d\\ne.*…$/);
  });

  it('cuts what is long and tells of how many, unless all is asked for', () => {
    const vector = [{ name: 'x', datatype: 'INT32', shape: [1000], data: count(1000) }];
    expect(render(vector)).toMatch(/^x INT32 \[1000\]: 0 1 .* 19 … of 1000$/);
    expect(render(vector, true)).toMatch(/ 998 999$/);
    const matrix = [{ name: 'x', datatype: 'INT32', shape: [100, 30], data: count(3000) }];
    const lines = render(matrix).split('\n');
    expect(lines).toHaveLength(22);
    expect(lines[1]).toMatch(/ 19 … of 30$/);
    expect(lines[21]).toMatch(/… of 100 rows$/);
    expect(render(matrix, true).split('\n')).toHaveLength(101);
  });

  it('is the body of REST alone where that was asked for', () => {
    const report = { endpoint: '', modelName: 'm', modelVersion: '1', id: '', ms: 1, outputs: [], body: '{"x":-0.0}' };
    expect(renderInfer(report)).toBe('{"x":-0.0}');
  });
});
