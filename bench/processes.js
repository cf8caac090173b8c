/**
 * Processes of the benchmarks: started here, none outlives the benchmark, and what each has used is read from /proc
 * (Linux), so that nothing in a server has to measure itself.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const children = new Set();

// 'exit' is reached on every way out but SIGKILL; servers then see the IPC channel close, and end by themselves.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

/** A child process that is killed when the benchmark ends, however it ends. Arguments as of node:child_process. */
export function startChild(command, args, options) {
  const child = spawn(command, args, options);
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.once('error', () => children.delete(child));
  return child;
}

/**
 * Starts a server of Node. It has to print one line of JSON that holds one of the `ports` keys, such as
 * `{"grpcPort": 8081}`; earlier and later lines do not matter. Resolves to that object with `pid` and `stop()`, which
 * settles when the process is gone. Rejects with what the server said on stderr where it ends first.
 */
export async function startServer(name, args, { env = {}, ports = ['grpcPort', 'httpPort'], execArgv = [] } = {}) {
  const child = startChild(process.execPath, [...execArgv, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-4_000);
  });
  const said = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const object = jsonObject(line);
      if (ports.some((port) => port in object)) resolve(object);
    });
  });
  const first = await Promise.race([said, ended]);
  if (typeof first !== 'object') throw new Error(`${name} ended (${first}) before it listened: ${complaint.trim()}`);
  return {
    ...first,
    name,
    pid: child.pid,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await ended;
      clearTimeout(late);
    },
  };
}

function jsonObject(line) {
  try {
    return Object(JSON.parse(line));
  } catch {
    return {};
  }
}

/** The process and all that descend from it: workers may be processes of their own. */
export function processTree(pid) {
  const parents = new Map();
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) && statFields(entry);
    if (stat) parents.set(Number(entry), Number(stat[1]));
  }
  const tree = [pid];
  for (const member of tree) for (const [child, parent] of parents) if (parent === member) tree.push(child);
  return tree;
}

/** Linux counts in hundredths of a second, whatever the kernel's own clock. */
const ticksPerSecond = 100;

/** Seconds of CPU, user and system, of all threads of the processes, to a hundredth. */
export function cpuSeconds(pids) {
  let ticks = 0;
  for (const pid of pids) {
    const stat = statFields(pid);
    if (stat) ticks += Number(stat[11]) + Number(stat[12]);
  }
  return ticks / ticksPerSecond;
}

/** Resident memory of the processes in MB (10^6 bytes); pages that they share count once for each. */
export function residentMegabytes(pids) {
  let kilobytes = 0;
  for (const pid of pids) {
    const [, rss = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readOrEmpty(`/proc/${pid}/status`)) ?? [];
    kilobytes += Number(rss);
  }
  return (kilobytes * 1_024) / 1e6;
}

/** Threads of the processes. */
export function threadCount(pids) {
  return pids.reduce((sum, pid) => sum + Number(statFields(pid)?.[17] ?? 0), 0);
}

/** Fields of /proc/<pid>/stat from the third on, `state`: the second holds the name, which may hold spaces. */
function statFields(pid) {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readOrEmpty(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
