/** Runs the built command line as a user does: a process of its own, with a home of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The launcher of the built command line. */
export const bin = fileURLToPath(new URL('../../bin/kserve-env.js', import.meta.url));

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  child: ChildProcess;
  /** Resolves when the text has appeared on stderr or stdout; rejects if the process ends first. */
  sees(text: string): Promise<void>;
  done: Promise<CliResult>;
}

export interface CliOptions {
  env?: Record<string, string>;
  cwd?: string;
  stdin?: string;
}

/** A machine of its own as far as kserve-env can tell: state, cache and working directory are empty. */
export interface Sandbox extends Disposable {
  directory: string;
  env: Record<string, string>;
  start(args: string[], options?: CliOptions): RunningCli;
  run(args: string[], options?: CliOptions): Promise<CliResult>;
  /** Runs with `--json` and parses the answer. */
  json(args: string[], options?: CliOptions): Promise<{ code: number | null; answer: Answer; stderr: string }>;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every form
type Data = any;

export interface Answer {
  schemaVersion: number;
  command: string;
  status: string;
  data: Data;
  warnings: string[];
  error: { code: string; message: string; hint: string | null; retryable: boolean; details: Data } | null;
}

export interface SandboxOptions {
  /** `false` hides any daemon; a path is the socket of the one that there is. */
  docker?: boolean | string;
  /** Another launcher than that of this checkout. */
  program?: string;
}

/** The cache is shared between sandboxes, since a digest is a digest. */
export function sandbox({ docker = false, program = bin }: SandboxOptions = {}): Sandbox {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'kserve-env-test-')));
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    KSERVE_ENV_STATE_DIR: join(directory, 'state'),
    KSERVE_ENV_CACHE_DIR: join(tmpdir(), 'kserve-env-test-cache'),
    KSERVE_ENV_GRPC_PORT: 'auto',
    KSERVE_ENV_HTTP_PORT: 'auto',
    ...(docker === true
      ? process.env.DOCKER_HOST && { DOCKER_HOST: process.env.DOCKER_HOST }
      : { DOCKER_HOST: `unix://${docker || `${directory}/no-docker.sock`}` }),
  };
  const start = (args: string[], options: CliOptions = {}) =>
    startCli(program, args, { cwd: directory, ...options, env: { ...env, ...options.env } });
  const run = (args: string[], options?: CliOptions) => start(args, options).done;
  return {
    directory,
    env,
    start,
    run,
    async json(args, options) {
      const { code, stdout, stderr } = await run([...args, '--json'], options);
      return { code, answer: JSON.parse(stdout), stderr };
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function startCli(program: string, args: string[], { env, cwd, stdin }: CliOptions): RunningCli {
  const child = spawn(process.execPath, [program, ...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  const waiting: { text: string; resolve: () => void }[] = [];
  const look = () => {
    for (const { text, resolve } of waiting) if (stdout.includes(text) || stderr.includes(text)) resolve();
  };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    look();
  });
  child.stdin.on('error', () => {});
  child.stdin.end(stdin ?? '');
  const done = new Promise<CliResult>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    done,
    sees: (text) =>
      new Promise((resolve, reject) => {
        waiting.push({ text, resolve });
        look();
        done.then((result) => reject(new Error(`ended without ${text}: ${JSON.stringify(result)}`)));
      }),
  };
}
