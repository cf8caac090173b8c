/**
 * Draws docs/images/smoke-report.png and smoke-report-dark.png: the page that `smoke --html` makes of a server that is
 * wrong in two ways. Needs Debian's chromium, or CHROMIUM=/path/to/one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { prepare, root } from './prepare.js';

/** BYTES that went through UTF-8, and answers of a stream in another order than their requests: both have happened. */
const wrong = ['bytes-as-text', 'stream-out-of-order'];
const suites = 'health,metadata,infer,streaming,compression,metrics,concurrency,repository';
const size = { width: 1120, height: 1260 };

prepare();
const directory = mkdtempSync(join(tmpdir(), 'kserve-env-picture-'));
const cli = `${root}bin/kserve-env.js`;
const env = { ...process.env, KSERVE_ENV_NAME: 'report-picture' };
let server;
try {
  const ports = ['--grpc-port', 'auto', '--http-port', 'auto'];
  const up = await run('up', '--engine', 'process', ...ports, '--progress', 'quiet', '--json');
  server = await mutant(JSON.parse(up.stdout).data.endpoints);
  const page = join(directory, 'smoke.html');
  const target = ['--endpoint', server.grpc, '--rest-url', server.http];
  const smoke = await run('smoke', '--suite', suites, ...target, '--html', page);
  if (smoke.code !== 9) throw new Error(`smoke ended with ${smoke.code}: ${smoke.stdout}`);
  await draw(page, 'light', 'smoke-report.png');
  await draw(page, 'dark', 'smoke-report-dark.png');
} finally {
  await server?.close();
  await run('down');
  rmSync(directory, { recursive: true, force: true });
}

/** Not in this process's way, which is the server that is asked. */
async function run(...args) {
  const child = spawn(process.execPath, [cli, ...args], { cwd: directory, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stdout };
}

/** A server of the tests that is wrong in each of the ways, one in front of the other. */
async function mutant(target) {
  const outfile = join(root, '.cache', 'report-picture.mjs');
  await build({
    stdin: {
      contents: "export { startMutant } from './mutant-server.ts'; export { mutants } from './mutant-table.ts';",
      resolveDir: `${root}test/fakes`,
    },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    // The sources find the proto files from where they are.
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(`${root}src/protocol/source.ts`).href) },
    logLevel: 'warning',
  });
  const { startMutant, mutants } = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  const fronts = [];
  for (const name of wrong) {
    const mutation = mutants.find((one) => one.name === name);
    if (mutation === undefined) throw new Error(`There is no mutant ${name}`);
    fronts.push(await startMutant(fronts.at(-1) ?? target, mutation));
  }
  const { grpc, http } = fronts.at(-1);
  const close = async () => {
    for (const one of fronts.reverse()) await one[Symbol.asyncDispose]();
  };
  return { grpc, http, close };
}

async function draw(page, colorScheme, name) {
  const { CHROMIUM: executablePath = '/usr/bin/chromium' } = process.env;
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const tab = await browser.newPage({ viewport: size, colorScheme, reducedMotion: 'reduce' });
    await tab.goto(pathToFileURL(page).href);
    const path = `${root}docs/images/${name}`;
    const { length } = await tab.screenshot({ path });
    console.log(`Wrote ${path} (${Math.round(length / 1024)} KiB)`);
  } finally {
    await browser.close();
  }
}
