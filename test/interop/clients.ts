/** Runs clients that we did not write, prepared in .cache/ by scripts/test-interop.js, against a running environment. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { sandbox } from '../cli/run-cli.js';

const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));
const windows = process.platform === 'win32';
const python = `${cache}interop/${windows ? 'Scripts/python.exe' : 'bin/python'}`;
const goTool = (name: string) => `${cache}go-tools/${name}${windows ? '.exe' : ''}`;

/** A server that `kserve-env up` has started. */
export interface Environment {
  /** host:port */
  grpc: string;
  /** host:port */
  rest: string;
  down(): Promise<void>;
}

/** What a program left behind. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** What a client told of an error: the status as the client writes it, and its message. */
export interface Refusal {
  status: string | null;
  message: string;
}

/** Starts the default models with an engine, in a sandbox of its own. */
export async function startEnvironment(engine: 'process' | 'docker' = 'process'): Promise<Environment> {
  const box = sandbox({ docker: engine === 'docker' });
  const { answer, stderr } = await box.json(['up', '--engine', engine]);
  expect(answer.error, stderr).toBeNull();
  const { grpc, http } = answer.data.endpoints;
  return {
    grpc,
    rest: new URL(http).host,
    async down() {
      await box.run(['down']);
      box[Symbol.dispose]();
    },
  };
}

/** Runs a Python script of this directory. It gets both endpoints, and prints one JSON object of the type. */
export async function pythonReport<Report>(script: string, { grpc, rest }: Environment): Promise<Report> {
  requireTool(python);
  const path = fileURLToPath(new URL(script, import.meta.url));
  // Byte code would be left beside the sources.
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await promisify(execFile)(python, [path, grpc, rest], { timeout: 60_000, env });
  return JSON.parse(stdout) as Report;
}

/** Runs a Go program to its end, whatever that is. */
export function runGoTool(name: 'grpcurl' | 'grpc-health-probe', args: string[]): Promise<Ended> {
  requireTool(goTool(name));
  return new Promise((resolve, reject) => {
    execFile(goTool(name), args, { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/** Runs a command line of grpcurl in a shell, to its end, whatever that is. */
export function runInShell(
  command: string,
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<Ended> {
  requireTool(goTool('grpcurl'));
  const path = `${cache}go-tools:${process.env.PATH}`;
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', command], { cwd, env: { ...env, PATH: path }, timeout: 30_000 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

function requireTool(path: string): void {
  if (!existsSync(path)) throw new Error(`There is no ${path}: prepare it with node scripts/test-interop.js --prepare`);
}
