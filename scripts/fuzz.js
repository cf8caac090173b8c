/** Sends the built server, and the readers of the command line, what nobody should send them. See docs/hostile-traffic.md. */
import { cpSync } from 'node:fs';
import { prepare, root } from './prepare.js';
import { bundleTests } from './test-bundle.js';

prepare();

const { directory, load } = await bundleTests('fuzz', ['test/fuzz/main.ts'], ['test/fuzz/stall-watch.ts']);
// A long run is about the product as it was when the run began, whatever is built meanwhile.
cpSync(`${root}dist/kserve-server.cjs`, `${directory}/kserve-server.cjs`);
const { main } = await load('main');
process.exitCode = await main(process.argv.slice(2), {
  corpus: `${root}test/fuzz/corpus`,
  bundle: `${directory}/kserve-server.cjs`,
  watch: `${directory}/stall-watch.cjs`,
});
