/** The models of a server by name, alias and version, and whether each can be asked. */
import type { ModelConfig } from '../protocol/server-config.js';
import { oipError, quoteName } from '../protocol/status.js';
import { createModel } from './models/create-model.js';
import type { Model } from './models/model.js';

export type ModelState = 'READY' | 'LOADING' | 'UNAVAILABLE';

/** One version of a model. */
export interface ModelEntry extends Pick<ModelConfig, 'name' | 'aliases' | 'version' | 'strictInputs' | 'output'> {
  state: ModelState;
  model: Model;
}

export interface ModelRepository {
  /** In the order of the configuration. */
  readonly entries: readonly ModelEntry[];
  /** The entry for a name or alias; an empty version asks for the highest. Throws MODEL_NOT_FOUND. */
  find(name: string, version: string): ModelEntry;
}

/** Two models claim one name and version. */
export class ModelNameTakenError extends Error {
  constructor(name: string, version: string) {
    super(`Two models are called ${quoteName(name)} in version ${quoteName(version)}`);
    this.name = 'ModelNameTakenError';
  }
}

/** The entry that a model's configuration describes, ready to be asked. */
export function createModelEntry(config: ModelConfig): ModelEntry {
  const { name, aliases, version, strictInputs, output } = config;
  return { name, aliases, version, strictInputs, output, state: 'READY', model: createModel(config) };
}

/** A repository of entries. Throws ModelNameTakenError where two claim one name and version. */
export function createModelRepository(entries: readonly ModelEntry[]): ModelRepository {
  const byName = new Map<string, ModelEntry[]>();
  for (const entry of entries) {
    for (const name of new Set([entry.name, ...entry.aliases])) {
      const versions = byName.get(name) ?? [];
      if (versions.some(({ version }) => version === entry.version)) throw new ModelNameTakenError(name, entry.version);
      versions.push(entry);
      versions.sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }));
      byName.set(name, versions);
    }
  }
  return {
    entries,
    find(name, version) {
      const versions = byName.get(name);
      if (!versions) throw oipError('MODEL_NOT_FOUND', `Model ${quoteName(name)} is not on this server`);
      const entry = version === '' ? versions[0] : versions.find((candidate) => candidate.version === version);
      if (entry) return entry;
      const known = versions.map((candidate) => candidate.version).join(', ');
      throw oipError(
        'MODEL_NOT_FOUND',
        `Model ${quoteName(name)} has no version ${quoteName(version)}; this server has ${known}`,
      );
    },
  };
}
