/** What the engine in memory holds of one environment. */
import { type EventEmitter, once } from 'node:events';
import type { ExitInfo, Instance, InstanceSpec, LogLine } from '../../src/engine/engine.js';
import type { RunningServer } from '../../src/server/start-server.js';
import type { Gate } from './gate.js';

/** One environment. */
export interface Held {
  spec: InstanceSpec;
  instance: Instance;
  log: { at: number; line: LogLine }[];
  events: EventEmitter;
  server?: RunningServer;
  /** What clients dial, and the server behind it: gRPC and REST. */
  gates?: [Gate, Gate];
}

/** It has ended so; an end that came before stays. */
export function end(entry: Held, exit: ExitInfo): void {
  if (entry.instance.state === 'exited') return;
  const { endpoints: _endpoints, disconnected: _disconnected, ...rest } = entry.instance;
  entry.instance = { ...rest, state: 'exited', exit };
  entry.events.emit('change');
}

/** Adds to its log. */
export function write(entry: Held, line: LogLine): void {
  entry.log.push({ at: Date.now(), line });
  entry.events.emit('change');
}

/** Ends the server, and what clients dial it by. */
export async function close({ server, gates }: Held, graceMs: number): Promise<void> {
  for (const gate of gates ?? []) gate.pause(false);
  await server?.close(graceMs);
  await Promise.all(gates?.map((gate) => gate.shut()) ?? []);
}

/** Resolves when its log or its state is another. */
export async function changeOf(entry: Held, signal: AbortSignal | undefined): Promise<void> {
  try {
    await once(entry.events, 'change', signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
