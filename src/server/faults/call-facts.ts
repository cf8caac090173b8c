/** What faults ask of a call, and what they change about its model, whatever transport it came by. */
import { oipError, quoteName } from '../../protocol/status.js';
import type { InferRequest } from '../../protocol/tensor.js';
import type { ModelRepository } from '../model-repository.js';
import { recordFailure } from '../telemetry/model-statistics.js';
import type { CallPlan } from './call-plan.js';

/** The name that a call gives for a model first, then all others that the model has; none for an empty name. */
export function modelNamesOfCall(repository: ModelRepository, requested: string): string[] {
  if (requested === '') return [];
  const known = repository.versions.filter(
    ({ name, config }) => name === requested || config.aliases.includes(requested),
  );
  return [...new Set([requested, ...known.flatMap(({ name, config }) => [name, ...config.aliases])])];
}

/** Throws MODEL_NOT_READY where a fault says so of the call's model, and MODEL_NOT_FOUND where there is none. */
export function assertReadyByPlan(
  plan: CallPlan | undefined,
  repository: ModelRepository,
  name: string,
  version: string,
): void {
  if (!plan?.notReady) return;
  const target = repository.find(name, version);
  throw oipError(
    'MODEL_NOT_READY',
    `Model ${quoteName(target.name)} is not ready: UNAVAILABLE (a fault was injected: not-ready)`,
  );
}

/** The same for an inference, which counts as a failed one of its model then. */
export function assertInferenceByPlan(
  plan: CallPlan,
  repository: ModelRepository,
  { modelName, modelVersion }: Pick<InferRequest, 'modelName' | 'modelVersion'>,
): void {
  if (plan.notReady) countFailed(repository, modelName, modelVersion, 0);
  assertReadyByPlan(plan, repository, modelName, modelVersion);
}

/** Counts an inference that a fault answered with an error among the failed ones of its model, if there is one. */
export function countFailed(repository: ModelRepository, name: string, version: string, milliseconds: number): void {
  try {
    recordFailure(repository.find(name, version).statistics, milliseconds);
  } catch {
    // No model has counted it, as for any call of a model that is not there.
  }
}
