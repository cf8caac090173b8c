/** Cases of faults that are ordered of the server: of state, of connections, and of some calls among many. */
import { type Case, expectThat, type Transport, transportNames } from '../../case.js';
import { callOf, type DistinctRequests } from '../../distinct-requests.js';
import { errorLine } from '../../exchange.js';
import type { Connections, Probe } from '../../probe.js';
import { changeModel, stateOf } from '../../repository-calls.js';
import { refusalOf } from '../../verdict.js';
import { clientOf } from '../concurrency/at-once.js';
import { broken, type Judge, refusedWith, slow, unanswered } from './judges.js';
import { markOf, whileInForce } from './ordered.js';
import { ofOurs } from './ours.js';
import { endOf, type Struck } from './struck-call.js';

const spec = 'kserve-env: `fault add` has a fault in force until it is taken back, and nothing of it stays.';
const why = 'A client is tested against a fault that is not there, or everything after it runs on a broken server.';

/** Milliseconds that a call is given which is not answered. */
const patienceMs = 500;
const bytesPerSecond = 1_000;

/** A state that a model is said to be in. */
const states = [
  { kind: 'not-ready', state: 'UNAVAILABLE', reason: /fault was injected/ },
  { kind: 'loading', state: 'LOADING', reason: /^/ },
  { kind: 'load-failed', state: 'UNAVAILABLE', reason: /disk is on fire/, text: 'load-failed="the disk is on fire"' },
  { kind: 'unloaded', state: 'UNAVAILABLE', reason: /unloaded/ },
] as const;

/** What a client sees that connects anew while the fault is in force. */
const connectionRows: readonly { kind: string; text: string; seen: string; judge: Judge; timeoutMs?: number }[] = [
  { kind: 'refuse', text: 'refuse', seen: 'refused', judge: refusedWith('UNAVAILABLE') },
  {
    kind: 'unresponsive',
    text: 'unresponsive',
    seen: 'taken and left alone',
    judge: unanswered,
    timeoutMs: patienceMs,
  },
  // A request and its answer have more bytes than a tenth of a second lets through.
  { kind: 'bandwidth', text: `bandwidth=${bytesPerSecond}`, seen: 'served slowly', judge: slow(100) },
];

/** How calls end that a fault is for. */
const callRows: readonly { kind: string; judge: Judge }[] = [
  { kind: 'status=ABORTED', judge: refusedWith('ABORTED') },
  { kind: 'reset', judge: broken },
  { kind: 'stream-reset', judge: broken },
];

/** One for each fault and transport, for the model that tells most. */
export function orderedCases(main: DistinctRequests, transport: Transport): Case[] {
  const common = { suite: 'faults', spec, why, transports: [transport], model: main.model.name } as const;
  const over = transport;
  return [
    ...states.map((one) =>
      ofOurs({
        ...common,
        id: `faults/state/${one.kind}/${over}`,
        title: `a model that is ${one.kind} says so by ModelReady, in the index and to inferences, and is as before afterwards (${over})`,
        run: (probe) => stateCase(probe, transport, main, one),
      }),
    ),
    ...connectionRows.map(({ kind, text, seen, judge, timeoutMs }) =>
      ofOurs({
        ...common,
        id: `faults/connection/${kind}/${over}`,
        title: `a client that connects under ${kind} is ${seen}, and served as ever afterwards (${over})`,
        async run(probe) {
          const good = await goodAnswer(probe, transport, main);
          await whileInForce(probe, { text: `${text} transport=${transport}`, requests: main }, async () => {
            await using own = probe.connect();
            judge(await inferOver(probe, transport, main, own, timeoutMs), good);
          });
          return undefined;
        },
      }),
    ),
    ...callRows.map(({ kind, judge }) =>
      ofOurs({
        ...common,
        id: `faults/calls/${kind.replace(/=.*/, '')}/${over}`,
        title: `${kind} for the first two calls of a client strikes these, and neither its third nor any other call (${over})`,
        run: (probe) => callsCase(probe, transport, main, { kind, judge }),
      }),
    ),
  ];
}

async function stateCase(
  probe: Probe,
  transport: Transport,
  requests: DistinctRequests,
  { kind, state, reason, ...rest }: (typeof states)[number],
): Promise<undefined> {
  const { name, version } = requests.model;
  const text = `${'text' in rest ? rest.text : kind} model=${name}`;
  const good = await goodAnswer(probe, transport, requests);
  await whileInForce(probe, { text, requests }, async () => {
    const client = probe.client(transport);
    expectThat(!(await client.modelReady(name, version)), `ModelReady says true of a model that is ${kind}`);
    expectThat(await client.serverLive(), `ServerLive says false while a model is ${kind}`);
    const entries = (await client.repositoryIndex()).filter((entry) => entry.name === name);
    for (const entry of entries) {
      const told = `${stateOf(entry)}${entry.reason && `: ${entry.reason}`}`;
      const right = stateOf(entry) === state && reason.test(entry.reason);
      expectThat(right, `the index says ${told}; expected ${state} with a reason that fits ${kind}`);
    }
    expectThat(entries.length > 0, 'the index has lost the model');
    refusedWith('UNAVAILABLE')(await inferOver(probe, transport, requests), good);
    if (kind !== 'load-failed') return;
    const refusal = await refusalOf(changeModel(probe, transport, 'load', name));
    const why = refusal === undefined ? 'succeeds' : `fails with ${errorLine(refusal)}`;
    expectThat(reason.test(refusal?.message ?? ''), `a load ${why}; expected it to fail for the reason that was given`);
  });
  expectThat(await probe.client(transport).modelReady(name, version), `the model is not ready after ${kind}`);
  return undefined;
}

async function callsCase(
  probe: Probe,
  transport: Transport,
  requests: DistinctRequests,
  { kind, judge }: { kind: string; judge: Judge },
): Promise<undefined> {
  const good = await goodAnswer(probe, transport, requests);
  const { name, value } = markOf();
  const text = `${kind} first=2 header=${name}=${value}`;
  await whileInForce(probe, { text, requests }, async () => {
    // Connections of their own, since some of these faults end the one that they come over.
    const ask = async (headers?: Record<string, string>): Promise<Struck> => {
      await using own = probe.connect(headers && { headers });
      return await inferOver(probe, transport, requests, own);
    };
    const marked = { [name]: value };
    judge(await ask(marked), good);
    slow(0)(await ask(), good);
    slow(0)(await ask({ [name]: 'another' }), good);
    judge(await ask(marked), good);
    const third = await ask(marked);
    expectThat(
      third.answer !== undefined,
      `the third call over ${transportNames[transport]} is struck, too: ${errorLine(third.refusal)}`,
    );
  });
  return undefined;
}

async function goodAnswer(probe: Probe, transport: Transport, requests: DistinctRequests) {
  return await probe.infer(transport, await callFor(probe, transport, requests));
}

async function inferOver(
  probe: Probe,
  transport: Transport,
  requests: DistinctRequests,
  connections?: Connections,
  timeoutMs = probe.timeoutMs,
): Promise<Struck> {
  const client = connections ? clientOf(probe, transport, connections) : probe.client(transport);
  return await endOf(probe, client.infer(await callFor(probe, transport, requests), { timeoutMs }));
}

async function callFor(probe: Probe, transport: Transport, requests: DistinctRequests) {
  const rounds = await requests.rounds(probe, { transport, form: 'typed' }, 1);
  const [round] = rounds as [(typeof rounds)[number]];
  return callOf(requests, round, 'typed', '');
}
