/** The programs of docs/faults-in-tests.md in languages that the tests of the documentation do not run. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPage } from '../docs/pages.js';
import { type Environment, startEnvironment } from './clients.js';

const root = new URL('../../', import.meta.url);
const { goProgram, pythonOf } = await import(new URL('scripts/registry-tools.js', root).href);
const run = promisify(execFile);

let environment: Environment;
let directory: string;
beforeAll(async () => {
  environment = await startEnvironment();
  directory = mkdtempSync(join(tmpdir(), 'kserve-env-faults-in-tests-'));
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await environment.down();
});

/** The program of the page, for the environment that there is. */
function written(language: string, name: string): void {
  const programs = readPage('docs/faults-in-tests.md').blocks.filter((block) => block.language === language);
  expect(programs).toHaveLength(1);
  writeFileSync(join(directory, name), programs[0]?.text.replaceAll('127.0.0.1:9080', environment.rest) ?? '');
}

describe('docs/faults-in-tests.md', () => {
  it('has tests in Python that pass', async () => {
    written('python', 'faults.py');
    const { stderr } = await run(pythonOf('interop'), [join(directory, 'faults.py')], { cwd: directory });
    expect(stderr).toMatch(/Ran 5 tests[\s\S]*OK/);
  });

  it('has tests in Go that pass', async () => {
    written('go', 'faults_test.go');
    writeFileSync(join(directory, 'go.mod'), 'module example.test/client\n\ngo 1.25\n');
    const env = { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '' };
    const { stdout } = await run(goProgram, ['test', '-v', './...'], { cwd: directory, env }).catch((error) => error);
    expect(stdout).toMatch(/--- PASS: TestFaults[\s\S]*--- PASS: TestIsServedMeanwhile[\s\S]*^ok/m);
  });
});
