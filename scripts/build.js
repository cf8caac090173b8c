/** Builds everything that a user runs: the API (tsc), and the bundles of the command line and of the server (esbuild). */
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildCli } from './build-cli.js';
import { buildServer } from './build-server.js';

const root = fileURLToPath(new URL('..', import.meta.url));
// Made beside and moved at the end: a build that fails or is interrupted leaves the last good one in place, and two at
// once do not meet.
const next = `${root}.cache/dist-${process.pid}`;
const old = `${next}-old`;
try {
  await buildServer(`${next}/kserve-server.cjs`);
  await buildCli(`${next}/bin`);
  const tsc = [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json', '--outDir', next];
  execFileSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' });
  if (existsSync(`${root}dist`)) renameSync(`${root}dist`, old);
  renameSync(next, `${root}dist`);
} catch (error) {
  // What is wrong with the sources has been said by the tool that found it.
  if (error.status === undefined) throw error;
  process.exitCode = 1;
} finally {
  rmSync(next, { recursive: true, force: true });
  rmSync(old, { recursive: true, force: true });
}
