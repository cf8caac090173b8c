/** The server's bundle, built of what is in src now, and processes that run it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

type Line = Record<string, unknown>;

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Line[];
  stderr: Line[];
}

/** A process that runs the server. */
export interface Program {
  child: ChildProcess;
  /** Its first line, on either stream. */
  first: Promise<Line>;
  ended: Promise<Outcome>;
  /** The first line with this message, whether it was written already or not. */
  says(message: string): Promise<Line>;
}

export interface ServerBundle extends AsyncDisposable {
  path: string;
}

/** Builds the bundle to a place of its own. */
export async function buildBundle(): Promise<ServerBundle> {
  const directory = await mkdtemp(join(tmpdir(), 'kserve-server-'));
  const path = join(directory, 'kserve-server.cjs');
  const script = new URL('../../../scripts/build-server.js', import.meta.url).href;
  await ((await import(script)) as { buildServer(outfile: string): Promise<void> }).buildServer(path);
  return { path, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

/** Runs the bundle; `config` goes into the variable that it reads. */
export function runProgram(bundle: string, env: Record<string, string>, args: string[] = []): Program {
  const { KSERVE_ENV_SERVER_CONFIG: _, ...inherited } = process.env;
  return watch(spawn(process.execPath, [bundle, ...args], { env: { ...inherited, ...env }, stdio: 'pipe' }));
}

export const withConfig = (value: unknown) => ({ KSERVE_ENV_SERVER_CONFIG: JSON.stringify(value) });

/** Reads what a process writes, until it has ended. */
export function watch(child: ChildProcess): Program {
  const lines = { stdout: [] as Line[], stderr: [] as Line[] };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    const input = child[name];
    if (!input) continue;
    createInterface({ input }).on('line', (line) => {
      lines[name].push(line.startsWith('{"') ? JSON.parse(line) : { text: line });
      for (const listener of listeners) listener();
    });
  }
  // Exit and the end of the output, one by one: `close` does not come once the channel to a parent is gone.
  const outputs = [child.stdout, child.stderr].map((output) => output && once(output, 'close'));
  const ended = once(child, 'exit').then(async ([code, signal]): Promise<Outcome> => {
    await Promise.all(outputs);
    return { code, signal, ...lines };
  });
  const find = (matches: (line: Line) => boolean): Promise<Line> =>
    new Promise((resolve, reject) => {
      void ended.then((outcome) => reject(new Error(`it ended without that line: ${JSON.stringify(outcome)}`)));
      const look = (): void => {
        const found = [...lines.stdout, ...lines.stderr].find(matches);
        if (!found) return;
        listeners.delete(look);
        resolve(found);
      };
      listeners.add(look);
      look();
    });
  const first = find(() => true);
  first.catch(() => {});
  return { child, first, ended, says: (message) => find((line) => line.message === message) };
}

/** Numbers of the processes whose parent this is. */
export function childrenOf(pid: number): number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === pid && !state?.startsWith('Z'))
    .map(([own]) => Number(own));
}

/** Settles when none of these processes runs any more. */
export async function gone(pids: number[]): Promise<void> {
  const runs = (pid: number): boolean => {
    try {
      const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim();
      return state !== '' && !state.startsWith('Z');
    } catch {
      return false;
    }
  };
  while (pids.some(runs)) await new Promise((resolve) => setTimeout(resolve, 10));
}

export interface RestAnswer {
  status: number;
  text: string;
}

/** A request on a connection of its own, so that each may come to another worker. */
export function ask(port: number, path: string, method = 'GET', body?: object): Promise<RestAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, agent: false, timeout: 15_000 };
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.on('timeout', () => call.destroy(new Error(`${method} ${path} is not answered`)));
    call.end(body && JSON.stringify(body));
  });
}

/** Something that listens on a port of the system's choice. */
export async function squat(): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}
