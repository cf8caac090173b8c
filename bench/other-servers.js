/**
 * MLServer and KServe's Python server beside ours: what each answers to the same requests, and how fast each infers.
 * Both come from PyPI into .cache/ when first needed. Needs Linux, Python 3 with venv, and h2load (Debian:
 * nghttp2-client) for the rates.
 *
 * node bench/other-servers.js [answers | rates] [--rounds 7] [--only pattern] [--json | --markdown]
 *   [--port 19310] [--bundle kserve-server.cjs]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from '../scripts/prepare.js';
import { answersTable, askAll } from './other-servers/answers.js';
import { measureRates } from './other-servers/rates.js';
import { otherServers, startOther, titleOf } from './other-servers/servers.js';
import { startOurs } from './server-contenders.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    port: { type: 'string', default: '19310' },
    bundle: { type: 'string' },
  },
});
const wanted = positionals.length > 0 ? positionals : ['answers', 'rates'];

if (!flags.bundle) prepare();
const scratch = mkdtempSync(join(tmpdir(), 'kserve-env-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const servers = [await startOurs(flags.bundle ?? `${root}dist/kserve-server.cjs`, { version })];
for (const [index, key] of otherServers.entries()) {
  process.stderr.write(`Starting ${titleOf(key)}\n`);
  // An other server may take one more port, for its metrics.
  const base = Number(flags.port) + index * 10;
  servers.push(await startOther(key, { httpPort: base, grpcPort: base + 1 }, scratch));
}
try {
  if (wanted.includes('answers')) answersTable(await askAll(servers, new RegExp(flags.only, 'i')), flags);
  if (wanted.includes('rates')) {
    await measureRates({ servers, scratch, rounds: Number(flags.rounds), only: new RegExp(flags.only, 'i'), flags });
  }
} finally {
  for (const server of servers) await server.stop();
}
process.exit();
