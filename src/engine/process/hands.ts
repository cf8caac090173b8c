/** What is done to a server of this machine from outside: asked, paused, killed. */
import { platform } from 'node:os';
import { askControl } from '../ask-control.js';
import { type Engine, EngineCannotError, type Instance } from '../engine.js';
import { noControlAnswer, notRunning } from '../refusals.js';
import { setPaused, toState } from './instance.js';
import type { InstanceRecord } from './record.js';

/** Long enough for the kernel to stop a process, in milliseconds. */
const limitMs = 5_000;

type Hands = Pick<Engine, 'control' | 'pause' | 'unpause' | 'kill' | 'disconnect' | 'reconnect'>;

/**
 * @param recordOf the record of exactly this instance
 * @param kill ends its process and its workers, if they are there, and resolves when they are gone
 */
export function processHands(
  recordOf: (instance: Instance) => Promise<InstanceRecord | undefined>,
  kill: (record: InstanceRecord, signal?: AbortSignal) => Promise<void>,
): Hands {
  /** The process of a server that is there, paused or not. */
  async function processOf(instance: Instance) {
    const record = await recordOf(instance);
    const seen = record && (await toState(record));
    if (seen?.state !== 'running' && seen?.state !== 'paused') throw notRunning(instance.name, seen?.state);
    return { controlSocket: record?.controlSocket, ...seen };
  }

  async function cannotCutOff({ name }: Instance, signal?: AbortSignal): Promise<never> {
    signal?.throwIfAborted();
    throw new EngineCannotError(`${name} is a process, and has no network of its own to be cut off from`, {
      hint: 'kserve-env fault add refuse, which closes its ports; or run it with --engine docker',
    });
  }

  return {
    async control(instance, request, signal) {
      signal?.throwIfAborted();
      const { name } = instance;
      const { state, controlSocket } = await processOf(instance);
      if (state === 'paused') throw notRunning(name, state);
      if (controlSocket === undefined) throw noControlAnswer(name, 'it was made without one');
      return await askControl(controlSocket, request, signal);
    },

    async pause(instance, signal) {
      signal?.throwIfAborted();
      if (platform() === 'win32')
        throw new EngineCannotError('Windows cannot pause a process', { hint: 'run it with --engine docker' });
      const { state, process } = await processOf(instance);
      if (state === 'running') await setPaused(process, true, { limitMs, signal });
    },

    async unpause(instance, signal) {
      signal?.throwIfAborted();
      const record = await recordOf(instance);
      const seen = record && (await toState(record));
      if (seen?.state === 'paused') await setPaused(seen.process, false, { limitMs, signal });
    },

    async kill(instance, signal) {
      signal?.throwIfAborted();
      const record = await recordOf(instance);
      if (record) await kill(record, signal);
    },

    disconnect: cannotCutOff,
    reconnect: cannotCutOff,
  };
}
