/** What a container uses, as the daemon counts it. */
import type { ResourceUsage } from '../engine.js';
import { callDaemon, type Daemon } from './call.js';
import { whileExists } from './instances.js';
import { readReply, statsReply } from './replies.js';

/** Undefined for a container that is gone or does not run. Memory is counted as `docker stats` counts it. */
export async function containerUsage(
  daemon: Daemon,
  id: string,
  signal?: AbortSignal,
): Promise<ResourceUsage | undefined> {
  // One shot: otherwise the daemon takes a second sample, a second later, to tell the share of a CPU.
  const query = { stream: false, 'one-shot': true };
  const path = `/containers/${id}/stats`;
  const reply = await whileExists(callDaemon(daemon, { method: 'GET', path, query, signal }));
  if (reply === undefined) return undefined;
  const { memory_stats: memory, cpu_stats: cpu } = readReply(statsReply, reply, daemon.transport.endpoint);
  if (memory.usage === undefined) return undefined;
  // Page cache that can be given back: named otherwise by cgroup v1 and v2.
  const cache = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
  return { memoryBytes: Math.max(memory.usage - cache, 0), cpuSeconds: cpu.cpu_usage.total_usage / 1e9 };
}
