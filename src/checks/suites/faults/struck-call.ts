/** A call that is struck by a fault, and others beside it that must not be. */
import { faultHeader } from '../../../faults/fault-text.js';
import { OipError } from '../../../protocol/status.js';
import type { InferResponse } from '../../../protocol/tensor.js';
import { CaseFailure, type Transport } from '../../case.js';
import { callOf, type DistinctRequests, difference, type Round } from '../../distinct-requests.js';
import { errorLine } from '../../exchange.js';
import type { Connections, Probe } from '../../probe.js';
import type { Route } from '../../profile.js';
import { askAtOnce, asksFor, clientOf } from '../concurrency/at-once.js';

/** How a call ended for its client. */
export interface Struck {
  answer?: InferResponse;
  refusal?: OipError;
  /** Milliseconds. */
  ms: number;
}

/** What a case of faults is about. */
export interface Subject {
  transport: Transport;
  form: Route['form'];
  requests: DistinctRequests;
}

/** Calls without any fault that go on meanwhile. */
const bystanders = 8;

/** How a call ended, whatever that is. Throws where the run was interrupted. */
export async function endOf(probe: Probe, call: Promise<InferResponse>): Promise<Struck> {
  const start = performance.now();
  const ended = (how: Omit<Struck, 'ms'>): Struck => ({ ...how, ms: performance.now() - start });
  try {
    return ended({ answer: await call });
  } catch (error) {
    probe.signal.throwIfAborted();
    if (!(error instanceof OipError)) throw error;
    return ended({ refusal: error });
  }
}

/** Connections every call of which asks for these faults. Dispose of them. */
export function askingFor(probe: Probe, text: string): Connections {
  return probe.connect({ headers: { [faultHeader]: text } });
}

/**
 * One call that is to be struck, beside others over the connections of the run; then one more of the others.
 * @returns how it ended, and what it gets without the fault
 * @throws CaseFailure where any but the one is not answered right
 */
export async function strikeOne(
  probe: Probe,
  { transport, form, requests }: Subject,
  { connections, timeoutMs }: { connections: Connections; timeoutMs: number },
): Promise<{ struck: Struck; good: InferResponse }> {
  const rounds = await requests.rounds(probe, { transport, form }, bystanders + 1);
  const [round, ...rest] = rounds as [Round, ...Round[]];
  const others = rest.length > 0 ? rest : [round];
  const call = callOf(requests, round, form, 'struck');
  const good = await probe.infer(transport, call);
  const struck = endOf(probe, clientOf(probe, transport, connections).infer(call, { timeoutMs }));
  const ask = (count: number, name: string) =>
    asksFor(probe.client(transport), requests, others, { count, form, name });
  const beside = untouched(askAtOnce(probe, ask(bystanders, 'beside')), 'beside it');
  // Both are waited for, so that neither goes on when the case is over.
  const [ended, untroubled] = await Promise.allSettled([struck, beside]);
  if (ended.status === 'rejected') throw ended.reason;
  if (untroubled.status === 'rejected') throw untroubled.reason;
  await untouched(askAtOnce(probe, ask(1, 'after')), 'after it');
  return { struck: ended.value, good };
}

/** Says of a failure that it came to a call that asked for no fault. */
async function untouched(asking: Promise<string | undefined>, when: string): Promise<void> {
  const about = (words: string) => new CaseFailure(`a call ${when} that asks for no fault: ${words}`);
  let note: string | undefined;
  try {
    note = await asking;
  } catch (error) {
    if (error instanceof CaseFailure) throw about(error.message);
    if (error instanceof OipError) throw about(errorLine(error));
    throw error;
  }
  if (note !== undefined) throw about(note);
}

/** What came back, for people. */
export function toldOf({ answer, refusal, ms }: Struck): string {
  if (refusal) return `got ${errorLine(refusal)}`;
  const outputs = answer?.outputs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`);
  return `was answered after ${Math.round(ms)} ms: ${outputs?.join(', ') || 'no output'}`;
}

/** Whether the values are those of a good answer, whatever else is wrong. */
export function hasValuesOf(answer: InferResponse, good: InferResponse): boolean {
  const [got, right] = [answer, good].map(({ outputs }) => outputs.map(({ data }) => data));
  return difference(got ?? [], right ?? []) === undefined;
}

/** @throws CaseFailure unless the answer has the values of the good one */
export function expectRight(struck: Struck, good: InferResponse): void {
  if (struck.answer && hasValuesOf(struck.answer, good)) return;
  throw new CaseFailure(`the call ${toldOf(struck)}; expected its right answer`);
}
