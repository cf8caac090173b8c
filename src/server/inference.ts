/** One inference: inputs bound to a model that is ready, its prediction, the outputs that were asked for, and the counts. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseDuration } from '../duration.js';
import type { Limits } from '../models/limits.js';
import { oipError, quoteName } from '../protocol/status.js';
import type { InferRequest, InferResponse, Tensor } from '../protocol/tensor.js';
import { asOipError } from './as-oip-error.js';
import { bindInputs } from './input-binding.js';
import type { ModelRepository } from './model-repository.js';
import type { LoadedModel, ModelVersion } from './model-version.js';
import { assertOutputsExist, selectOutputs } from './output-selection.js';
import type { Logger } from './telemetry/logger.js';
import { recordFailure, recordSuccess } from './telemetry/model-statistics.js';

/**
 * Answers at once where the model does, since every promise costs more than a small model. Throws or rejects with
 * MODEL_NOT_FOUND, MODEL_NOT_READY, INVALID_ARGUMENT, OUT_OF_RANGE, DEADLINE_EXCEEDED, or INTERNAL for a model that fails.
 */
export type Infer = (request: InferRequest) => InferResponse | Promise<InferResponse>;

export interface InferenceOptions {
  repository: ModelRepository;
  limits: Pick<Limits, 'requestTimeout'>;
  log: Logger;
}

export function createInference({ repository, limits, log }: InferenceOptions): Infer {
  const timeoutMs = parseDuration(limits.requestTimeout) ?? 0;

  return (request) => {
    const begun = performance.now();
    const target = repository.find(request.modelName, request.modelVersion);
    const fail = (error: unknown): never => {
      recordFailure(target.statistics, performance.now() - begun);
      const { id } = request;
      throw asOipError(error, log, { model: target.name, ...(id !== '' && { requestId: id.slice(0, 100) }) });
    };
    try {
      const outcome = inferWith(readyModel(target), target, request, begun, timeoutMs);
      return outcome instanceof Promise ? outcome.catch(fail) : outcome;
    } catch (error) {
      return fail(error);
    }
  };
}

function inferWith(
  { model, running }: LoadedModel,
  target: ModelVersion,
  request: InferRequest,
  begun: number,
  timeoutMs: number,
): InferResponse | Promise<InferResponse> {
  const inputs = bindInputs(model.inputs, request.inputs, target.config.strictInputs);
  assertOutputsExist(model.outputs, request.outputs);
  const parameters = target.parameters ? { ...target.parameters, ...request.parameters } : request.parameters;
  const bound = performance.now();
  let waited = bound;
  const predict = (): Tensor[] | Promise<Tensor[]> => {
    model.validate?.(inputs, parameters);
    return model.predict(inputs, parameters);
  };
  const predictLater = async (): Promise<Tensor[]> => {
    await delay(target.latencyMs);
    waited = performance.now();
    return predict();
  };
  const respond = (results: Tensor[]): InferResponse => {
    const predicted = performance.now();
    const response: InferResponse = {
      modelName: request.modelName,
      modelVersion: target.version,
      id: request.id,
      parameters: {},
      outputs: selectOutputs(results, request.outputs),
      form: target.config.output === 'mirror' ? request.form : target.config.output,
    };
    recordSuccess(target.statistics, begun, bound, waited, predicted);
    return response;
  };

  running.begin();
  let pending = false;
  try {
    const results = target.latencyMs > 0 ? predictLater() : predict();
    // What answers at once cannot be late.
    if (!(results instanceof Promise)) return respond(results);
    pending = true;
    return withinTimeout(results, timeoutMs).then(respond).finally(running.end);
  } finally {
    if (!pending) running.end();
  }
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
