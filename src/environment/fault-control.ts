/** Orders faults of a running server, in the words of its control socket: one JSON line there, one back. */
import * as z from 'zod';
import { type Engine, EngineFailedError, type Instance } from '../engine/engine.js';
import { UsageError } from '../errors.js';
import type { Fault } from '../faults/fault.js';

/** A fault in force. A server of another version may know kinds that this one does not. */
const installedFaultSchema = z.object({
  id: z.string(),
  fault: z.looseObject({ kind: z.string() }),
  seed: z.number(),
  addedAt: z.string(),
  remainingMs: z.number().optional(),
  struck: z.number(),
});

export type InstalledFault = z.output<typeof installedFaultSchema>;

const answerSchema = z.union([
  z.object({
    ok: z.literal(true),
    faults: z.array(installedFaultSchema).optional(),
    ready: z.boolean().optional(),
  }),
  z.object({ ok: z.literal(false), error: z.object({ status: z.string(), message: z.string() }) }),
]);

/** The server will not have such a fault. */
export class FaultRefusedError extends UsageError {
  constructor(message: string, status: string) {
    super(`The server refuses: ${message}`, {
      hint: 'kserve-env fault kinds tells every fault with its settings',
      details: { status },
    });
  }
}

/** Sends one line to the server's control socket; gives back the line that it answers. */
export type SendLine = (request: string, signal?: AbortSignal) => Promise<string>;

/** Every call throws FaultRefusedError where the server says no, and EngineFailedError where it cannot be asked. */
export interface FaultControl {
  add(faults: readonly Fault[], signal?: AbortSignal): Promise<InstalledFault[]>;
  list(signal?: AbortSignal): Promise<InstalledFault[]>;
  /** Takes back those of these ids, all unless they are given; what is not there is no error. */
  clear(ids?: readonly string[], signal?: AbortSignal): Promise<InstalledFault[]>;
  ready(signal?: AbortSignal): Promise<boolean>;
}

export function faultControl(send: SendLine): FaultControl {
  const ask = async (request: object, signal?: AbortSignal) => {
    const line = await send(JSON.stringify(request), signal);
    const answer = answerSchema.safeParse(jsonOf(line));
    if (!answer.success) {
      throw new EngineFailedError("The server's control socket answered what is none of its answers", {
        details: { answer: line.slice(0, 500) },
      });
    }
    if (!answer.data.ok) throw new FaultRefusedError(answer.data.error.message, answer.data.error.status);
    return answer.data;
  };
  const faultsOf = async (request: object, signal?: AbortSignal) => (await ask(request, signal)).faults ?? [];
  return {
    add: (faults, signal) => faultsOf({ do: 'add', faults }, signal),
    list: (signal) => faultsOf({ do: 'list' }, signal),
    clear: (ids, signal) => faultsOf({ do: 'clear', ...(ids && { ids }) }, signal),
    ready: async (signal) => (await ask({ do: 'ready' }, signal)).ready === true,
  };
}

/** Of the server of an instance that runs. */
export function controlOf(engine: Engine, instance: Instance): FaultControl {
  return faultControl((line, signal) => engine.control(instance, line, signal));
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
