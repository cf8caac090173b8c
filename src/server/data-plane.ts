/** The data plane: what the protocol's calls do, whatever transport they come by. */
import type { Limits } from '../models/limits.js';
import { serverIdentity } from '../models/server-config.js';
import { oipError } from '../protocol/status.js';
import type { ModelMetadata, ServerMetadata } from '../protocol/tensor.js';
import { createInference, type Infer, readyModel } from './inference.js';
import type { ModelRepository } from './model-repository.js';
import { createRunningCalls } from './running-calls.js';
import type { Logger } from './telemetry/logger.js';

/** Every method that takes a model's name throws MODEL_NOT_FOUND for an unknown model or version. */
export interface DataPlane {
  serverLive(): boolean;
  /** Whether every model that should be loaded is ready, and the server is not stopping. */
  serverReady(): boolean;
  modelReady(name: string, version: string): boolean;
  serverMetadata(): ServerMetadata;
  /** Throws MODEL_NOT_READY where the model is not loaded: what it takes is known then only. */
  modelMetadata(name: string, version: string): ModelMetadata;
  /** Names of the models, without aliases, each once. */
  modelNames(): string[];
  /**
   * Counts a request in before its body is read. Throws OVERLOADED where `maxConcurrentRequests` run already; what
   * returns must be followed by `release`.
   */
  admit(): void;
  release(): void;
  /** See inference.ts. */
  infer: Infer;
  /** Stops being ready; settles when no admitted request runs any more. Those that still come in are served. */
  drain(): Promise<void>;
  readonly draining: boolean;
}

export interface DataPlaneOptions {
  /** Version of the server, for its metadata. */
  version: string;
  repository: ModelRepository;
  limits: Limits;
  log: Logger;
}

export function createDataPlane({ version, repository, limits, log }: DataPlaneOptions): DataPlane {
  let draining = false;
  const admitted = createRunningCalls();

  return {
    serverLive: () => true,
    serverReady: () => !draining && repository.versions.every(({ wanted, state }) => !wanted || state === 'READY'),
    modelReady: (name, modelVersion) => repository.find(name, modelVersion).state === 'READY',
    serverMetadata: () => ({ name: serverIdentity.name, version, extensions: [...serverIdentity.extensions] }),
    modelMetadata(name, modelVersion) {
      const target = repository.find(name, modelVersion);
      const { platform, inputs, outputs } = readyModel(target).model;
      const versions = repository
        .findAll(name)
        .filter(({ loaded }) => loaded)
        .map((one) => one.version)
        .reverse();
      return { name, versions, platform, inputs: [...inputs], outputs: [...outputs] };
    },
    modelNames: () => [...new Set(repository.versions.map(({ name }) => name))],
    admit() {
      if (admitted.count >= limits.maxConcurrentRequests) {
        throw oipError(
          'OVERLOADED',
          `${admitted.count} requests run already, as many as the limit maxConcurrentRequests allows; try again`,
        );
      }
      admitted.begin();
    },
    release: () => admitted.end(),
    infer: createInference({ repository, limits, log }),
    async drain() {
      draining = true;
      await admitted.idle();
    },
    get draining() {
      return draining;
    },
  };
}
