/** Tells one process from the next that gets its number. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What stays the same for one process, and for no other on this machine. */
export interface ProcessIdentity {
  pid: number;
  /** Linux: clock ticks from boot to start. Elsewhere: what `ps -o lstart=` prints. */
  startTime: string;
  /** Linux: changes at each boot, since ticks begin anew. Empty elsewhere, where the start time carries the date. */
  bootId: string;
}

export type ProcessState = 'running' | 'paused' | 'gone';

/** Identity of a process that lives now; undefined when there is none, or only a zombie. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const found = await look(pid);
  if (!found || found.state.startsWith('Z')) return undefined;
  return { pid, startTime: found.startTime, bootId: await readBootId() };
}

/** What became of that very process. A zombie has ended: nobody has asked for its exit code yet. */
export async function processState(identity: ProcessIdentity): Promise<ProcessState> {
  const found = await look(identity.pid);
  if (!found || found.startTime !== identity.startTime || (await readBootId()) !== identity.bootId) return 'gone';
  if (/^[ZX]/.test(found.state)) return 'gone';
  return found.state.startsWith('T') ? 'paused' : 'running';
}

/** `1234-9f86d081884c7d65`: short enough for the name of a file, and never another process's. */
export type ProcessMark = string;

/** What a mark looks like, for names that have one in them. */
export const processMarkPattern = '\\d{1,10}-[0-9a-f]{16}';

let own: Promise<ProcessMark> | undefined;

/** The mark of this process. */
export function ownMark(): Promise<ProcessMark> {
  own ??= identify(process.pid).then((identity) => toMark(identity ?? { pid: process.pid, startTime: '', bootId: '' }));
  return own;
}

/** The number of the marked process. */
export function pidOfMark(mark: ProcessMark): number {
  return Number.parseInt(mark, 10);
}

/** Whether the very process that bears the mark lives. */
export async function isAlive(mark: ProcessMark): Promise<boolean> {
  if (mark === (await ownMark())) return true;
  const identity = await identify(pidOfMark(mark));
  return identity !== undefined && toMark(identity) === mark;
}

function toMark({ pid, startTime, bootId }: ProcessIdentity): ProcessMark {
  return `${pid}-${createHash('sha256').update(`${startTime} ${bootId}`).digest('hex').slice(0, 16)}`;
}

/** Finds a process of this user by a variable in its environment. Linux only; undefined elsewhere. */
export async function findByEnvironment(variable: string, value: string): Promise<ProcessIdentity | undefined> {
  if (process.platform !== 'linux') return undefined;
  const wanted = `${variable}=${value}`;
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(wanted)) return await identify(Number(pid));
  }
  return undefined;
}

async function look(pid: number): Promise<{ startTime: string; state: string } | undefined> {
  if (process.platform === 'linux') return await lookInProc(pid);
  if (process.platform === 'win32') return lookBySignal(pid);
  return await askPs(pid);
}

async function lookInProc(pid: number): Promise<{ startTime: string; state: string } | undefined> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // proc(5): the second field is the name in parentheses, which may hold anything; state is the 3rd, start the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

async function askPs(pid: number): Promise<{ startTime: string; state: string } | undefined> {
  const ps = promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    timeout: 5_000,
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' },
  });
  // ps ends with 1 when there is no such process.
  const line = await ps.then(({ stdout }) => stdout.trim()).catch(() => '');
  const match = /^(\S+)\s+(.+)$/.exec(line);
  return match?.[1] && match[2] ? { state: match[1], startTime: match[2] } : undefined;
}

/** Windows tells no start time without a helper program: the number alone has to do. */
function lookBySignal(pid: number): { startTime: string; state: string } | undefined {
  try {
    process.kill(pid, 0);
    return { startTime: '', state: 'R' };
  } catch {
    return undefined;
  }
}

let bootId: Promise<string> | undefined;

function readBootId(): Promise<string> {
  bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    .then((text) => text.trim())
    .catch(() => '');
  return bootId;
}
