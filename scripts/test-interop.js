/** The tests with clients that we did not write: prepares the official Python client, and runs them. */
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { prepare, root, run, succeeds } from './prepare.js';

/** The one version that the tests are known to pass with. */
const requirements = ['tritonclient[grpc,http]==2.73.0', 'numpy>=2,<3'];
const venv = `${root}.cache/tritonclient`;
const python = process.platform === 'win32' ? `${venv}/Scripts/python.exe` : `${venv}/bin/python`;
/** Written last, so that a half-made environment is made anew. */
const complete = `${venv}/complete-${requirements.join('_').replace(/[^\w.]+/g, '-')}`;

/** Whether the client is there already, or its registry answers at once. */
export function registriesAnswer() {
  if (existsSync(complete)) return true;
  return succeeds(
    'python3',
    ['-m', 'pip', 'index', 'versions', 'tritonclient', '--timeout', '5', '--retries', '0'],
    15_000,
  );
}

function preparePython() {
  if (existsSync(complete)) return;
  rmSync(venv, { recursive: true, force: true });
  run('Creating a Python environment', 'python3', ['-m', 'venv', venv]);
  run('Installing tritonclient', python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    ...requirements,
  ]);
  run('Checking it', python, [
    '-c',
    `import tritonclient.grpc, tritonclient.http; open(${JSON.stringify(complete)}, "w").close()`,
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  prepare();
  preparePython();
  if (!process.argv.includes('--prepare')) {
    run('Interop tests', process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'interop']);
  }
}
