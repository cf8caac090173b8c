/** Faults that are in force for a while, and are taken back whatever happens. */
import { randomUUID } from 'node:crypto';
import { OipError } from '../../../protocol/status.js';
import { CaseFailure, CaseSkipped, type Transport } from '../../case.js';
import { callOf, type DistinctRequests, wrongAnswer } from '../../distinct-requests.js';
import { errorLine } from '../../exchange.js';
import type { Probe } from '../../probe.js';

/** Milliseconds that a client may need until it has connected again. */
const reconnectMs = 5_000;

/**
 * Has faults in force while `work` runs, and takes them back, whatever becomes of it.
 * @throws CaseSkipped where nobody can order faults of this server; CaseFailure where the models do not answer afterwards
 */
export async function whileInForce(
  probe: Probe,
  { text, requests }: { text: string; requests: DistinctRequests },
  work: () => Promise<void>,
): Promise<void> {
  const { faults } = probe;
  if (faults === undefined)
    throw new CaseSkipped('faults that are in force for all need an environment of kserve-env, and this is an address');
  const ids = await faults.add(text);
  try {
    probe.signal.throwIfAborted();
    await work();
  } finally {
    await faults.clear(ids);
  }
  for (const transport of probe.server.transports) await expectRestored(probe, transport, requests);
}

/** A header that no other call has, so that a fault may be for calls of this case alone. */
export const markOf = (): { name: string; value: string } => ({ name: 'x-smoke', value: randomUUID() });

/** @throws CaseFailure unless the model answers right, at once or as soon as the client has connected again */
async function expectRestored(probe: Probe, transport: Transport, requests: DistinctRequests): Promise<void> {
  const [round] = await requests.rounds(probe, { transport, form: 'typed' }, 1);
  if (!round) return;
  const end = performance.now() + Math.min(reconnectMs, probe.timeoutMs);
  for (;;) {
    try {
      const wrong = wrongAnswer(await probe.infer(transport, callOf(requests, round, 'typed', '')), round, [round]);
      if (wrong === undefined) return;
      throw new CaseFailure(`once the fault is taken back, the model answers wrong: ${wrong}`);
    } catch (error) {
      probe.signal.throwIfAborted();
      if (!(error instanceof OipError)) throw error;
      if (error.status !== 'UNAVAILABLE' || performance.now() > end)
        throw new CaseFailure(`once the fault is taken back, a call is not answered: ${errorLine(error)}`);
    }
  }
}
