import { expect, it } from 'vitest';
import { renderHealth } from '../../../src/cli/render-health.js';

it('health has a mark for the server and for each model', () => {
  const models = [
    { name: 'a', ready: true },
    { name: 'b', ready: false, reason: 'no such model' },
  ];
  expect(renderHealth({ endpoint: 'here:1', live: true, ready: false, models }).split('\n')).toEqual([
    '✔ here:1 live',
    '✖ here:1 ready',
    '✔ a',
    '✖ b: no such model',
  ]);
});
