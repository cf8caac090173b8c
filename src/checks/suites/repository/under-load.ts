/** A model that is unloaded while it is asked. */
import { expectThat, type Transport } from '../../case.js';
import { callOf, type DistinctRequests, type Round, wrongAnswer } from '../../distinct-requests.js';
import type { Probe } from '../../probe.js';
import { changeModel, whileUnloaded } from '../../repository-calls.js';
import { joinNotes, outcomeOf } from '../../verdict.js';
import { notReady, type Subject, unusualRefusal } from './model-state.js';

/** Inferences of each sort that are under way. */
const underWay = 40;

/**
 * Unloads the model while inferences of it, and of another one, are under way.
 * @throws CaseFailure where one is answered wrong, or the other model's are not all answered
 */
export async function unloadUnderLoad(
  probe: Probe,
  transport: Transport,
  { target, others }: Subject,
): Promise<string | undefined> {
  const route = { transport, form: 'typed' } as const;
  const rounds = await target.rounds(probe, route, underWay);
  const [other] = others;
  const otherRounds = (await other?.rounds(probe, route, underWay)) ?? [];
  return await whileUnloaded(probe, { transport, model: target.model.name }, async () => {
    await changeModel(probe, transport, 'load', target.model.name);
    const answers = rounds.map((round) => outcomeOf(probe.infer(transport, callOf(target, round, 'typed', ''))));
    const theirs = otherRounds.map((round) =>
      probe.infer(transport, callOf(other as DistinctRequests, round, 'typed', '')),
    );
    const [outcomes, untouched] = await Promise.all([
      Promise.allSettled(answers),
      Promise.allSettled(theirs),
      changeModel(probe, transport, 'unload', target.model.name),
    ]);
    const notes = new Set<string>();
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') throw outcome.reason;
      const { answer, refusal } = outcome.value;
      if (refusal) {
        const note = unusualRefusal(probe, transport, refusal, notReady);
        if (note !== undefined) notes.add(note);
        continue;
      }
      const wrong = wrongAnswer(answer, rounds[index] as Round, rounds);
      expectThat(wrong === undefined, `an inference that was under way is answered wrong: ${wrong}`);
    }
    for (const [index, outcome] of untouched.entries()) {
      if (outcome.status === 'rejected') throw outcome.reason;
      const wrong = wrongAnswer(outcome.value, otherRounds[index] as Round, otherRounds);
      expectThat(wrong === undefined, `${other?.model.title} answers wrong meanwhile: ${wrong}`);
    }
    return joinNotes([...notes].slice(0, 1));
  });
}
