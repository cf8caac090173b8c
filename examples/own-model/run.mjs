/** Starts a server with the model of model.mjs, asks it, and takes it away: `node examples/own-model/run.mjs`. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { commandContext, down, infer, up } from 'kserve-env';

const context = commandContext({ cwd: fileURLToPath(new URL('.', import.meta.url)) });
await up({}, context);
try {
  const { data } = await infer({ model: 'fahrenheit', values: ['0', '36.6', '100'] }, context);
  assert.deepEqual(data.outputs, [{ name: 'fahrenheit', datatype: 'FP64', shape: [3], data: [32, 97.88, 212] }]);
  await assert.rejects(infer({ model: 'fahrenheit', values: ['-300'] }, context), /below absolute zero/);
} finally {
  await down({}, context);
}
