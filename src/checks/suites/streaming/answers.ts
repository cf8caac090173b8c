/** What is sent over a stream, and the verdict on what comes back. */
import type { DataForm, InferResponse } from '../../../protocol/tensor.js';
import type { StreamResponse } from '../../../protocol/wire/infer-messages.js';
import { CaseFailure, expectEqual } from '../../case.js';
import { callsOf, type DistinctRequests, type RoundCall, wrongAnswer } from '../../distinct-requests.js';
import type { Probe } from '../../probe.js';
import type { ServerProfile } from '../../profile.js';
import { unusual } from '../../verdict.js';
import type { InferStream } from './infer-stream.js';

/** What is asked of a model over a stream. */
interface AsksOptions {
  count: number;
  /** Of each tensor, where that can be chosen. */
  elements?: number;
  /** Of all requests, or of each; typed unless given. */
  form?: DataForm | ((index: number) => DataForm);
  /** What the ids begin with; without ids where it is empty. */
  name?: string;
}

/** So many requests of a stream: see `callsOf`. */
export async function asksOf(
  probe: Probe,
  requests: DistinctRequests,
  { count, elements, form = 'typed', name = 'ask' }: AsksOptions,
): Promise<RoundCall[]> {
  const first = typeof form === 'function' ? form(0) : form;
  const rounds = await requests.rounds(probe, { transport: 'grpc', form: first }, count, elements);
  return callsOf(requests, rounds, { count, form, name });
}

/** Sends all, says that this is all, and reads an answer to each. Returns a note on their order, if any. */
export async function askAll(
  server: ServerProfile,
  stream: InferStream,
  asks: readonly RoundCall[],
): Promise<string | undefined> {
  for (const { call } of asks) stream.send(call);
  stream.end();
  const answers = await readAnswers(stream, asks.length);
  const note = judgeAnswers(server, asks, answers);
  await expectEnd(stream);
  return note;
}

/** @throws CaseFailure where the server ends the stream before there are so many */
export async function readAnswers(stream: InferStream, count: number): Promise<StreamResponse[]> {
  const answers: StreamResponse[] = [];
  while (answers.length < count) {
    const answer = await stream.next();
    if (answer === undefined) throw new CaseFailure(`the stream ended after ${answers.length} of ${count} answers`);
    answers.push(answer);
  }
  return answers;
}

/** @throws CaseFailure unless the server says that it is live, after what may have harmed it */
export async function expectAlive(probe: Probe): Promise<void> {
  expectEqual('ServerLive afterwards', await probe.client('grpc').serverLive(), true);
}

/** @throws CaseFailure where the server sends more, or does not end the stream after the client has */
export async function expectEnd(stream: InferStream): Promise<void> {
  if ((await stream.next()) !== undefined) throw new CaseFailure('there are more answers than requests');
}

/**
 * @returns a note where answers are right and come in another order than their requests
 * @throws CaseFailure where one is wrong, or another's
 */
export function judgeAnswers(
  server: ServerProfile,
  asks: readonly RoundCall[],
  answers: readonly StreamResponse[],
): string | undefined {
  const wrong = asks
    .map((_, index) => wrongStreamAnswer(server, asks, index, answers[index]))
    .find((words) => words !== undefined);
  if (wrong === undefined) return undefined;
  if (!isReordered(server, asks, answers)) throw new CaseFailure(wrong);
  return unusual(server, `answers come in another order than their requests: ${wrong}`, {
    Triton: 'in their order, unless the model is decoupled',
  });
}

/** Whether each answer is right for the request that its id names, and all of them are answered. */
function isReordered(server: ServerProfile, asks: readonly RoundCall[], answers: readonly StreamResponse[]): boolean {
  const named = answers.map(({ response }) => asks.findIndex(({ call }) => call.id !== '' && call.id === response?.id));
  if (new Set(named).size !== asks.length || named.includes(-1)) return false;
  return named.every((at, index) => wrongStreamAnswer(server, asks, at, answers[index]) === undefined);
}

/** What is wrong with one answer; undefined where it is right. */
export function wrongStreamAnswer(
  { ours }: ServerProfile,
  asks: readonly RoundCall[],
  index: number,
  answer: StreamResponse | undefined,
): string | undefined {
  const { call, round } = asks[index] as RoundCall;
  const label = asks.length === 1 ? 'the request' : `request ${index + 1} of ${asks.length}`;
  const { errorMessage = '', response } = answer ?? {};
  if (errorMessage !== '') return `${label} was refused: ${errorMessage}`;
  if (response === undefined) return `the answer to ${label} is empty`;
  const wrong = wrongAnswer(
    response,
    round,
    asks.map((ask) => ask.round),
  );
  return wrong === undefined ? wrongId(asks, call.id ?? '', response, ours, label) : `${label}: ${wrong}`;
}

function wrongId(
  asks: readonly RoundCall[],
  id: string,
  response: InferResponse,
  ours: boolean,
  label: string,
): string | undefined {
  if (response.id === id) return undefined;
  const other = asks.findIndex(({ call }) => call.id === response.id);
  // Whether ids come back at all is for the suite of inference to say.
  if (other < 0 && !ours) return undefined;
  const whose = other < 0 ? '' : `, that of request ${other + 1}`;
  return `${label}: id "${id}" came back as "${response.id}"${whose}`;
}
