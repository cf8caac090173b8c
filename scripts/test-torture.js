/**
 * Tortures the built command line: kills, interruptions, crowds, faults of the daemon; prints what came of it as figures.
 * See docs/reliability.md.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { prepare, root } from './prepare.js';

prepare();

mkdirSync(`${root}.cache`, { recursive: true });
// Below the checkout, so that packages are found from there.
const directory = mkdtempSync(`${root}.cache/torture-`);
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
// A long run is about the product as it was when the run began, whatever is built meanwhile.
for (const part of ['bin', 'dist', 'proto', 'templates', 'package.json'])
  cpSync(`${root}${part}`, `${directory}/${part}`, { recursive: true });
await build({
  entryPoints: [`${root}test/torture/main.ts`],
  outfile: `${directory}/torture.js`,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
const { main } = await import(pathToFileURL(`${directory}/torture.js`).href);
process.exitCode = await main(process.argv.slice(2), `${directory}/bin/kserve-env.js`);
