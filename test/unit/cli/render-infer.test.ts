import { expect, it } from 'vitest';
import { renderInfer } from '../../../src/cli/render-infer.js';

it('infer has a line for each output, with −0 and int64 as they are', () => {
  const common = { endpoint: '', modelName: 'm', modelVersion: '1', id: '', ms: 1 };
  const outputs = [
    { name: 'a', datatype: 'FP64', shape: [1, 3], data: [-0, 0.1, 'NaN'] },
    { name: 'b', datatype: 'INT64', shape: [1], data: [9_007_199_254_740_993n] },
    { name: 'c', datatype: 'BYTES', shape: [0], data: [] },
  ];
  expect(renderInfer({ ...common, outputs })).toBe(
    'a FP64 [1, 3]: -0 0.1 NaN\nb INT64 [1]: 9007199254740993\nc BYTES [0]: ',
  );
});
