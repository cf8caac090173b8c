/** A Docker daemon of a test's own, which may be killed, restarted, and put on a disk that is too small. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Dockerode from 'dockerode';
import { isAlive, processesWith, startTimeOf } from './processes.js';

export interface PrivateDaemon extends AsyncDisposable {
  /** Everything of the daemon is below it. */
  directory: string;
  socketPath: string;
  /** The daemon without our engine in between. */
  docker: Dockerode;
  /** Resolves when the daemon's process has gone. SIGKILL leaves its containers as they are, as a crash does. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts it again after `kill`, on the same data; resolves when it answers. */
  start(): Promise<void>;
  /** Removes all containers and networks, and leaves the images. */
  clear(): Promise<void>;
}

export interface PrivateDaemonOptions {
  /** Puts images and containers on a tmpfs of this size. */
  diskMiB?: number;
}

const prefix = 'kserve-env-d2-';
const startLimitMs = 30_000;

/** Why this machine cannot run a daemon of its own; undefined where it can. */
export function whyNoPrivateDaemon(): string | undefined {
  if (process.platform !== 'linux') return `dockerd runs on Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'only root may run dockerd';
  try {
    execFileSync('dockerd', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no dockerd on the PATH';
  }
}

/** Starts a daemon that shares nothing with the machine's own: other data, other socket, other addresses. */
export async function startPrivateDaemon({ diskMiB }: PrivateDaemonOptions = {}): Promise<PrivateDaemon> {
  sweepAbandoned();
  const directory = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(directory, 'owner'), `${process.pid} ${startTimeOf(process.pid)}`);
  mkdirSync(join(directory, 'data'));
  if (diskMiB !== undefined)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'kserve-env-d2', join(directory, 'data')]);
  const socketPath = join(directory, 'docker.sock');
  const docker = new Dockerode({ socketPath });
  let child: ChildProcess | undefined;
  // Also where a test ends without a word.
  const atExit = () => demolish(directory);
  process.once('exit', atExit);

  async function start(): Promise<void> {
    const log = openSync(join(directory, 'log'), 'a');
    // The numbers of what was killed may be somebody's by now, or a zombie's, which dockerd takes for alive.
    for (const stale of ['pid', 'exec/containerd/containerd.pid']) rmSync(join(directory, stale), { force: true });
    child = spawn('dockerd', flagsOf(directory), {
      stdio: ['ignore', log, log],
      detached: true,
      // What it starts inherits it, and is found by it: containerd, its shims, the proxies of published ports.
      env: { ...process.env, KSERVE_ENV_D2: directory },
    });
    closeSync(log);
    const ended = once(child, 'exit').then(() => true);
    const deadline = performance.now() + startLimitMs;
    while (!(await answers(socketPath))) {
      if (performance.now() > deadline || (await Promise.race([ended, pause(50, false)])))
        throw new Error(`dockerd did not come up:\n${readFileSync(join(directory, 'log'), 'utf8').slice(-2_000)}`);
    }
  }

  async function kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
    // Its containerd dies with it, but not in the same moment.
    const containerds = () => processesWith(directory).filter(({ command }) => /^\S*containerd /.test(command));
    while (containerds().length > 0) await pause(20);
  }

  const daemon: PrivateDaemon = {
    directory,
    socketPath,
    docker,
    kill,
    start,
    clear: () => clear(docker),
    async [Symbol.asyncDispose]() {
      process.off('exit', atExit);
      try {
        if (await answers(socketPath)) await clear(docker);
        await kill('SIGTERM');
      } finally {
        demolish(directory);
      }
    },
  };
  try {
    await start();
    return daemon;
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}

function flagsOf(directory: string): string[] {
  // Each daemon sees only its own networks: two that choose at once would choose the same addresses.
  const slot = process.pid % 200;
  const flags = {
    'data-root': join(directory, 'data'),
    'exec-root': join(directory, 'exec'),
    pidfile: join(directory, 'pid'),
    host: `unix://${join(directory, 'docker.sock')}`,
    // A daemon without a default bridge takes the machine's away, which another daemon needs; nothing here uses it.
    bridge: existsSync('/sys/class/net/docker0') ? 'docker0' : 'none',
    iptables: 'false',
    ip6tables: 'false',
    'default-address-pool': `base=10.${20 + slot}.0.0/16,size=24`,
  };
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

async function answers(socketPath: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const request = get({ socketPath, path: '/_ping', timeout: 1_000, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}

async function clear(docker: Dockerode): Promise<void> {
  const containers = await docker.listContainers({ all: true });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  const networks = await docker.listNetworks({ filters: { type: ['custom'] } });
  for (const { Id } of networks) await docker.getNetwork(Id).remove();
}

/** Ends every process of the daemon, unmounts what it mounted, and removes its directory. Never throws. */
function demolish(directory: string): void {
  const quietly = (act: () => unknown) => {
    try {
      act();
    } catch {
      // The rest has to go all the same.
    }
  };
  // Shims start processes of their own while they are ended; two rounds see those, too.
  for (let round = 0; round < 3; round += 1) {
    const left = processesWith(directory);
    for (const { pid } of left) quietly(() => process.kill(pid, 'SIGKILL'));
    if (left.length === 0) break;
    for (const { pid } of left) for (let i = 0; i < 100 && isAlive(pid); i += 1) sleepSync(10);
  }
  for (const bridge of bridgesOf(directory))
    quietly(() => execFileSync('ip', ['link', 'delete', bridge], { stdio: 'ignore' }));
  for (const path of mountsBelow(directory)) quietly(() => execFileSync('umount', ['-l', path], { stdio: 'ignore' }));
  quietly(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
}

/** Bridges are named after their network's ID, which the daemon's database holds among other text. */
function bridgesOf(directory: string): string[] {
  try {
    const known = readFileSync(join(directory, 'data', 'network', 'files', 'local-kv.db'), 'latin1');
    return readdirSync('/sys/class/net').filter((name) => name.startsWith('br-') && known.includes(name.slice(3)));
  } catch {
    return [];
  }
}

/** Deepest first. */
function mountsBelow(directory: string): string[] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
    .sort((one, other) => other.length - one.length);
}

/** Daemons of tests that were killed, which could clean up nothing. */
function sweepAbandoned(): void {
  for (const entry of readdirSync(tmpdir()).filter((name) => name.startsWith(prefix))) {
    const directory = join(tmpdir(), entry);
    try {
      const [pid, startTime] = readFileSync(join(directory, 'owner'), 'utf8').split(' ');
      if (startTimeOf(Number(pid)) !== startTime) demolish(directory);
    } catch {
      // Just being made by somebody, or just going.
    }
  }
}

function sleepSync(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
