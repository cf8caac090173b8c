/** Whether a model answers, and how it is refused where it does not. */
import { OipError } from '../../../protocol/status.js';
import { CaseFailure, expectThat, type Transport, transportNames } from '../../case.js';
import { callOf, type DistinctRequests, wrongAnswer } from '../../distinct-requests.js';
import { errorLine } from '../../exchange.js';
import type { Probe } from '../../probe.js';
import { type KnownAnswers, refusalOf, unusual } from '../../verdict.js';

/** The model that is unloaded, and those that must not notice. */
export interface Subject {
  target: DistinctRequests;
  others: readonly DistinctRequests[];
}

/** What is documented of a refusal, and what known servers answer. */
export type ExpectedRefusal = Readonly<Record<Transport, { documented: string; known?: KnownAnswers }>>;

/** What a request to a model that is not loaded gets. */
export const notReady: ExpectedRefusal = {
  grpc: { documented: 'UNAVAILABLE', known: { Triton: 'UNAVAILABLE', MLServer: 'NOT_FOUND', KServe: 'NOT_FOUND' } },
  rest: { documented: '503', known: { Triton: '400', MLServer: '404', KServe: '404' } },
};

/** ModelReady; a model that is not ready may be unknown, too. */
export async function saysReady(probe: Probe, transport: Transport, name: string, version = ''): Promise<boolean> {
  try {
    return await probe.client(transport).modelReady(name, version);
  } catch (error) {
    if (!(error instanceof OipError) || error.status === 'DEADLINE_EXCEEDED') throw error;
    return false;
  }
}

/** @throws CaseFailure unless the model answers one request right */
export async function expectAnswer(probe: Probe, transport: Transport, requests: DistinctRequests): Promise<void> {
  const rounds = await requests.rounds(probe, { transport, form: 'typed' }, 2);
  for (const round of rounds) {
    const wrong = wrongAnswer(await probe.infer(transport, callOf(requests, round, 'typed', '')), round, rounds);
    expectThat(
      wrong === undefined,
      `${requests.model.title} answers wrong over ${transportNames[transport]}: ${wrong}`,
    );
  }
}

/**
 * @returns a note where the status is not the documented one
 * @throws CaseFailure where the model answers
 */
export async function expectNotReady(
  probe: Probe,
  transport: Transport,
  { model: { name, version, sample } }: DistinctRequests,
): Promise<string | undefined> {
  const call = { modelName: name, modelVersion: version, inputs: sample?.inputs ?? [] };
  const refused = await refusalOf(probe.infer(transport, call));
  if (refused === undefined) throw new CaseFailure(`${name} answers over ${transportNames[transport]} after unload`);
  return unusualRefusal(probe, transport, refused, notReady);
}

/** A note where something is refused with another status than the documented one. */
export function unusualRefusal(
  probe: Probe,
  transport: Transport,
  refused: OipError,
  expected: ExpectedRefusal,
): string | undefined {
  const { documented, known } = expected[transport];
  const got = transport === 'grpc' ? refused.status : String(refused.httpStatus);
  if (got === documented) return undefined;
  return unusual(probe.server, `refused with ${errorLine(refused)}; most clients expect ${documented}`, known);
}
