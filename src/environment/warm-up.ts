/** One inference with any model, made from its own metadata, to show that the data path works. */
import type { CallOptions, InferenceClient } from '../protocol/client.js';
import { createElements, type Datatype, isDatatype } from '../protocol/datatype.js';
import { elementCount } from '../protocol/shape.js';
import { type GrpcStatus, OipError } from '../protocol/status.js';
import type { Tensor, TensorMetadata } from '../protocol/tensor.js';
import { type PollOptions, poll } from './readiness.js';

/** A first inference may load what later ones find there. */
const firstInferenceMs = 10_000;

/** What a transport says of itself, and no model. */
const noAnswers: ReadonlySet<GrpcStatus> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED']);

/**
 * Asks until the model has answered one inference. A connection may break here as in any other phase, most of all
 * when the server dies, which only its end can tell. A user's own model may have no use for zeros: where it refuses them,
 * and the server is live, that is an answer too.
 * @returns what came of it, for people
 * @throws NotReadyInTimeError with the last answer; the signal's reason when aborted
 */
export async function pollWarmUp(
  client: InferenceClient,
  model: string,
  options: Omit<PollOptions, 'goal' | 'probeMs'>,
): Promise<string> {
  const goal = `${model} did not answer a warm-up inference`;
  let outcome = `${model} answered`;
  const probe = async (call: CallOptions): Promise<boolean> => {
    try {
      await warmUp(client, model, call);
      return true;
    } catch (error) {
      if (!(error instanceof OipError) || noAnswers.has(error.status)) throw error;
      outcome = `${model} refused zeros with ${error.status}`;
      if (await client.serverLive(call)) return true;
      throw error;
    }
  };
  await poll(probe, { ...options, goal, probeMs: firstInferenceMs });
  return outcome;
}

/** Sends zeros of the model's own datatypes and shapes; a dimension of any size gets 1. */
async function warmUp(client: InferenceClient, model: string, options: CallOptions): Promise<void> {
  const metadata = await client.modelMetadata(model, '', options);
  const inputs = metadata.inputs.map(({ name, datatype, shape }) => {
    const type = concrete(datatype);
    const dims = shape.map((dim) => (dim < 0 ? 1 : dim));
    return { name, datatype: type, shape: dims, data: zeros(type, elementCount(dims, name)) };
  });
  await client.infer({ modelName: model, inputs }, options);
}

function concrete(datatype: TensorMetadata['datatype']): Datatype {
  return isDatatype(datatype) ? datatype : 'FP64';
}

function zeros(datatype: Datatype, count: number): Tensor['data'] {
  if (datatype === 'BYTES') return Array.from({ length: count }, () => new Uint8Array());
  return createElements(datatype, count);
}
