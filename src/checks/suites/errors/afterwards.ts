/** The server after a bad request: live, and answering a good one as it did before. */
import type { InferCall } from '../../../protocol/client.js';
import type { InferResponse } from '../../../protocol/tensor.js';
import { CaseFailure, type Transport } from '../../case.js';
import { expectTensor } from '../../compare-tensors.js';
import type { Probe } from '../../probe.js';
import type { ServerProfile } from '../../profile.js';
import { outcomeOf } from '../../verdict.js';
import type { Target } from './targets.js';

/** How the server answers when nothing is wrong; undefined where it does not. */
export interface GoodAnswer {
  call: InferCall;
  response: InferResponse;
  /** The same twice, so that it can be compared. */
  steady: boolean;
}

type GoodAnswers = Map<string, Promise<GoodAnswer | undefined>>;

/** Asked for once a run, model and transport: before the first bad request there. */
const remembered = new WeakMap<ServerProfile, GoodAnswers>();

/** The answer to the request that the bad one is made of. Throws OipError only where there is none in time. */
export function goodAnswer(
  probe: Probe,
  { model, tensors }: Target,
  transport: Transport,
): Promise<GoodAnswer | undefined> {
  if (!model?.sample) return Promise.resolve(undefined);
  const { sample } = model;
  const answers: GoodAnswers = remembered.get(probe.server) ?? new Map();
  remembered.set(probe.server, answers);
  // By what is asked: a model that takes any datatype is asked in several.
  const key = `${transport} ${model.title} ${tensors.map(({ datatype }) => datatype).join(' ')}`;
  const known = answers.get(key);
  if (known) return known;
  const call = { modelName: model.name, modelVersion: model.version, inputs: sample.inputs };
  const asked = askTwice(probe, transport, call);
  answers.set(key, asked);
  // What was not answered in time is asked again by the next case.
  asked.catch(() => answers.delete(key));
  return asked;
}

async function askTwice(probe: Probe, transport: Transport, call: InferCall): Promise<GoodAnswer | undefined> {
  const { answer: response } = await outcomeOf(probe.infer(transport, call));
  const again = response && (await outcomeOf(probe.infer(transport, call))).answer;
  return again && { call, response, steady: isSame(response, again) };
}

/**
 * @throws CaseFailure where the server is not live, or a good request is not answered as before; OipError where there is no
 * answer in time
 */
export async function expectAsBefore(
  probe: Probe,
  transport: Transport,
  before: GoodAnswer | undefined,
): Promise<void> {
  const [live, after] = await Promise.all([
    stillAnswers(() => probe.client(transport).serverLive()),
    before && stillAnswers(() => probe.infer(transport, before.call)),
  ]);
  if (!live) throw new CaseFailure('the server is not live afterwards');
  if (!after || !before?.steady) return;
  try {
    expectSame(after, before.response);
  } catch (error) {
    if (!(error instanceof CaseFailure)) throw error;
    throw new CaseFailure(`a good request is answered otherwise afterwards: ${error.message}`);
  }
}

/** Once more where the connection was the one on which the bad request came, and ended with it. */
async function stillAnswers<T>(ask: () => Promise<T>): Promise<T> {
  const first = await outcomeOf(ask());
  const { answer, refusal } = first.refusal?.status === 'UNAVAILABLE' ? await outcomeOf(ask()) : first;
  if (refusal === undefined) return answer;
  throw new CaseFailure(`a good request is not answered afterwards: ${refusal.status}: ${refusal.message}`);
}

function isSame(one: InferResponse, other: InferResponse): boolean {
  try {
    expectSame(one, other);
    return true;
  } catch (error) {
    if (error instanceof CaseFailure) return false;
    throw error;
  }
}

function expectSame(got: InferResponse, expected: InferResponse): void {
  if (got.outputs.length !== expected.outputs.length) {
    throw new CaseFailure(`${got.outputs.length} outputs, and not ${expected.outputs.length}`);
  }
  for (const [index, output] of expected.outputs.entries()) expectTensor(got.outputs[index], output);
}
