/** Faults of a model's state, put over the state that its versions have. */
import type { Fault } from '../../faults/fault.js';
import { quoteName } from '../../protocol/status.js';
import type { ModelRepository } from '../model-repository.js';
import type { ModelVersion, PretendedState } from '../model-version.js';

/** Has every version show the state of the last fault that is about it, or its own again. */
export function pretendedStates(repository: ModelRepository, faults: readonly Fault[]): void {
  for (const version of repository.versions) {
    const names = [version.name, ...version.config.aliases];
    const about = faults.filter(({ model }) => model === undefined || names.includes(model));
    version.pretend(about.map((fault) => stateOf(fault, version)).findLast((state) => state !== undefined));
  }
}

function stateOf(fault: Fault, { name, version }: ModelVersion): PretendedState | undefined {
  switch (fault.kind) {
    case 'not-ready':
      return { state: 'UNAVAILABLE', reason: 'a fault was injected: not-ready', wanted: true };
    case 'loading':
      return { state: 'LOADING', reason: '', wanted: true };
    case 'load-failed': {
      const reason = `failed to load ${quoteName(name)} version ${quoteName(version)}: ${fault.reason}`;
      return { state: 'UNAVAILABLE', reason, wanted: true, failsLoads: fault.reason };
    }
    case 'unloaded':
      return { state: 'UNAVAILABLE', reason: 'unloaded', wanted: false };
    default:
      return undefined;
  }
}
