/** Makes a checkout ready to run: installs from npm and builds, each only where needed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export function prepare() {
  const { engines } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const oldest = engines.node.replace('>=', '');
  if (process.versions.node.localeCompare(oldest, 'en', { numeric: true }) < 0) {
    console.error(`kserve-env needs Node ${oldest} or newer; this is ${process.versions.node}`);
    process.exit(2);
  }
  // npm writes this file at the end of every install.
  const installed = mtime('node_modules/.package-lock.json');
  if (installed < mtime('package-lock.json'))
    run('Installing', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  const built = Math.min(mtime('dist/kserve-server.cjs'), mtime('dist/bin/launch.cjs'));
  const sources = ['src', 'proto', 'scripts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  if (built < Math.max(...sources.map(newest))) run('Building', process.execPath, ['scripts/build.js']);
}

/** Runs a step and ends with its exit code if it fails. */
export function run(title, command, args, env = {}) {
  console.log(`\n== ${title}`);
  // npm is a script on Windows, which only a shell starts.
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell,
    env: { ...process.env, ...env },
  });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Whether a command can be run and succeeds; its output is nobody's business. */
export function succeeds(command, args, timeout) {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout });
    return true;
  } catch {
    return false;
  }
}

function mtime(path) {
  return existsSync(`${root}${path}`) ? statSync(`${root}${path}`).mtimeMs : 0;
}

function newest(path) {
  if (!existsSync(`${root}${path}`)) return 0;
  if (!statSync(`${root}${path}`).isDirectory()) return mtime(path);
  return Math.max(0, ...readdirSync(`${root}${path}`).map((entry) => newest(`${path}/${entry}`)));
}
