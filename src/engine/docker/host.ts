/** Asks the daemon about the machine it runs on. */
import * as z from 'zod';
import type { EngineHost } from '../host.js';
import { callDaemon, type Daemon } from './call.js';
import { failed } from './daemon-errors.js';
import { readReply } from './replies.js';

/** Of `GET /version` and `GET /info`, in one object. */
const hostReply = z.object({
  ApiVersion: z.string(),
  Name: z.string().optional(),
  MemTotal: z.number().optional(),
  NCPU: z.number().optional(),
  SystemTime: z.string().optional(),
  DockerRootDir: z.string().optional(),
  MemoryLimit: z.boolean().optional(),
  CpuCfsQuota: z.boolean().optional(),
  PidsLimit: z.boolean().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
});

/** @throws EngineFailedError when the daemon answers something else */
export async function daemonHost(daemon: Daemon, signal?: AbortSignal): Promise<EngineHost> {
  const ask = async (path: string) => {
    const reply = await callDaemon(daemon, { method: 'GET', path, signal }).catch((error: unknown) => {
      throw failed('The daemon does not tell about its machine', error);
    });
    return typeof reply === 'object' ? reply : {};
  };
  const [version, info] = await Promise.all([ask('/version'), ask('/info')]);
  return hostOf(readReply(hostReply, { ...info, ...version }, daemon.transport.endpoint));
}

/** A bound that is not named counts as kept: older daemons name fewer. */
function hostOf(reply: z.output<typeof hostReply>): EngineHost {
  const { ApiVersion, Name, MemTotal, NCPU, SystemTime, DockerRootDir } = reply;
  return {
    apiVersion: ApiVersion,
    ...(Name && { name: Name }),
    ...(MemTotal && { memoryBytes: MemTotal }),
    ...(NCPU && { cpus: NCPU }),
    ...(SystemTime && { time: SystemTime }),
    ...(DockerRootDir && { storageDir: DockerRootDir }),
    limits: {
      memory: reply.MemoryLimit !== false,
      cpu: reply.CpuCfsQuota !== false,
      pids: reply.PidsLimit !== false,
    },
    securityOptions: reply.SecurityOptions ?? [],
  };
}
