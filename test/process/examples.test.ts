/** Every example runs, as it is. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { sandbox } from '../cli/run-cli.js';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

it.each(readdirSync(examples))('the example %s ends well', async (name) => {
  using box = sandbox();
  const program = `${examples}/${name}/run.mjs`;
  const { stderr } = await promisify(execFile)(process.execPath, [program], { cwd: box.directory, env: box.env });
  expect(stderr).toBe('');
});
