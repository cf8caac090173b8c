/** What a metrics pipeline asks at its start: is the server live, and has each model as many inputs as its rule. */
import type { CallOptions, InferenceClient } from '../protocol/client.js';
import { OipError } from '../protocol/status.js';
import type { ModelMetadata, TensorMetadata } from '../protocol/tensor.js';
import type { MetricsRule } from './rules.js';

export interface StartCheckOptions {
  client: InferenceClient;
  rules: readonly Pick<MetricsRule, 'model' | 'modelVersion' | 'metrics'>[];
  /** Of each call. */
  call?: CallOptions;
  /** Gets each line, as it would stand in the pipeline's log. */
  log: (line: string) => void;
}

/**
 * ServerLive, then ModelMetadata of every model, as the metrics inference processor of an OpenTelemetry Collector asks
 * them. Throws nothing: what is wrong is logged, and a model may come up later.
 * @returns whether all is as the rules need it
 */
export async function checkAtStart({ client, rules, call, log }: StartCheckOptions): Promise<boolean> {
  try {
    const live = await client.serverLive(call);
    log(`Inference server ${client.endpoint} is ${live ? 'live' : 'not live'}`);
    if (!live) return false;
  } catch (error) {
    log(`Inference server ${client.endpoint} is not live: ${wordsOf(error, call)}`);
    return false;
  }
  let good = true;
  for (const { model, modelVersion = '', metrics } of rules) {
    try {
      const metadata = await client.modelMetadata(model, modelVersion, call);
      const fits = metadata.inputs.length === 0 || metadata.inputs.length === metrics.length;
      const why = fits ? '' : `; its rule has ${metrics.length} metrics, it has ${metadata.inputs.length} inputs`;
      log(`Model ${model}: ${signatureOf(metadata)}${why}`);
      good &&= fits;
    } catch (error) {
      log(`Model ${model} is not there: ${wordsOf(error, call)}`);
      good = false;
    }
  }
  return good;
}

/** `input_tensor FP64 [-1] -> scaled_result FP64 [-1]`. */
function signatureOf({ inputs, outputs }: ModelMetadata): string {
  const words = (tensors: TensorMetadata[]) =>
    tensors.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`).join(', ') || 'not told';
  return `${words(inputs)} -> ${words(outputs)}`;
}

/** Throws what is no answer of a server, the reason of an abort above all. */
function wordsOf(error: unknown, call: CallOptions | undefined): string {
  call?.signal?.throwIfAborted();
  if (error instanceof OipError) return `${error.status}: ${error.message}`;
  throw error;
}
