/** Cases of faults that a call asks for itself: it is struck, and no other. */
import { faultHeader } from '../../../faults/fault-text.js';
import { completeCall } from '../../../protocol/infer-call.js';
import { encodeRestRequest } from '../../../protocol/rest-messages.js';
import { bytesMethod } from '../../../protocol/service-definition.js';
import { encodeInferRequest } from '../../../protocol/wire/infer-messages.js';
import { type Case, CaseFailure, expectThat, type Transport, transportNames } from '../../case.js';
import { callOf, type DistinctRequests } from '../../distinct-requests.js';
import type { Connections, Probe } from '../../probe.js';
import { refusalOf } from '../../verdict.js';
import { clientOf } from '../concurrency/at-once.js';
import { type HeaderRow, headerRows } from './header-rows.js';
import { ofOurs } from './ours.js';
import { askingFor, endOf, type Struck, type Subject, strikeOne, toldOf } from './struck-call.js';

const why =
  'A client is tested against a fault that does not happen, or that happens to others: its test says nothing, or fails for no reason.';

/** Milliseconds that a struck call is given at most, where it is to be answered or refused. */
const longestMs = 5_000;

/** One for each fault and transport, for the model that tells most. */
export function headerCases(main: DistinctRequests, transport: Transport): Case[] {
  return [...headerRows.map((row) => headerCase(main, transport, row)), ...badHeaderCases(main, transport)];
}

function headerCase(requests: DistinctRequests, transport: Transport, row: HeaderRow): Case {
  const { kind, text, seen, timeoutMs, judge, form: forms, leastBytes } = row;
  return ofOurs({
    id: `faults/header/${kind}/${transport}`,
    suite: 'faults',
    title: `a call that asks for ${kind} is ${typeof seen === 'string' ? seen : seen[transport]}, and no other call notices (${transport})`,
    spec: `kserve-env: the header ${faultHeader} has faults strike the call that it is in, and that one alone.`,
    why,
    transports: [transport],
    model: requests.model.name,
    async run(probe) {
      await using connections = askingFor(probe, text);
      const subject: Subject = { transport, form: forms?.[transport] ?? 'typed', requests };
      const patience = Math.min(timeoutMs ?? longestMs, probe.timeoutMs);
      const { struck, good } = await strikeOne(probe, subject, { connections, timeoutMs: patience });
      const judged = typeof judge === 'function' ? judge : judge[transport];
      judged(struck, good);
      if (leastBytes !== undefined) await expectBytes(probe, subject, connections, leastBytes);
      if (kind === 'goaway' && transport === 'rest') await expectClose(probe, connections);
      if (kind === 'not-ready') await expectNotReady(probe, subject, connections);
      if (kind === 'half-open' && transport === 'grpc') await expectStillSilent(probe, subject, connections, patience);
      return undefined;
    },
  });
}

/** A client for whom the model is not ready is told so when it asks, too. */
async function expectNotReady(probe: Probe, { transport, requests }: Subject, connections: Connections): Promise<void> {
  const { name, version } = requests.model;
  const asking = clientOf(probe, transport, connections);
  expectThat(!(await asking.modelReady(name, version)), `ModelReady that asks for not-ready says true`);
  expectThat(await probe.client(transport).modelReady(name, version), 'ModelReady of another call says false');
}

/** Over REST the answer says that its connection ends. */
async function expectClose(probe: Probe, { rest }: Connections): Promise<void> {
  const request = { method: 'GET', path: '/v2/health/ready' };
  const answer = await rest?.sender.send(request, { signal: probe.signal, timeoutMs: probe.timeoutMs });
  const said = answer?.headers.connection;
  expectThat(said === 'close', `the answer says connection: ${said}; expected close`);
}

/** A gRPC client stays on the connection, which does not answer any more. */
async function expectStillSilent(
  probe: Probe,
  { transport, form, requests }: Subject,
  connections: Connections,
  timeoutMs: number,
): Promise<void> {
  const [round] = await requests.rounds(probe, { transport, form }, 1);
  if (!round) return;
  const call = clientOf(probe, transport, connections).infer(callOf(requests, round, form, 'again'), { timeoutMs });
  const again: Struck = await endOf(probe, call);
  if (again.refusal?.status === 'DEADLINE_EXCEEDED') return;
  throw new CaseFailure(`a second call on the same connection ${toldOf(again)}; expected DEADLINE_EXCEEDED`);
}

/** An answer whose bytes are counted: our own client has no limit, and takes any number of them. */
async function expectBytes(
  probe: Probe,
  { transport, form, requests }: Subject,
  { grpc, rest }: Connections,
  least: number,
): Promise<void> {
  const [round] = await requests.rounds(probe, { transport, form }, 1);
  if (!round) return;
  const call = completeCall(callOf(requests, round, form, ''));
  const options = { signal: probe.signal, timeoutMs: probe.timeoutMs };
  const path = `/v2/models/${encodeURIComponent(call.modelName)}/infer`;
  const json = { 'content-type': 'application/json' };
  const bytes =
    transport === 'grpc'
      ? await grpc?.channel.unary(bytesMethod('ModelInfer'), encodeInferRequest(call), options)
      : await rest?.sender
          .send({ method: 'POST', path, headers: json, body: encodeRestRequest(call).body }, options)
          .then(({ body }) => body);
  expectThat(
    (bytes?.byteLength ?? 0) >= least,
    `the answer over ${transportNames[transport]} has ${bytes?.byteLength} bytes; expected ${least} or more`,
  );
}

/** Headers that ask for nothing that there is, and a word that the refusal must have. */
const badHeaders: readonly { id: string; text: string; says: RegExp }[] = [
  { id: 'unknown', text: 'explode', says: /explode.*delay/ },
  { id: 'setting', text: 'delay=200ms colour=red', says: /colour/ },
  { id: 'value', text: 'delay=soon', says: /time/ },
  { id: 'quote', text: 'status=UNAVAILABLE message="soon', says: /quote/ },
  { id: 'condition', text: 'hang percent=10', says: /percent/ },
  { id: 'process', text: 'crash', says: /fault add/ },
];

function badHeaderCases(requests: DistinctRequests, transport: Transport): Case[] {
  return badHeaders.map(({ id, text, says }) =>
    ofOurs({
      id: `faults/bad-header/${id}/${transport}`,
      suite: 'faults',
      title: `a call that asks for \`${text}\` is refused in words that say what is wrong with that (${transport})`,
      spec: `kserve-env: a header ${faultHeader} that cannot be understood is INVALID_ARGUMENT.`,
      why: 'A slip of the pen in a test is taken for a server without faults, and the test passes for ever.',
      transports: [transport],
      model: requests.model.name,
      async run(probe) {
        await using connections = askingFor(probe, text);
        const [round] = await requests.rounds(probe, { transport, form: 'typed' }, 1);
        if (!round) return undefined;
        const asked = clientOf(probe, transport, connections).infer(callOf(requests, round, 'typed', 'bad'));
        const refusal = await refusalOf(asked);
        if (refusal?.status !== 'INVALID_ARGUMENT')
          throw new CaseFailure(`expected INVALID_ARGUMENT, got ${refusal?.status ?? 'an answer'}`);
        expectThat(refusal.message.startsWith(faultHeader), `the message does not name the header: ${refusal.message}`);
        expectThat(says.test(refusal.message), `the message does not say what is wrong: ${refusal.message}`);
        return undefined;
      },
    }),
  );
}
