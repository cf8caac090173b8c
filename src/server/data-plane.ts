/** The data plane: what the protocol's calls do, whatever transport they come by. */
import { randomUUID } from 'node:crypto';
import { OipError, oipError, quoteName } from '../protocol/status.js';
import type {
  InferRequest,
  InferResponse,
  ModelMetadata,
  RequestedOutput,
  ServerMetadata,
  Tensor,
} from '../protocol/tensor.js';
import { bindInputs } from './input-binding.js';
import type { ModelEntry, ModelRepository } from './model-repository.js';
import type { Logger } from './telemetry/logger.js';

/** Every method but the first two throws MODEL_NOT_FOUND for an unknown model or version. */
export interface DataPlane {
  serverLive(): boolean;
  /** Whether every model is ready and the server is not stopping. */
  serverReady(): boolean;
  modelReady(name: string, version: string): boolean;
  serverMetadata(): ServerMetadata;
  modelMetadata(name: string, version: string): ModelMetadata;
  /** Names of the models, without aliases, each once. */
  modelNames(): string[];
  /** Throws MODEL_NOT_READY, INVALID_ARGUMENT, OUT_OF_RANGE, or INTERNAL for a model that fails. */
  infer(request: InferRequest): Promise<InferResponse>;
  /** Stops being ready; settles when no inference runs any more. Those that still come in are served. */
  drain(): Promise<void>;
}

export interface DataPlaneOptions {
  /** Version of the server, for its metadata. */
  version: string;
  repository: ModelRepository;
  log: Logger;
}

export function createDataPlane({ version, repository, log }: DataPlaneOptions): DataPlane {
  let draining = false;
  const running = new Set<Promise<InferResponse>>();

  const infer = async (request: InferRequest): Promise<InferResponse> => {
    const entry = repository.find(request.modelName, request.modelVersion);
    if (entry.state !== 'READY') {
      throw oipError('MODEL_NOT_READY', `Model ${quoteName(request.modelName)} is not ready: ${entry.state}`);
    }
    const inputs = bindInputs(entry.model.inputs, request.inputs, { strict: entry.strictInputs });
    assertOutputsExist(entry, request.outputs);
    const results = await predict(entry, inputs, request, log);
    return {
      modelName: request.modelName,
      modelVersion: entry.version,
      id: request.id,
      parameters: {},
      outputs: selectOutputs(results, request.outputs),
      form: entry.output === 'mirror' ? request.form : entry.output,
    };
  };

  return {
    serverLive: () => true,
    serverReady: () => !draining && repository.entries.every(({ state }) => state === 'READY'),
    modelReady: (name, modelVersion) => repository.find(name, modelVersion).state === 'READY',
    serverMetadata: () => ({ name: 'kserve-env', version, extensions: ['binary_tensor_data'] }),
    modelMetadata(name, modelVersion) {
      const { model, version: served } = repository.find(name, modelVersion);
      const { platform, inputs, outputs } = model;
      return { name, versions: [served], platform, inputs: [...inputs], outputs: [...outputs] };
    },
    modelNames: () => [...new Set(repository.entries.map(({ name }) => name))],
    infer(request) {
      const result = infer(request);
      running.add(result);
      const done = (outcome: string): void => {
        running.delete(result);
        log.debug('inference', { model: request.modelName.slice(0, 100), outcome });
      };
      result.then(
        () => done('OK'),
        (error: unknown) => done(error instanceof OipError ? error.status : 'INTERNAL'),
      );
      return result;
    },
    async drain() {
      draining = true;
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

async function predict(entry: ModelEntry, inputs: Tensor[], request: InferRequest, log: Logger): Promise<Tensor[]> {
  try {
    return await entry.model.predict(inputs, request.parameters);
  } catch (error) {
    throw asOipError(error, log, {
      model: entry.name,
      ...(request.id !== '' && { requestId: request.id.slice(0, 100) }),
    });
  }
}

/**
 * The error to answer with. One of the protocol passes; anything else is a bug of ours, logged with its stack, and the
 * client gets an id to find it by.
 */
export function asOipError(error: unknown, log: Logger, fields: { model?: string; requestId?: string } = {}): OipError {
  if (error instanceof OipError) return error;
  const requestId = fields.requestId ?? randomUUID();
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error('request failed', { ...fields, requestId, error: stack });
  return oipError('INTERNAL', `The server failed; its log says more under request id ${requestId}`);
}

function assertOutputsExist({ model }: ModelEntry, requested: readonly RequestedOutput[]): void {
  const seen = new Set<string>();
  for (const { name } of requested) {
    if (!model.outputs.some((output) => output.name === name)) {
      const known = model.outputs.map((output) => quoteName(output.name)).join(', ');
      throw oipError('INVALID_ARGUMENT', `output ${quoteName(name)} is unknown; the model has ${known}`);
    }
    if (seen.has(name)) throw oipError('INVALID_ARGUMENT', `output ${quoteName(name)} is requested twice`);
    seen.add(name);
  }
}

function selectOutputs(results: Tensor[], requested: readonly RequestedOutput[]): Tensor[] {
  if (requested.length === 0) return results;
  return requested.flatMap(({ name }) => results.filter((result) => result.name === name));
}
