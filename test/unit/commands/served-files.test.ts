/** Files for a daemon that may not have them. */
import { expect, it } from 'vitest';
import { servedFiles } from '../../../src/commands/served-files.js';
import { loadConfig } from '../../../src/config/load.js';
import { workspace } from '../config/workspace.js';

async function filesFor(endpoint: string, models: string) {
  using space = workspace(`models: [${models}]`);
  space.write('m.mjs', 'export {}');
  const loaded = await loadConfig({ cwd: space.directory, env: {}, flags: {} });
  const context = { cwd: space.directory, signal: new AbortController().signal };
  return (await servedFiles(loaded, { kind: 'docker', endpoint }, context)).files.map(({ target }) => target);
}

const own = '{name: m, kind: module, path: m.mjs}';

it.each(['tcp://10.0.0.1:2376', 'ssh://me@there'])(
  'a daemon at %s cannot read files of this machine',
  async (endpoint) => {
    await expect(filesFor(endpoint, own)).rejects.toMatchObject({
      code: 'USAGE',
      exitCode: 2,
      message: expect.stringContaining('is not on this machine'),
      hint: 'use --engine process, or a daemon of this machine',
    });
    expect(await filesFor(endpoint, '{name: m, kind: scale}')).toEqual([]);
  },
);

it.each(['unix:///var/run/docker.sock', 'npipe:////./pipe/docker_engine'])('a daemon at %s can', async (endpoint) => {
  expect(await filesFor(endpoint, own)).toEqual(['/models/0/m.mjs']);
});
