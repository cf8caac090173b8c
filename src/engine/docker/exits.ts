/** Waits for the end of containers, so that none is missed. */
import { EngineUnreachableError, type ExitInfo } from '../engine.js';
import { pause, rejectOnAbort } from '../settle.js';
import { callDaemon, type Daemon, type DaemonAnswer, openAnswer, readJson } from './call.js';
import { readContainer, whileExists } from './instances.js';
import { readReply, waitReply } from './replies.js';
import { exitInfo } from './to-instance.js';

export interface DockerExits {
  wait(id: string, signal?: AbortSignal): Promise<ExitInfo>;
  /**
   * Resolves when the daemon knows of every wait for this container that was asked for until now.
   * @throws EngineUnreachableError when it does not answer to one
   */
  armed(id: string, signal?: AbortSignal): Promise<void>;
}

/** The container and every trace of how it ended are gone. */
const unseen: ExitInfo = { exitCode: null, oomKilled: false };

/** An exit and the removal after it are told apart by so many milliseconds at most; Podman looks every 250. */
const toldLaterMs = 1_000;

/**
 * Podman's `next-exit` never ends where the container is removed before Podman has looked at it once. So its removal is
 * waited for beside it; Docker needs none of this, and is not asked.
 */
function watchRemoval(daemon: Daemon, id: string, signal?: AbortSignal): { seen: Promise<undefined>; stop(): void } {
  const stopped = new AbortController();
  const either = signal ? AbortSignal.any([signal, stopped.signal]) : stopped.signal;
  const look = async () => {
    if (daemon.kind !== 'podman') return await new Promise<never>(() => {});
    const query = { condition: 'removed' };
    const path = `/containers/${id}/wait`;
    await whileExists(callDaemon(daemon, { method: 'POST', path, query, limit: 'none', signal: either }));
    await pause(toldLaterMs, either);
    return undefined;
  };
  const seen = look();
  // Whoever races it sees the rejection; a wait that has ended has no use for it.
  seen.catch(() => {});
  return { seen, stop: () => stopped.abort() };
}

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
        limit: 'listen',
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
    const removal = watchRemoval(daemon, id, signal);
    try {
      const before = await readContainer(daemon, id, signal);
      if (!before) return unseen;
      const state = before.State;
      if (state.Status === 'exited' || state.Status === 'dead') return exitInfo(state.ExitCode, state.OOMKilled);
      const ended = await Promise.race([readJson(daemon, answer), removal.seen]);
      if (ended === undefined) return unseen;
      const { StatusCode, Error: failure } = readReply(waitReply, ended, daemon.transport.endpoint);
      const after = await readContainer(daemon, id, signal);
      // Podman tells by an error that the container went before its exit code was read.
      if (failure?.Message) return after ? exitInfo(after.State.ExitCode, after.State.OOMKilled) : unseen;
      return exitInfo(StatusCode, after?.State.OOMKilled ?? false);
    } finally {
      removal.stop();
      answer.close();
    }
  }

  return {
    wait,
    async armed(id, signal) {
      const abort = rejectOnAbort(signal);
      try {
        const settled = await Promise.race([Promise.allSettled(arming.get(id) ?? []), abort.promise]);
        // Who waits may have given up, which concerns nobody else; a daemon that does not answer concerns all.
        for (const wait of settled)
          if (wait.status === 'rejected' && wait.reason instanceof EngineUnreachableError) throw wait.reason;
      } finally {
        abort.stop();
      }
    },
  };
}
