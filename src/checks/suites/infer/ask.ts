/** Asks a model for what is known, and judges the answer to the last bit. */
import { formatShape } from '../../../protocol/shape.js';
import type { InferResponse, Tensor } from '../../../protocol/tensor.js';
import { CaseFailure, CaseSkipped, expectEqual } from '../../case.js';
import { expectSameBits, expectTensor, type TensorContent } from '../../compare-tensors.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile, Route } from '../../profile.js';
import { joinNotes, outcomeOf, unusual } from '../../verdict.js';

/** Inputs, and the outputs that they must give. */
export interface Question {
  inputs: Tensor[];
  outputs: TensorContent[];
}

/** How an answer is judged. */
export interface Judgement {
  /** The case is about the shape: another one is a failure. Else it is one of ours alone, since one fact should fail once. */
  shape?: boolean;
  /** NaN is told from NaN. */
  bits?: boolean;
  /** What may be refused, and with what it ends then. */
  refusal?: { skip: string } | { note: string };
}

/** @throws CaseFailure unless the answer is the one that is known; OipError where it is refused and must not be */
export async function askExactly(
  probe: Probe,
  { name, version, metadata }: ModelProfile,
  { transport, form }: Route,
  { inputs, outputs: expected }: Question,
  judgement: Judgement = {},
): Promise<string | undefined> {
  const before = structuredClone(inputs);
  const answer = await answered(
    probe.infer(transport, { modelName: name, modelVersion: version, inputs, form }),
    probe,
    judgement,
  );
  if (typeof answer === 'string') return answer;
  expectEqual('number of outputs', answer.outputs.length, expected.length);
  const notes = expected.map((content, index) => {
    // By name, since a server may answer in another order: that is for the metadata's cases to say.
    const output = answer.outputs.find((one) => one.name === metadata.outputs[index]?.name) ?? answer.outputs[index];
    return judgeOutput(probe, output, content, judgement);
  });
  for (const [index, input] of before.entries()) expectTensor(inputs[index], input);
  return joinNotes([...new Set(notes)]);
}

/** The answer, or the note on its refusal. */
async function answered(
  call: Promise<InferResponse>,
  probe: Probe,
  { refusal: allowed }: Judgement,
): Promise<InferResponse | string> {
  if (allowed === undefined) return await call;
  const { answer, refusal } = await outcomeOf(call);
  if (answer) return answer;
  const words = `${refusal.status}: ${refusal.message}`;
  if ('skip' in allowed) throw new CaseSkipped(`${allowed.skip} (${words})`);
  return unusual(probe.server, `${allowed.note} (${words})`);
}

function judgeOutput(
  { server }: Probe,
  output: Tensor | undefined,
  content: TensorContent,
  { shape = false, bits = false }: Judgement,
): string | undefined {
  const compare = bits ? expectSameBits : expectTensor;
  if (output === undefined || shape || server.ours || formatShape(output.shape) === formatShape(content.shape)) {
    compare(output, content);
    return undefined;
  }
  compare({ ...output, shape: content.shape }, content);
  return `right values, in the shape ${formatShape(output.shape)} for ${formatShape(content.shape)}`;
}

/** The first difference between two answers; undefined where there is none. */
export function firstDifference(got: readonly Tensor[], expected: readonly Tensor[]): string | undefined {
  try {
    expectEqual(
      'names of the outputs',
      got.map(({ name }) => name),
      expected.map(({ name }) => name),
    );
    for (const [index, output] of expected.entries()) expectTensor(got[index], output);
    return undefined;
  } catch (error) {
    if (error instanceof CaseFailure) return error.message;
    throw error;
  }
}

/** @throws CaseFailure naming the first difference between two answers */
export function expectSameOutputs(what: string, got: readonly Tensor[], expected: readonly Tensor[]): void {
  const differs = firstDifference(got, expected);
  if (differs !== undefined) throw new CaseFailure(`${what}: ${differs}`);
}
