/** The data plane: what the protocol's calls do, whatever transport they come by. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseDuration } from '../duration.js';
import type { Limits } from '../models/limits.js';
import type { Model } from '../models/model.js';
import { OipError, oipError, quoteName } from '../protocol/status.js';
import type {
  InferRequest,
  InferResponse,
  ModelMetadata,
  Parameters,
  ServerMetadata,
  Tensor,
} from '../protocol/tensor.js';
import { bindInputs } from './input-binding.js';
import type { ModelRepository } from './model-repository.js';
import type { LoadedModel, ModelVersion } from './model-version.js';
import { assertOutputsExist, selectOutputs } from './output-selection.js';
import { createRunningCalls } from './running-calls.js';
import type { Logger } from './telemetry/logger.js';
import { recordFailure, recordSuccess } from './telemetry/model-statistics.js';

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
  /** Throws MODEL_NOT_READY, INVALID_ARGUMENT, OUT_OF_RANGE, DEADLINE_EXCEEDED, or INTERNAL for a model that fails. */
  infer(request: InferRequest): Promise<InferResponse>;
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

/** What the server says that it can, beside the core. */
const extensions = ['binary_tensor_data', 'model_repository', 'model_configuration', 'statistics'];

export function createDataPlane({ version, repository, limits, log }: DataPlaneOptions): DataPlane {
  let draining = false;
  const admitted = createRunningCalls();
  const timeoutMs = parseDuration(limits.requestTimeout) ?? 0;

  const infer = async (request: InferRequest): Promise<InferResponse> => {
    const begun = performance.now();
    const target = repository.find(request.modelName, request.modelVersion);
    try {
      const loaded = readyModel(target);
      loaded.running.begin();
      try {
        return await inferWith(loaded, target, request, begun);
      } finally {
        loaded.running.end();
      }
    } catch (error) {
      recordFailure(target.statistics, performance.now() - begun);
      throw error;
    }
  };

  const predict = async (
    model: Model,
    name: string,
    inputs: Tensor[],
    parameters: Parameters,
    id: string,
  ): Promise<Tensor[]> => {
    try {
      model.validate?.(inputs, parameters);
      const results = model.predict(inputs, parameters);
      // One that answers at once cannot be late.
      return results instanceof Promise ? await withinTimeout(results, timeoutMs) : results;
    } catch (error) {
      throw asOipError(error, log, { model: name, ...(id !== '' && { requestId: id.slice(0, 100) }) });
    }
  };

  const inferWith = async (
    { model }: LoadedModel,
    target: ModelVersion,
    request: InferRequest,
    begun: number,
  ): Promise<InferResponse> => {
    const inputs = bindInputs(model.inputs, request.inputs, { strict: target.config.strictInputs });
    assertOutputsExist(model.outputs, request.outputs);
    const parameters = target.parameters ? { ...target.parameters, ...request.parameters } : request.parameters;
    const bound = performance.now();
    if (target.latencyMs > 0) await withinTimeout(delay(target.latencyMs), timeoutMs);
    const waited = performance.now();
    const results = await predict(model, target.name, inputs, parameters, request.id);
    const predicted = performance.now();
    const response: InferResponse = {
      modelName: request.modelName,
      modelVersion: target.version,
      id: request.id,
      parameters: {},
      outputs: selectOutputs(results, request.outputs),
      form: target.config.output === 'mirror' ? request.form : target.config.output,
    };
    recordSuccess(target.statistics, { begun, bound, waited, predicted, ended: performance.now() });
    return response;
  };

  return {
    serverLive: () => true,
    serverReady: () => !draining && repository.versions.every(({ wanted, state }) => !wanted || state === 'READY'),
    modelReady: (name, modelVersion) => repository.find(name, modelVersion).state === 'READY',
    serverMetadata: () => ({ name: 'kserve-env', version, extensions: [...extensions] }),
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
    infer,
    async drain() {
      draining = true;
      await admitted.idle();
    },
    get draining() {
      return draining;
    },
  };
}

/** What answers for a version. Throws MODEL_NOT_READY with its state where nothing does. */
export function readyModel(target: ModelVersion): LoadedModel {
  if (target.loaded) return target.loaded;
  const why = target.reason === '' ? target.state : `${target.state} (${target.reason})`;
  throw oipError('MODEL_NOT_READY', `Model ${quoteName(target.name)} is not ready: ${why}`);
}

/**
 * The value of `work`, or DEADLINE_EXCEEDED once it took longer. It is not stopped, since nothing in JavaScript can be;
 * what comes of it later is dropped.
 */
async function withinTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        oipError('DEADLINE_EXCEEDED', `The inference took longer than the limit requestTimeout of ${timeoutMs} ms`),
      );
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The error to answer with. One of the protocol passes; anything else is a bug of ours or of a user's model, logged with
 * its stack, and the client gets an id to find it by.
 */
export function asOipError(error: unknown, log: Logger, fields: { model?: string; requestId?: string } = {}): OipError {
  if (error instanceof OipError) return error;
  const requestId = fields.requestId ?? randomUUID();
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error('request failed', { ...fields, requestId, error: stack });
  return oipError('INTERNAL', `The server failed; its log says more under request id ${requestId}`);
}
