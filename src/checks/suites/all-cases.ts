/** Every case that applies to a server, suite by suite. */
import { type Case, type SuiteName, suiteNames, usualSuites } from '../case.js';
import type { ServerProfile } from '../profile.js';
import { compressionCases } from './compression/cases.js';
import { concurrencyCases } from './concurrency/cases.js';
import { errorsCases } from './errors/cases.js';
import { faultsCases } from './faults/cases.js';
import { healthCases } from './health/cases.js';
import { inferCases } from './infer/cases.js';
import { metadataCases } from './metadata/cases.js';
import { metricsCases } from './metrics/cases.js';
import { repositoryCases } from './repository/cases.js';
import { streamingCases } from './streaming/cases.js';

const suites: Record<SuiteName, (server: ServerProfile) => Case[]> = {
  health: healthCases,
  metadata: metadataCases,
  infer: inferCases,
  errors: errorsCases,
  repository: repositoryCases,
  streaming: streamingCases,
  concurrency: concurrencyCases,
  compression: compressionCases,
  metrics: metricsCases,
  faults: faultsCases,
};

/** Which cases are wanted; those of the usual suites unless said otherwise. */
export interface CaseSelection {
  suites?: readonly SuiteName[];
  /** Ids, or their beginnings up to a slash, or patterns with `*` for any characters. A case that fits one is wanted. */
  cases?: readonly string[];
}

/** The suites that a selection is about: a case that is named asks for its suite, too. */
export function suitesOf({ suites, cases = [] }: CaseSelection): SuiteName[] {
  const asked = (name: SuiteName) => usualSuites.includes(name) || cases.some((one) => one.split('/')[0] === name);
  return suiteNames.filter((name) => suites?.includes(name) ?? asked(name));
}

/** The cases for a server, in the order in which they run. */
export function casesFor(server: ServerProfile, selection: CaseSelection = {}): Case[] {
  const patterns = (selection.cases ?? []).map(patternOf);
  return suitesOf(selection)
    .flatMap((name) => suites[name](server))
    .filter(({ id }) => patterns.length === 0 || patterns.some((pattern) => pattern.test(id)));
}

/** `infer/identity` is also what comes after it: `infer/identity/round-trip/FP64`. */
function patternOf(text: string): RegExp {
  const escaped = text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}(/.*)?$`);
}
