/** Takes away the secrets of environments that are gone: removed by hand, or half made by a command that was killed. */
import type { Engine } from '../engine/engine.js';
import { isMeant } from './observe.js';
import { isOwnedBy, listSecrets, ownerOf, removeSecrets, type SecretSet } from './secrets.js';
import { accessOfLabels } from './spec.js';
import { ifFree } from './sweep.js';

/** What a sweep of secrets works with. */
export interface SecretsSweep {
  stateDir: string;
  /** Those that can be asked. Secrets of others stay: nobody knows whether they are in use. */
  engines: readonly Engine[];
  signal: AbortSignal;
}

/** Removes sets that no environment uses, where no command is at work on it. */
export async function sweepSecrets(
  { stateDir, engines, signal }: SecretsSweep,
  except: readonly string[],
): Promise<void> {
  for (const set of await listSecrets(stateDir)) {
    const { name } = set.owner;
    const engine = engines.find((one) => isMeant(one, set.owner));
    if (except.includes(name) || engine === undefined || (await isUsed(set, engine, signal))) continue;
    await ifFree(name, { stateDir, signal }, async () => {
      if (!(await isUsed(set, engine, signal))) await removeSecrets(set);
    });
  }
}

/** Whether the environment that there is has been made with exactly this set. */
async function isUsed({ directory, owner }: SecretSet, engine: Engine, signal?: AbortSignal): Promise<boolean> {
  const instance = await engine.inspect(owner.name, signal);
  return instance !== undefined && accessOfLabels(instance.labels)?.directory === directory;
}

/**
 * Removes what an environment has of secrets, but for the set of the instance that is there. Call it under its lock.
 * @param signal bounds the wait for the engine; what could not be found out stays for the sweep
 */
export async function tidyUnused(stateDir: string, name: string, engine: Engine, signal: AbortSignal): Promise<void> {
  for (const set of await listSecrets(stateDir)) {
    if (isOwnedBy(set, ownerOf(name, engine)) && !(await isUsed(set, engine, signal))) await removeSecrets(set);
  }
}
