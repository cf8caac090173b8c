/** Sends requests at once, and judges each answer by what that request alone must get. */
import type { CallOptions, InferenceClient } from '../../../protocol/client.js';
import { OipError } from '../../../protocol/status.js';
import type { InferResponse } from '../../../protocol/tensor.js';
import { CaseFailure, expectThat, type Transport, transportNames } from '../../case.js';
import { callsOf, type DistinctRequests, type Round, type RoundCall, wrongAnswer } from '../../distinct-requests.js';
import { errorLine, requestLines, responseLines } from '../../exchange.js';
import type { Connections, Probe } from '../../probe.js';
import type { Route } from '../../profile.js';

/** One request of many. */
export interface Ask extends RoundCall {
  client: InferenceClient;
  options?: CallOptions;
  /** Statuses with which it may end in place of an answer: it was cut off. */
  mayEnd?: readonly OipError['status'][];
}

/** A client of connections of a case's own, whose every call is remembered; the run's where they have none. */
export function clientOf(probe: Probe, transport: Transport, connections: Connections): InferenceClient {
  const client = connections[transport]?.client;
  return client ? probe.recording(client) : probe.client(transport);
}

/** So many requests of a client: see `callsOf`. */
export function asksFor(
  client: InferenceClient,
  requests: DistinctRequests,
  rounds: readonly Round[],
  how: { count: number; form: Route['form']; name: string },
): Ask[] {
  return callsOf(requests, rounds, how).map((one) => ({ client, ...one }));
}

/**
 * Sends all of them at once and waits for the last. What a server refuses since it is busy is legal.
 * @param started told of each call as it is under way
 * @returns a note where some were refused
 * @throws CaseFailure for an answer that is another's or wrong, and for any other status; OipError where nobody answers
 */
export async function askAtOnce(
  probe: Probe,
  asks: readonly Ask[],
  started: (calls: Promise<InferResponse>[]) => void = () => {},
): Promise<string | undefined> {
  const calls = asks.map(({ client, call, options }) => client.infer(call, options));
  const settled = Promise.allSettled(calls);
  started(calls);
  const outcomes = await settled;
  const rounds = asks.map(({ round }) => round);
  const busy: OipError[] = [];
  let unanswered: OipError | undefined;
  for (const [index, outcome] of outcomes.entries()) {
    const ask = asks[index] as Ask;
    if (outcome.status === 'fulfilled') {
      expectOwnAnswer(probe, { asks, rounds, index }, outcome.value);
      continue;
    }
    const error: unknown = outcome.reason;
    if (!(error instanceof OipError)) throw error;
    if (ask.mayEnd?.includes(error.status)) continue;
    if (error.status === 'DEADLINE_EXCEEDED') unanswered ??= error;
    else if (error.status === 'RESOURCE_EXHAUSTED' || error.status === 'UNAVAILABLE') busy.push(error);
    else fail(probe, ask, [errorLine(error)], `${label(asks, index)}: ${errorLine(error)}`);
  }
  const answered = outcomes.filter(({ status }) => status === 'fulfilled').length;
  if (unanswered) {
    if (answered === 0) throw unanswered;
    throw new CaseFailure(`${answered} of ${asks.length} requests at once were answered: ${unanswered.message}`);
  }
  const [refused] = busy;
  if (refused === undefined) return undefined;
  const words = `${busy.length} of ${asks.length} requests at once were refused: ${errorLine(refused)}`;
  // A limit is the server's own choice; ours has one, and names it.
  const chosen = !probe.server.ours || busy.every(({ message }) => message.includes('maxConcurrentRequests'));
  expectThat(answered > 0 && chosen, words);
  return words;
}

const label = (asks: readonly Ask[], index: number): string => `request ${index + 1} of ${asks.length}`;

function expectOwnAnswer(
  probe: Probe,
  { asks, rounds, index }: { asks: readonly Ask[]; rounds: readonly Round[]; index: number },
  answer: InferResponse,
): void {
  const ask = asks[index] as Ask;
  const wrong = wrongAnswer(answer, ask.round, rounds);
  if (wrong !== undefined) fail(probe, ask, responseLines(answer), `${label(asks, index)}: ${wrong}`);
  const { id = '' } = ask.call;
  if (answer.id === id) return;
  const other = asks.findIndex(({ call }) => call.id === answer.id);
  // Whether ids come back at all is for the suite of inference to say.
  if (other < 0 && !probe.server.ours) return;
  const whose = other < 0 ? '' : `, that of request ${other + 1}`;
  fail(probe, ask, responseLines(answer), `${label(asks, index)}: id ${id} came back as ${answer.id}${whose}`);
}

function fail(probe: Probe, { call, client: { transport } }: Ask, answer: string[], message: string): never {
  probe.remember(() => ({ transport, call: 'ModelInfer', request: requestLines(call), answer, ms: 0 }));
  throw new CaseFailure(message);
}

/** @throws CaseFailure unless the server is live and answers one more request right */
export async function expectUnharmed(
  probe: Probe,
  client: InferenceClient,
  requests: DistinctRequests,
  rounds: readonly Round[],
): Promise<void> {
  await expectLive(client);
  await askAtOnce(probe, asksFor(client, requests, rounds, { count: 1, form: 'typed', name: 'afterwards' }));
}

/** @throws CaseFailure unless the server says that it is live */
export async function expectLive(client: InferenceClient): Promise<void> {
  try {
    expectThat(await client.serverLive(), `ServerLive over ${transportNames[client.transport]} says false afterwards`);
  } catch (error) {
    if (!(error instanceof OipError)) throw error;
    throw new CaseFailure(
      `the server is not live over ${transportNames[client.transport]} afterwards: ${errorLine(error)}`,
    );
  }
}
