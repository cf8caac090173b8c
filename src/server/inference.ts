/** One inference: inputs bound to a model that is ready, its prediction, the outputs that were asked for, and the counts. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseDuration } from '../duration.js';
import type { Limits } from '../models/limits.js';
import type { Model } from '../models/model.js';
import { type OipError, oipError, quoteName } from '../protocol/status.js';
import type { InferRequest, InferResponse, Parameters, Tensor } from '../protocol/tensor.js';
import { asOipError } from './as-oip-error.js';
import { bindInputs } from './input-binding.js';
import type { ModelRepository } from './model-repository.js';
import type { LoadedModel, ModelVersion } from './model-version.js';
import { assertOutputsExist, selectOutputs } from './output-selection.js';
import type { Logger } from './telemetry/logger.js';
import { recordFailure, recordSuccess } from './telemetry/model-statistics.js';
import { late, within } from './within.js';

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

  /** The error to answer with, counted. */
  const failure = (error: unknown, { target, request: { id }, begun }: Inference): OipError => {
    recordFailure(target.statistics, performance.now() - begun);
    return asOipError(error, log, { model: target.name, ...(id !== '' && { requestId: id.slice(0, 100) }) });
  };
  return (request) => {
    const begun = performance.now();
    const target = repository.find(request.modelName, request.modelVersion);
    const inference: Inference = { target, request, begun, bound: begun, waited: begun };
    try {
      const outcome = infer(inference, timeoutMs);
      if (!(outcome instanceof Promise)) return outcome;
      return outcome.catch((error: unknown) => {
        throw failure(error, inference);
      });
    } catch (error) {
      throw failure(error, inference);
    }
  };
}

/** One inference, and its instants in milliseconds of performance.now(). */
interface Inference {
  readonly target: ModelVersion;
  readonly request: InferRequest;
  readonly begun: number;
  /** When its inputs were bound. */
  bound: number;
  /** When its latency was over. */
  waited: number;
}

function infer(inference: Inference, timeoutMs: number): InferResponse | Promise<InferResponse> {
  const { target, request } = inference;
  const { model, running } = readyModel(target);
  const inputs = bindInputs(model.inputs, request.inputs, target.config.strictInputs);
  assertOutputsExist(model.outputs, request.outputs);
  const parameters = target.parameters ? { ...target.parameters, ...request.parameters } : request.parameters;
  inference.bound = inference.waited = performance.now();

  running.begin();
  let pending = false;
  try {
    const results =
      target.latencyMs > 0 ? predictLater(model, inputs, parameters, inference) : predict(model, inputs, parameters);
    // What answers at once cannot be late.
    if (!(results instanceof Promise)) return respond(inference, results);
    pending = true;
    return withinTimeout(results, timeoutMs)
      .then((late) => respond(inference, late))
      .finally(running.end);
  } finally {
    if (!pending) running.end();
  }
}

function predict(model: Model, inputs: Tensor[], parameters: Parameters): Tensor[] | Promise<Tensor[]> {
  model.validate?.(inputs, parameters);
  return model.predict(inputs, parameters);
}

async function predictLater(
  model: Model,
  inputs: Tensor[],
  parameters: Parameters,
  inference: Inference,
): Promise<Tensor[]> {
  await delay(inference.target.latencyMs);
  inference.waited = performance.now();
  return await predict(model, inputs, parameters);
}

function respond({ target, request, begun, bound, waited }: Inference, results: Tensor[]): InferResponse {
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
  const value = await within(timeoutMs, work);
  if (value !== late) return value;
  throw oipError('DEADLINE_EXCEEDED', `The inference took longer than the limit requestTimeout of ${timeoutMs} ms`);
}
