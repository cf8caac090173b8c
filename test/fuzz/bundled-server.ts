/** The built server as a child process, and what it says of itself that it should never have to say. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { defaultModels } from '../../src/config/default-models.js';

export interface BundledServer extends AsyncDisposable {
  readonly pid: number;
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Errors of its log, words on stderr, stalls, its end: taken once each. */
  takeFindings(): string[];
  /** The longest stall of its event loop that was told, in milliseconds. */
  readonly longestStallMs: number;
  readonly ended: boolean;
}

export interface BundledServerOptions {
  /** `kserve-server.cjs` */
  bundle: string;
  /** The bundle of stall-watch.ts. */
  watch: string;
  config?: Record<string, unknown>;
  /** Lines of its log that are expected, though they are errors. */
  expected?: (line: Record<string, unknown>) => boolean;
}

export async function startBundledServer(options: BundledServerOptions): Promise<BundledServer> {
  const { bundle, watch, config = {}, expected = () => false } = options;
  const whole = { version: '0', host: '127.0.0.1', grpcPort: 0, httpPort: 0, models: defaultModels, ...config };
  const child = spawn(process.execPath, ['--require', watch, bundle], {
    env: { ...process.env, KSERVE_ENV_SERVER_CONFIG: JSON.stringify(whole), KSERVE_ENV_DIE_WITH_PARENT: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const findings: string[] = [];
  let longestStallMs = 0;
  let started = false;
  let stopping = false;
  let ended = false;
  const exit = once(child, 'exit').then(([code, signal]) => {
    ended = true;
    if (!stopping) findings.push(`crash: the server ended with ${code ?? signal}`);
  });
  const first = new Promise<{ grpcPort: number; httpPort: number }>((resolve, reject) => {
    void exit.then(() => reject(new Error(`the server did not start: ${findings.join('; ')}`)));
    const read = (text: string): void => {
      const line = objectOf(text);
      if (typeof line.stallMs === 'number') {
        // It loads itself at first.
        if (!started) return;
        longestStallMs = Math.max(longestStallMs, line.stallMs);
        findings.push(`stall: the event loop stood still for ${line.stallMs} ms`);
      } else if (typeof line.grpcPort === 'number' && typeof line.httpPort === 'number') {
        resolve({ grpcPort: line.grpcPort, httpPort: line.httpPort });
      } else if ((line.level === 'error' || line.level === undefined) && !expected(line)) {
        findings.push(`log: ${text.slice(0, 2_000)}`);
      }
    };
    for (const input of [child.stdout, child.stderr]) if (input) createInterface({ input }).on('line', read);
  });
  const ports = await first;
  await readyAt(ports.httpPort);
  started = true;
  return {
    pid: child.pid as number,
    ...ports,
    takeFindings: () => findings.splice(0),
    get longestStallMs() {
      return longestStallMs;
    },
    get ended() {
      return ended;
    },
    async [Symbol.asyncDispose]() {
      stopping = true;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exit;
      clearTimeout(late);
    },
  };
}

async function readyAt(httpPort: number): Promise<void> {
  for (;;) {
    const { status } = await fetch(`http://127.0.0.1:${httpPort}/v2/health/ready`, {
      headers: { connection: 'close' },
    });
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function objectOf(line: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
