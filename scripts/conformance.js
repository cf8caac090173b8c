/**
 * Runs `kserve-env matrix` against kserve-env, MLServer and KServe's Python server, and writes docs/conformance.md. Both
 * others come from PyPI into .cache/ when first needed. Fails where a failure of theirs has no explanation in
 * bench/other-servers/conformance/explanations.js, or an explanation no failure. Needs Linux and Python 3 with venv.
 *
 * node scripts/conformance.js [--check] [--json file] [--port 19410]
 *   --check writes nothing, and so says only whether failures and explanations go together
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { conformancePage, contradictions } from '../bench/other-servers/conformance/page.js';
import { allModels, otherServers, startOther, titleOf } from '../bench/other-servers/servers.js';
import { startOurs } from '../bench/server-contenders.js';
import { prepare, root } from './prepare.js';
import { pythonOf } from './registry-tools.js';

const { values: flags } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    json: { type: 'string' },
    port: { type: 'string', default: '19410' },
  },
});

/** What each model computes. Ours says so itself, its kind being the first word. */
const mathematics = { simple_scaler: 'scale=2', simple_sum: 'sum', identity: 'identity', simple: 'add_sub' };
const kindOf = (name) => mathematics[name].split('=')[0];

prepare();
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'kserve-env-conformance-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const running = [];
try {
  const models = allModels.map((name) => ({ name, kind: kindOf(name) }));
  running.push({
    key: 'kserve-env',
    title: `kserve-env ${version}`,
    server: await startOurs(`${root}dist/kserve-server.cjs`, { version, models }),
  });
  for (const [index, key] of otherServers.entries()) {
    process.stderr.write(`Starting ${titleOf(key)}\n`);
    // An other server may take one more port, for its metrics.
    const httpPort = Number(flags.port) + index * 10;
    const server = await startOther(key, { httpPort, grpcPort: httpPort + 1 }, scratch, allModels);
    running.push({ key, title: titleOf(key), server });
  }
  const report = await runMatrix(running);
  if (flags.json) writeFileSync(flags.json, JSON.stringify(report, null, 2));
  const { unexplained, unused } = contradictions(report);
  for (const line of unexplained) console.error(`✖ Nobody explains that it fails: ${line}`);
  for (const line of unused) console.error(`✖ Nothing fails that this explains: ${line}`);
  if (unexplained.length + unused.length > 0) process.exitCode = 1;
  else if (!flags.check) await writePage(report);
} finally {
  for (const { server } of running) await server.stop();
}

/** `data` of the command's answer. Its progress goes to stderr. */
async function runMatrix(servers) {
  const addresses = servers.flatMap(({ key, server: { grpcPort, httpPort } }) => [
    '--server',
    `${key}=grpc://127.0.0.1:${grpcPort},http://127.0.0.1:${httpPort}`,
  ]);
  const about = allModels.flatMap((name) => ['--model', name, '--expect', `${name}:${mathematics[name]}`]);
  // A server's last case is no end: with --fail-on a failure of ours is one.
  const args = ['matrix', ...addresses, ...about, '--unload', '--fail-on', 'kserve-env', '--json'];
  const stdout = await new Promise((resolve, reject) => {
    const options = { maxBuffer: 2 ** 28, cwd: scratch };
    const child = execFile(process.execPath, [`${root}bin/kserve-env.js`, ...args], options, (error, output) => {
      if (error) reject(new Error(`kserve-env matrix ended with ${error.code}: ${jsonError(output) ?? error.message}`));
      else resolve(output);
    });
    child.stderr.pipe(process.stderr);
  });
  return JSON.parse(stdout).data;
}

function jsonError(output) {
  try {
    return JSON.parse(output).error?.message;
  } catch {
    return undefined;
  }
}

async function writePage(report) {
  const { alikeRows } = await import('../dist/checks/report/matrix.js');
  const python = execFileSync(pythonOf('mlserver'), ['--version'], { encoding: 'utf8' }).trim().split(' ')[1];
  const page = conformancePage(report, {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    python,
    titles: running.map(({ title }) => title),
    alike: alikeRows,
  });
  writeFileSync(`${root}docs/conformance.md`, page);
  console.log('Wrote docs/conformance.md');
}
