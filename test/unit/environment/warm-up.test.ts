/** The warm-up inference against a real server. */
import { expect, it } from 'vitest';
import { pollWarmUp } from '../../../src/environment/warm-up.js';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { workspace } from '../config/workspace.js';
import { serve } from '../server/serve.js';

const modelThat = (answer: string) => `export const createModel = () => ({
  inputs: [{ name: 'x', datatype: 'BYTES', shape: [-1, 2] }],
  outputs: [{ name: 'y', datatype: 'BOOL', shape: [1] }],
  predict([x]) { ${answer} },
});`;

it.each([
  ['answers', "return [{ name: 'y', data: [x.data.length === 2] }];", 'own answered'],
  [
    'has no use for zeros, and says so',
    "throw Object.assign(new Error('empty text'), { code: 'INVALID_ARGUMENT' });",
    'own refused zeros with INVALID_ARGUMENT',
  ],
  ['fails on zeros', 'return x.weights.length;', 'own refused zeros with INTERNAL'],
])('a model that %s has answered', async (_case, answer, outcome) => {
  using space = workspace();
  const path = space.write('model.mjs', modelThat(answer));
  const models = [modelConfigSchema.parse({ kind: 'module', name: 'own', path })];
  await using server = await serve({}, { models });
  const options = { timeoutMs: 10_000, signal: new AbortController().signal };
  expect(await pollWarmUp(server.grpc, 'own', options)).toBe(outcome);
});
