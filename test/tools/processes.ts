/** Looks at the processes of this machine through /proc: by their state, since a zombie answers `kill -0`. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that lives. */
export interface LivingProcess {
  pid: number;
  /** `node server.cjs`, at most 120 characters. */
  command: string;
}

/** Living processes, other than this one, that have this text in their command line, environment or working directory. */
export function processesWith(text: string): LivingProcess[] {
  return pids()
    .filter((pid) => pid !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        const where = `${command}\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}\0${readlinkSync(`/proc/${pid}/cwd`)}`;
        if (!where.includes(text) || !isAlive(pid)) return [];
        return [{ pid, command: command.split('\0').join(' ').trim().slice(0, 120) }];
      } catch {
        // It ended while it was looked at, or it is another user's.
        return [];
      }
    });
}

/** Whether the process runs or waits; one that has ended and was not asked for its exit code does not live. */
export function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== undefined && !'ZX'.includes(state);
}

/** When the process started, in clock ticks since boot: with its number, that names it for certain. */
export function startTimeOf(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** Ports of 127.0.0.1 and of all addresses on which one of these processes listens. */
export function portsOf(processes: LivingProcess[]): number[] {
  const inodes = new Set(processes.flatMap(({ pid }) => socketsOf(pid)));
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(1));
  const ports = tables.flatMap((line) => {
    // proc(5): number, local address, remote address, state (0A listens), ..., inode as the tenth.
    const fields = line.trim().split(/\s+/);
    const port = fields[1]?.split(':')[1];
    return fields[3] === '0A' && port && inodes.has(fields[9] ?? '') ? [Number.parseInt(port, 16)] : [];
  });
  return [...new Set(ports)].sort((one, other) => one - other);
}

function pids(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

function stateOf(pid: number): string | undefined {
  return statFields(pid)?.[0];
}

/** Fields of /proc/pid/stat from the third on: the second is a name that may hold anything. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((entry) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${entry}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
