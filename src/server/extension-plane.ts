/** The extensions of the protocol: repository, statistics and configuration of models, whatever transport they come by. */
import { oipError, quoteName } from '../protocol/status.js';
import type { Parameters, TensorMetadata } from '../protocol/tensor.js';
import type { ServerControl } from './control.js';

import { readyModel } from './inference.js';
import type { ModelRepository } from './model-repository.js';
import type { ModelState } from './model-version.js';
import { type ModelStatistics, sumModelStatistics } from './telemetry/model-statistics.js';

/** One version of a model in RepositoryIndex. */
export interface ModelIndexEntry {
  name: string;
  version: string;
  state: ModelState;
  /** Why it is UNAVAILABLE; else empty. */
  reason: string;
}

/** What ModelConfig says of a model: a part of Triton's model configuration. */
export interface ModelConfiguration {
  name: string;
  platform: string;
  backend: string;
  inputs: TensorMetadata[];
  outputs: TensorMetadata[];
  /** As text, as Triton has them. */
  parameters: Record<string, string>;
}

/** Counts of one version of a model, summed over all workers. */
export interface ModelStatisticsEntry {
  name: string;
  version: string;
  statistics: ModelStatistics;
}

/** Every method that takes a model's name throws MODEL_NOT_FOUND for an unknown model or version. */
export interface ExtensionPlane {
  repositoryIndex(options: { ready: boolean }): ModelIndexEntry[];
  /** Settles when all versions are READY. Throws MODEL_LOAD_FAILED, and INVALID_ARGUMENT for a parameter that is not understood. */
  loadModel(name: string, parameters: Parameters): Promise<void>;
  /** Settles when the last inference has ended. */
  unloadModel(name: string, parameters: Parameters): Promise<void>;
  /** Of one version, of all versions where `version` is empty, of all models where `name` is. */
  modelStatistics(name: string, version: string): Promise<ModelStatisticsEntry[]>;
  /** Throws MODEL_NOT_READY. */
  modelConfig(name: string, version: string): ModelConfiguration;
}

/** Parameters of unload that change nothing here, since no model depends on another. */
const harmless = new Set(['unload_dependents']);

export function createExtensionPlane(repository: ModelRepository, control: ServerControl): ExtensionPlane {
  return {
    repositoryIndex: ({ ready }) =>
      repository.versions
        .filter(({ state }) => !ready || state === 'READY')
        .map(({ name, version, state, reason }) => ({ name, version, state, reason })),
    async loadModel(name, parameters) {
      assertUnderstood(parameters);
      await control.loadModel(name);
    },
    async unloadModel(name, parameters) {
      assertUnderstood(parameters);
      await control.unloadModel(name);
    },
    async modelStatistics(name, version) {
      const wanted =
        name === ''
          ? repository.versions
          : version === ''
            ? repository.findAll(name)
            : [repository.find(name, version)];
      const workers = await control.counts();
      return wanted.map((one) => ({
        name: one.name,
        version: one.version,
        statistics: sumModelStatistics(
          workers.flatMap(({ models }) =>
            models
              .filter((model) => model.name === one.name && model.version === one.version)
              .map((model) => model.statistics),
          ),
        ),
      }));
    },
    modelConfig(name, version) {
      const target = repository.find(name, version);
      const { platform, inputs, outputs } = readyModel(target).model;
      return {
        name: target.name,
        platform,
        backend: target.config.kind,
        inputs: [...inputs],
        outputs: [...outputs],
        parameters: Object.fromEntries(
          Object.entries(target.config.parameters).map(([key, value]) => [key, String(value)]),
        ),
      };
    },
  };
}

function assertUnderstood(parameters: Parameters): void {
  for (const key of Object.keys(parameters)) {
    if (harmless.has(key)) continue;
    throw oipError(
      'INVALID_ARGUMENT',
      `parameter ${quoteName(key)} is not supported: models are declared in the configuration of the server`,
    );
  }
}
