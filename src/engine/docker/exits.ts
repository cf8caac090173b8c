/** Waits for the end of containers, so that none is missed. */
import type { ExitInfo } from '../engine.js';
import { rejectOnAbort } from '../settle.js';
import { type Daemon, type DaemonAnswer, openAnswer, readJson } from './call.js';
import { exitInfo, readContainer, whileExists } from './instances.js';
import { readReply, waitReply } from './replies.js';

export interface DockerExits {
  wait(id: string, signal?: AbortSignal): Promise<ExitInfo>;
  /** Resolves when the daemon knows of every wait for this container that was asked for until now. */
  armed(id: string, signal?: AbortSignal): Promise<void>;
}

/** The container and every trace of how it ended are gone. */
const unseen: ExitInfo = { exitCode: null, oomKilled: false };

export function dockerExits(daemon: Daemon): DockerExits {
  const arming = new Map<string, Set<Promise<unknown>>>();

  /**
   * `next-exit`, because `not-running` is true of a container before its start. It misses an exit that came before, so
   * the state is read after the daemon has sent the head of its answer, which it does as soon as it listens.
   */
  async function arm(id: string, signal?: AbortSignal): Promise<DaemonAnswer | undefined> {
    return await whileExists(
      openAnswer(daemon, {
        method: 'POST',
        path: `/containers/${id}/wait`,
        query: { condition: 'next-exit' },
        limit: 'none',
        signal,
      }),
    );
  }

  async function wait(id: string, signal?: AbortSignal): Promise<ExitInfo> {
    const pending = arm(id, signal);
    const set = arming.get(id) ?? new Set();
    arming.set(id, set.add(pending));
    const answer = await pending.finally(() => {
      set.delete(pending);
      if (set.size === 0) arming.delete(id);
    });
    if (!answer) return unseen;
    try {
      const before = await readContainer(daemon, id, signal);
      if (!before) return unseen;
      const state = before.State;
      if (state.Status === 'exited' || state.Status === 'dead') return exitInfo(state.ExitCode, state.OOMKilled);
      const { StatusCode } = readReply(waitReply, await readJson(daemon, answer), daemon.transport.endpoint);
      const after = await readContainer(daemon, id, signal);
      return exitInfo(StatusCode, after?.State.OOMKilled ?? false);
    } finally {
      answer.close();
    }
  }

  return {
    wait,
    async armed(id, signal) {
      const abort = rejectOnAbort(signal);
      try {
        await Promise.race([Promise.allSettled(arming.get(id) ?? []), abort.promise]);
      } finally {
        abort.stop();
      }
    },
  };
}
