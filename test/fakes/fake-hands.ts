/** What is done to a server of the engine in memory from outside: asked, paused, cut off from its network. */
import { type Engine, EngineCannotError, type EngineKind, type Instance, isUp } from '../../src/engine/engine.js';
import { noControlAnswer, notRunning } from '../../src/engine/refusals.js';
import { serverConfigVariable } from '../../src/models/server-config.js';
import { controlAnswer } from '../../src/server/faults/control-requests.js';
import { silentLogger } from '../../src/server/telemetry/logger.js';
import type { Held } from './held.js';

type Hands = Pick<Engine, 'control' | 'pause' | 'unpause' | 'disconnect' | 'reconnect'>;

/**
 * @param of what is held of exactly this instance
 * @param changes told of everything that is asked for
 */
export function fakeHands(kind: EngineKind, of: (instance: Instance) => Held | undefined, changes: string[]): Hands {
  function runningOf(instance: Instance): Held {
    const entry = of(instance);
    if (!entry || !isUp(entry.instance.state)) throw notRunning(instance.name, entry?.instance.state);
    return entry;
  }

  function requireOwnNetwork({ name }: Instance): void {
    if (kind === 'process') throw new EngineCannotError(`${name} is a process, and has no network of its own`);
  }

  return {
    async control(instance, request, signal) {
      signal?.throwIfAborted();
      const { instance: now, server, spec } = runningOf(instance);
      if (now.state === 'paused') throw notRunning(instance.name, now.state);
      const asked = (spec.env[serverConfigVariable] ?? '').includes('"controlSocket"');
      if (!asked || !server?.faults) throw noControlAnswer(instance.name, 'it was made without one');
      const { faults: keeper, isReady } = server;
      return await controlAnswer(Buffer.from(request), { keeper, isReady, log: silentLogger });
    },

    async pause(instance, signal) {
      signal?.throwIfAborted();
      changes.push(`pause ${instance.name}`);
      const entry = runningOf(instance);
      for (const gate of entry.gates ?? []) gate.pause(true);
      entry.instance = { ...entry.instance, state: 'paused' };
    },

    async unpause(instance, signal) {
      signal?.throwIfAborted();
      changes.push(`unpause ${instance.name}`);
      const entry = of(instance);
      if (entry?.instance.state !== 'paused') return;
      for (const gate of entry.gates ?? []) gate.pause(false);
      entry.instance = { ...entry.instance, state: 'running' };
    },

    async disconnect(instance, signal) {
      signal?.throwIfAborted();
      requireOwnNetwork(instance);
      changes.push(`disconnect ${instance.name}`);
      const entry = runningOf(instance);
      await Promise.all(entry.gates?.map((gate) => gate.shut()) ?? []);
      entry.instance = { ...entry.instance, disconnected: true };
    },

    async reconnect(instance, signal) {
      signal?.throwIfAborted();
      requireOwnNetwork(instance);
      changes.push(`reconnect ${instance.name}`);
      const entry = runningOf(instance);
      if (!entry.instance.disconnected) return;
      await Promise.all(entry.gates?.map((gate) => gate.open()) ?? []);
      const { disconnected: _disconnected, ...rest } = entry.instance;
      entry.instance = rest;
    },
  };
}
