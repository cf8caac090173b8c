/**
 * All the tests that this machine can run, and by name those that it cannot.
 * KSERVE_ENV_REQUIRE=docker,podman,interop,browser makes an absent one a failure.
 */
import { prepare, run, succeeds } from './prepare.js';
import { clientsAreToBeHad } from './test-interop.js';

const required = (process.env.KSERVE_ENV_REQUIRE ?? '').split(',').filter(Boolean);
const optional = ['docker', 'podman', 'interop', 'browser'];
const unknown = required.filter((name) => !optional.includes(name));
if (unknown.length > 0) {
  console.error(`KSERVE_ENV_REQUIRE: expected some of ${optional.join(', ')}, got ${unknown.join(', ')}`);
  process.exit(2);
}

prepare();

const notRun = [];
const projects = ['unit', 'process'];
if (await dockerAnswers()) projects.push('docker');
else {
  const why = 'no Docker daemon answers; of the interop tests those that need one are skipped, too';
  notRun.push(['docker', why, 'start Docker, then npm run test:docker and test:interop']);
}

if (podmanRuns()) projects.push('podman');
else
  notRun.push([
    'podman',
    'they need Linux, root, podman, runc and netavark',
    'install podman, then sudo npm run test:podman',
  ]);

const interop = clientsAreToBeHad();
if (interop) projects.push('interop');
else notRun.push(['interop', 'python3 or its package registry does not answer', 'npm run test:interop']);

if (chromiumIsThere()) projects.push('browser');
else notRun.push(['browser', 'chromium is not installed', 'install chromium, then npm run test:browser']);

const missing = notRun.filter(([name]) => required.includes(name));
for (const [name, why] of missing) console.error(`\n✖ The ${name} tests are required and cannot run: ${why}`);
if (missing.length > 0) process.exit(1);

if (interop) run('Preparing the clients from PyPI and Go', process.execPath, ['scripts/test-interop.js', '--prepare']);
for (const [name, why, how] of notRun) {
  console.log(`\n!! NOT RUN: the ${name} tests, since ${why}. To run them: ${how}`);
}
run(`Tests: ${projects.join(', ')}`, process.execPath, [
  'node_modules/vitest/vitest.mjs',
  'run',
  ...projects.flatMap((name) => ['--project', name]),
]);
for (const [name, why] of notRun) console.log(`!! NOT RUN: the ${name} tests, since ${why}`);

/** The tests start a Podman of their own, with the runtime that works with cgroups of either version. */
function podmanRuns() {
  const programs = ['podman', 'runc'].every((name) => succeeds(name, ['--version'], 10_000));
  return process.platform === 'linux' && process.getuid() === 0 && programs;
}

/** Asked for in the same place by test/browser/page.ts. */
function chromiumIsThere() {
  return succeeds(process.env.CHROMIUM ?? 'chromium', ['--version'], 20_000);
}

/** Asks as the product does: a client program may be there without a daemon, and the reverse. */
async function dockerAnswers() {
  const { connectEngine } = await import('../dist/engine/detect.js');
  try {
    const { engine } = await connectEngine('docker');
    await engine[Symbol.asyncDispose]();
    return true;
  } catch {
    return false;
  }
}
