/** Bundles programs of test/ that are in TypeScript, to run them with plain Node. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './prepare.js';

/**
 * @param {string} name of the directory, which is gone when this process ends
 * @param {string[]} modules become `<name>.js`, to be imported by `load`
 * @param {string[]} preloads become `<name>.cjs`, for `node --require`
 * @returns {Promise<{ directory: string, load: (name: string) => Promise<any> }>}
 */
export async function bundleTests(name, modules, preloads = []) {
  mkdirSync(`${root}.cache`, { recursive: true });
  // Below the checkout, so that packages are found from there.
  const directory = mkdtempSync(`${root}.cache/${name}-`);
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const options = { bundle: true, platform: 'node', target: 'node20', packages: 'external', logLevel: 'warning' };
  for (const [files, format, extension] of [
    [modules, 'esm', 'js'],
    [preloads, 'cjs', 'cjs'],
  ]) {
    for (const file of files) {
      const outfile = `${directory}/${basename(file, '.ts')}.${extension}`;
      await build({ ...options, entryPoints: [root + file], outfile, format });
    }
  }
  return { directory, load: (module) => import(pathToFileURL(`${directory}/${module}.js`).href) };
}
