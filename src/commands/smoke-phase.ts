/** The smoke checks as the last phase of an `up`. */
import type { Engine, Instance } from '../engine/engine.js';
import { withGrace } from '../engine/settle.js';
import type { HeldLock } from '../environment/lock.js';
import type { PhaseRecorder } from '../environment/phases.js';
import type { EnvironmentSpec } from '../environment/spec.js';
import type { CommandContext } from './context.js';
import type { ServerAddress } from './find-environment.js';
import { type SmokeReport, type SmokeSettings, smokeServer } from './smoke.js';

/** What is checked, and what is to be done about it when the command is interrupted. */
export interface SmokePhaseOptions {
  engine: Engine;
  phases: PhaseRecorder;
  context: CommandContext;
  lock: HeldLock;
  instance: Instance;
  address: ServerAddress;
  /** This command made the instance. */
  made: boolean;
  spec: EnvironmentSpec;
}

/** How long the removal of an interrupted one is waited for, in milliseconds; then the next command does it. */
const graceMs = 1_500;

/**
 * What is asked of every server that comes up: values over every route, the commonest mistakes, and metrics through a model,
 * since a set-up is waited for. Nothing that changes the server, since others may have waited for it.
 */
const settings: SmokeSettings = {
  cases: [
    'health',
    'metadata',
    'infer/values',
    'infer/agree',
    'errors/unknown-model',
    'errors/count',
    'errors/datatype',
    'errors/no-input',
    'errors/extra-input',
    'metrics',
  ],
  unload: false,
};

/** Checks that fail are in the report. An interruption takes back what this command made, and is thrown. */
export async function smokePhase(options: SmokePhaseOptions): Promise<SmokeReport> {
  const { engine, phases, context, lock, instance, address, made, spec } = options;
  try {
    return await phases.run('smoke', async () => {
      const value = await smokeServer(address, spec.server, context, settings);
      const { passed, failed } = value.summary;
      return { value, detail: `${passed} passed, ${failed} failed` };
    });
  } catch (error) {
    if (context.signal.aborted && made) await withGrace(engine.remove(instance), graceMs, context.signal);
    await lock.intend(undefined);
    throw error;
  }
}
