/** Waits until the models that should be loaded are ready; sees at once when one of them never will be. */
import { ExitCode, KServeEnvError } from '../errors.js';
import type { ModelConfig } from '../models/kinds.js';
import type { CallOptions, InferenceClient } from '../protocol/client.js';
import { OipError } from '../protocol/status.js';
import { type PollOptions, poll } from './readiness.js';

/** What the readiness of a server is measured by. */
export interface ExpectedModels {
  /** Versions that are loaded at the start, in the order of the config. */
  versions: { name: string; version: string }[];
  /** False where a model is declared as failed: that keeps a server from ever being ready, as it should. */
  serverReady: boolean;
}

/** What a config makes the server load. */
export function expectedModels(models: readonly ModelConfig[]): ExpectedModels {
  return {
    versions: models
      .filter(({ initial }) => initial === 'loaded')
      .flatMap(({ name, versions }) => versions.map((version) => ({ name, version }))),
    serverReady: models.every(({ initial }) => initial !== 'failed'),
  };
}

/** Names of the models that are loaded at the start, each once. */
export function expectedNames(models: readonly ModelConfig[]): string[] {
  return [...new Set(expectedModels(models).versions.map(({ name }) => name))];
}

/** A model that should be loaded could not be. */
export class ModelLoadFailedError extends KServeEnvError {
  constructor(failures: { name: string; version: string; reason: string }[]) {
    const [first] = failures;
    const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
    super('MODEL_LOAD_FAILED', ExitCode.notReady, `${first?.reason ?? 'a model failed to load'}${more}`, {
      hint: 'correct the model; initial: failed in its declaration is for a failure on purpose',
      details: { failures },
    });
  }
}

/**
 * ModelReady of every expected version, then ServerReady.
 * @throws ModelLoadFailedError as soon as one has failed; NotReadyInTimeError
 */
export function pollModelsReady(
  client: InferenceClient,
  expected: ExpectedModels,
  options: Omit<PollOptions, 'goal'>,
): Promise<void> {
  return poll(
    async (call) => {
      const answers = await Promise.allSettled(
        expected.versions.map(({ name, version }) => client.modelReady(name, version, call)),
      );
      // The first in the order of the config, as if they had been asked one by one.
      for (const [index, { name }] of expected.versions.entries()) {
        const answer = answers[index];
        if (answer?.status === 'rejected') throw answer.reason;
        if (answer?.value) continue;
        await assertNoneFailed(client, expected, call);
        throw new Error(`ModelReady of ${name} says false`);
      }
      if (expected.serverReady && !(await client.serverReady(call))) throw new Error('ServerReady says false');
      return true;
    },
    { ...options, goal: 'Not every model was ready' },
  );
}

async function assertNoneFailed(
  client: InferenceClient,
  { versions }: ExpectedModels,
  call: CallOptions,
): Promise<void> {
  const index = await client.repositoryIndex(call).catch((error: unknown) => {
    // Without the extension the answers of ModelReady have to do.
    if (error instanceof OipError) return [];
    throw error;
  });
  const failures = index.filter(
    ({ name, version, state, reason }) =>
      state === 'UNAVAILABLE' &&
      reason !== '' &&
      reason !== 'unloaded' &&
      versions.some((one) => one.name === name && one.version === version),
  );
  if (failures.length > 0) throw new ModelLoadFailedError(failures);
}
