/** The model repository extension: index, unload and load. No server is left changed. */
import type { Case } from '../../case.js';
import { type DistinctRequests, distinctRequests } from '../../distinct-requests.js';
import type { ServerProfile } from '../../profile.js';
import { indexCases } from './index-cases.js';
import type { Subject } from './model-state.js';
import { refusalCases } from './refusal-cases.js';
import { unloadCases } from './unload-cases.js';

/** The cases that apply to a server: those that unload only where a model can be told from one that is gone. */
export function repositoryCases(server: ServerProfile): Case[] {
  const subject = subjectOf(server);
  return [
    ...indexCases(server),
    ...refusalCases(server, subject),
    ...(subject === undefined ? [] : unloadCases(server, subject)),
  ];
}

/** The last of the models, which is nobody's first choice: of one version, so that nothing else goes with it, and quick to load. */
function subjectOf(server: ServerProfile): Subject | undefined {
  const models = distinctRequests(server);
  const fit = models.filter((requests) => isAlone(server, requests));
  const order = (requests: DistinctRequests): number => server.models.indexOf(requests.model);
  const target = fit.sort((a, b) => order(b) - order(a))[0];
  return target && { target, others: models.filter((other) => other !== target) };
}

/** No other model has its name, so that no other version goes and comes with it, and it is quick to load. */
function isAlone({ models, unloaded }: ServerProfile, { model: { name, version, config } }: DistinctRequests): boolean {
  const alone = models.filter((other) => other.name === name).length === 1 && !unloaded.includes(name);
  return alone && version === '' && config?.loadDelay === undefined;
}
