/** What a process uses, as the system counts it. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ResourceUsage } from '../engine.js';

/** Linux reports CPU time in these, whatever its own timer's rate (USER_HZ, see time(7)). */
const ticksPerSecond = 100;

/** Undefined where there is no such process, or no way to ask. */
export async function processUsage(pid: number): Promise<ResourceUsage | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    return process.platform === 'linux' ? await usageFromProc(pid) : await usageFromPs(pid);
  } catch {
    // It ended while it was looked at.
    return undefined;
  }
}

async function usageFromProc(pid: number): Promise<ResourceUsage | undefined> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  // proc(5): after the name in parentheses, user and system time are the 14th and 15th field of the whole.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (kilobytes === undefined) return undefined;
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { memoryBytes: Number(kilobytes) * 1024, cpuSeconds: ticks / ticksPerSecond };
}

async function usageFromPs(pid: number): Promise<ResourceUsage | undefined> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=,time=', '-p', String(pid)], { timeout: 5_000 });
  const [, kilobytes, minutes, seconds] = /^\s*(\d+)\s+(\d+):([\d.]+)\s*$/.exec(stdout) ?? [];
  if (kilobytes === undefined) return undefined;
  return { memoryBytes: Number(kilobytes) * 1024, cpuSeconds: Number(minutes) * 60 + Number(seconds) };
}
