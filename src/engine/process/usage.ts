/** What a process uses, as the system counts it. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ResourceUsage } from '../engine.js';

/** Linux reports CPU time in these, whatever its own timer's rate (USER_HZ, see time(7)). */
const ticksPerSecond = 100;

/** Of a server and its workers, which are its children. Undefined where there is no such process, or no way to ask. */
export async function processUsage(pid: number): Promise<ResourceUsage | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    return process.platform === 'linux' ? await usageWithChildren(pid) : await usageFromPs(pid);
  } catch {
    // It ended while it was looked at.
    return undefined;
  }
}

async function usageWithChildren(pid: number): Promise<ResourceUsage | undefined> {
  // proc(5): a kernel may be built without this list.
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const own = await usageFromProc(pid);
  const theirs = await Promise.all(
    (children.match(/\d+/g) ?? []).map((child) => usageFromProc(Number(child)).catch(() => undefined)),
  );
  return own && [own, ...theirs].reduce(sum);
}

function sum(one: ResourceUsage | undefined, other: ResourceUsage | undefined): ResourceUsage {
  return {
    memoryBytes: (one?.memoryBytes ?? 0) + (other?.memoryBytes ?? 0),
    cpuSeconds: (one?.cpuSeconds ?? 0) + (other?.cpuSeconds ?? 0),
  };
}

async function usageFromProc(pid: number): Promise<ResourceUsage | undefined> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  // proc(5): after the name in parentheses, user and system time are the 14th and 15th field of the whole; the 16th and
  // 17th are those of children that have ended.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (kilobytes === undefined) return undefined;
  const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
  return { memoryBytes: Number(kilobytes) * 1024, cpuSeconds: ticks / ticksPerSecond };
}

async function usageFromPs(pid: number): Promise<ResourceUsage | undefined> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='], { timeout: 5_000 });
  const found = stdout.split('\n').flatMap((line) => {
    const [, own, parent, kilobytes, minutes, seconds] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+):([\d.]+)\s*$/.exec(line) ?? [];
    const usage = {
      memoryBytes: Number(kilobytes) * 1024,
      cpuSeconds: Number(minutes) * 60 + Number(seconds),
    };
    return Number(own) === pid || Number(parent) === pid ? [{ own: Number(own), usage }] : [];
  });
  if (!found.some(({ own }) => own === pid)) return undefined;
  return found.map(({ usage }) => usage).reduce(sum);
}
