/** Builds everything that a user runs: the command line and API (tsc) and the server bundle (esbuild). */
import { execFileSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildServer } from './build-server.js';

const root = fileURLToPath(new URL('..', import.meta.url));
// Made beside and moved at the end: a build that fails or is interrupted leaves the last good one in place.
const next = `${root}.cache/dist`;
rmSync(next, { recursive: true, force: true });
await buildServer(`${next}/kserve-server.cjs`);
execFileSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json', '--outDir', next],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
rmSync(`${root}dist`, { recursive: true, force: true });
renameSync(next, `${root}dist`);
