/** The models of a server by name, alias and version. */
import type { ModelConfig } from '../models/kinds.js';
import { oipError, quoteName } from '../protocol/status.js';
import { type AgreeOnLoad, createModelVersion, type MakeModel, type ModelVersion } from './model-version.js';
import type { Logger } from './telemetry/logger.js';

export interface ModelRepository {
  /** In the order of the configuration. */
  readonly versions: readonly ModelVersion[];
  /** The version for a name or alias; an empty one asks for the highest that is ready, else the highest. Throws MODEL_NOT_FOUND. */
  find(name: string, version: string): ModelVersion;
  /** All versions of a name or alias, the highest first. Throws MODEL_NOT_FOUND. */
  findAll(name: string): readonly ModelVersion[];
  /** Calls `listener` after every change of a state, until the function that it returns is called. */
  onChange(listener: () => void): () => void;
  /** Loads what is declared as loaded; settles when every load has ended, well or not. */
  start(agree?: AgreeOnLoad): Promise<void>;
  /** Ends loads that wait, and closes every model when its last inference has ended. */
  close(): Promise<void>;
}

/** Two models claim one name and version. */
export class ModelNameTakenError extends Error {
  constructor(name: string, version: string) {
    super(`Two models are called ${quoteName(name)} in version ${quoteName(version)}`);
    this.name = 'ModelNameTakenError';
  }
}

export interface ModelRepositoryOptions {
  makeModel?: MakeModel;
  /** Takes a line for every change of a model's state. */
  log?: Logger;
}

/** A repository of what is declared. Throws ModelNameTakenError where two models claim one name and version. */
export function createModelRepository(
  configs: readonly ModelConfig[],
  { makeModel, log }: ModelRepositoryOptions = {},
): ModelRepository {
  const listeners = new Set<() => void>();
  const closing = new AbortController();
  const onChange = (): void => {
    for (const listener of listeners) listener();
  };
  const versions = configs.flatMap((config) =>
    config.versions.map((version) =>
      createModelVersion({
        config,
        version,
        onChange,
        signal: closing.signal,
        ...(makeModel && { makeModel }),
        ...(log && { log }),
      }),
    ),
  );
  const byName = indexByName(versions);

  const findAll = (name: string): readonly ModelVersion[] => {
    const found = byName.get(name);
    if (!found) throw oipError('MODEL_NOT_FOUND', `Model ${quoteName(name)} is not on this server`);
    return found;
  };
  return {
    versions,
    findAll,
    find(name, version) {
      const candidates = findAll(name);
      const found =
        version === ''
          ? (candidates.find(({ loaded }) => loaded) ?? candidates[0])
          : candidates.find((candidate) => candidate.version === version);
      if (found) return found;
      const known = candidates.map((candidate) => candidate.version).join(', ');
      throw oipError(
        'MODEL_NOT_FOUND',
        `Model ${quoteName(name)} has no version ${quoteName(version)}; this server has ${known}`,
      );
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async start(agree) {
      // Not by their states, which a fault that is in force from the start hides.
      const declared = versions.filter(({ config }) => config.initial === 'loaded');
      await Promise.allSettled(declared.map((version) => version.load(agree)));
    },
    async close() {
      closing.abort();
      await Promise.allSettled(versions.map((version) => version.unload()));
    },
  };
}

function indexByName(versions: readonly ModelVersion[]): Map<string, ModelVersion[]> {
  const byName = new Map<string, ModelVersion[]>();
  for (const one of versions) {
    for (const name of new Set([one.name, ...one.config.aliases])) {
      const others = byName.get(name) ?? [];
      if (others.some(({ version }) => version === one.version)) throw new ModelNameTakenError(name, one.version);
      others.push(one);
      byName.set(name, others);
    }
  }
  for (const list of byName.values()) list.sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }));
  return byName;
}
