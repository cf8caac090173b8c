/** Cases about calls that end before they are answered, and connections that close: nobody else may notice. */
import { setMaxListeners } from 'node:events';
import { grpcFrame } from '../../../protocol/grpc-frames.js';
import { completeCall } from '../../../protocol/infer-call.js';
import { encodeInferRequest } from '../../../protocol/wire/infer-messages.js';
import { type Case, CaseFailure, type Transport } from '../../case.js';
import { callsOf, type DistinctRequests } from '../../distinct-requests.js';
import type { Probe } from '../../probe.js';
import { type Route, routeName, type ServerProfile } from '../../profile.js';
import { joinNotes, unusual } from '../../verdict.js';
import { type Ask, askAtOnce, asksFor, clientOf, expectLive, expectUnharmed } from './at-once.js';

/** Elements of a request that is cut off: enough of them that it is still under way. */
const cutOffElements = 2_048;
/** Requests at once, half of which are cut off. */
const halfCutOffAtOnce = 64;
/** Connections that are open at once, and how many come after them. */
const connectionsAtOnce = 50;
const connectionsAfterwards = 10;
/** Calls whose time is over when they come. */
const expiredCalls = 8;

/** All of them for the model that tells most. */
export function endedCallCases({ transports }: ServerProfile, main: DistinctRequests): Case[] {
  return [
    ...transports.map((transport) => cancelCase(main, transport)),
    ...transports.map((transport) => deadlineCase(main, transport)),
    ...(transports.includes('grpc') ? [expiredCase(main)] : []),
    ...transports.map((transport) => connectionsCase(main, transport)),
  ];
}

const typed = (transport: Transport): Route => ({ transport, form: 'typed' });

/** Many requests at once, every second of which is cut off: by what `cutOff` says of it. */
async function halfCutOff(
  probe: Probe,
  transport: Transport,
  main: DistinctRequests,
  cutOff: (index: number) => Pick<Ask, 'options' | 'mayEnd'>,
  started?: Parameters<typeof askAtOnce>[2],
): Promise<string | undefined> {
  await using own = probe.connect();
  const client = clientOf(probe, transport, own);
  const count = Math.ceil(Math.min(probe.concurrency, halfCutOffAtOnce) / 2);
  const rounds = await main.rounds(probe, typed(transport), count);
  const large = await main.rounds(probe, typed(transport), count, cutOffElements);
  const kept = asksFor(client, main, rounds, { count, form: 'typed', name: 'kept' });
  const ended = asksFor(client, main, large, { count, form: 'typed', name: 'cut-off' });
  const asks = kept.flatMap((ask, index): Ask[] => [ask, { ...(ended[index] as Ask), ...cutOff(index) }]);
  const note = await askAtOnce(probe, asks, started);
  await expectUnharmed(probe, client, main, rounds);
  return note;
}

function cancelCase(main: DistinctRequests, transport: Transport): Case {
  return {
    id: `concurrency/cancel/${main.model.title}/${transport}`,
    suite: 'concurrency',
    title: `requests that their client cancels in mid-flight disturb no others (${transport})`,
    spec:
      transport === 'grpc'
        ? 'gRPC: either side may cancel a call at any time; it is over for both, and for no other call.'
        : 'HTTP/1.1: a client that closes a connection ends the exchange on it, and no other.',
    why: 'One impatient user takes the answers from all others, or the server down.',
    transports: [transport],
    model: main.model.name,
    run: async (probe) => {
      const abort = new AbortController();
      const signal = AbortSignal.any([probe.signal, abort.signal]);
      setMaxListeners(0, signal);
      const cancelled = { options: { signal }, mayEnd: ['CANCELLED'] } as const;
      return await halfCutOff(
        probe,
        transport,
        main,
        () => cancelled,
        (calls) => {
          // The first answer shows that the server is at work on them.
          Promise.race(calls).then(
            () => abort.abort(),
            () => abort.abort(),
          );
        },
      );
    },
  };
}

function deadlineCase(main: DistinctRequests, transport: Transport): Case {
  return {
    id: `concurrency/deadline/${main.model.title}/${transport}`,
    suite: 'concurrency',
    title: `requests with deadlines of 1 to 32 ms are answered or end with them, and disturb no others (${transport})`,
    spec:
      transport === 'grpc'
        ? 'gRPC: a call that is not finished at its deadline ends with DEADLINE_EXCEEDED.'
        : 'HTTP/1.1 has no deadlines: a client that waits no longer closes its connection.',
    why: 'A client that gives up early holds up, or breaks, the requests of those that wait.',
    transports: [transport],
    model: main.model.name,
    // Some are over before they are sent, some on their way or while they are computed, some never.
    run: (probe) =>
      halfCutOff(probe, transport, main, (index) => {
        return { options: { timeoutMs: 2 ** (index % 6) }, mayEnd: ['DEADLINE_EXCEEDED'] };
      }),
  };
}

/** Names of gRPC's codes that a call may end with whose time is over. */
const endings: Readonly<Record<string, string>> = { '0': 'OK', '1': 'CANCELLED', '4': 'DEADLINE_EXCEEDED' };

function expiredCase(main: DistinctRequests): Case {
  return {
    id: `concurrency/deadline/${main.model.title}/expired`,
    suite: 'concurrency',
    title: 'a call whose deadline is over when it comes is answered or ended by the server itself',
    spec: 'gRPC: grpc-timeout says how long the client waits; beyond it the call ends with DEADLINE_EXCEEDED (doc/PROTOCOL-HTTP2.md).',
    why: 'Calls that nobody waits for stay open on the server, until it takes no others.',
    transports: ['grpc'],
    model: main.model.name,
    run: async (probe) => {
      const rounds = await main.rounds(probe, typed('grpc'), expiredCalls);
      const codes = await Promise.all(
        callsOf(main, rounds, { count: expiredCalls, form: 'typed', name: 'expired' }).map(async ({ call }) => {
          const { headers, trailers } = await probe.http2({
            path: '/inference.GRPCInferenceService/ModelInfer',
            headers: { 'grpc-timeout': '1n' },
            body: grpcFrame(encodeInferRequest(completeCall(call))),
          });
          return String(trailers['grpc-status'] ?? headers['grpc-status'] ?? '');
        }),
      );
      await expectUnharmed(probe, probe.client('grpc'), main, rounds);
      const unforeseen = codes.find((code) => endings[code] === undefined);
      if (unforeseen !== undefined) throw new CaseFailure(`it ended with gRPC status ${unforeseen || 'none'}`);
      return codes.includes('1')
        ? unusual(probe.server, 'it ended with CANCELLED; gRPC says DEADLINE_EXCEEDED')
        : undefined;
    },
  };
}

function connectionsCase(main: DistinctRequests, transport: Transport): Case {
  return {
    id: `concurrency/connections/${routeName(typed(transport))}`,
    suite: 'concurrency',
    title: `${connectionsAtOnce} connections at once are each answered, and close without harm (${transport})`,
    spec: 'The OIP is silent on connections; a server serves more than one client.',
    why: 'The second team that uses the server is refused, or the first one notices.',
    transports: [transport],
    model: main.model.name,
    run: async (probe) => {
      const rounds = await main.rounds(probe, typed(transport), connectionsAtOnce);
      const notes: (string | undefined)[] = [];
      // What the first ones left behind is what the next ones meet.
      for (const count of [connectionsAtOnce, connectionsAfterwards]) {
        const opened = Array.from({ length: count }, () => probe.connect());
        try {
          const asks = opened.flatMap((connections, index) => {
            const own = rounds.slice(index % rounds.length, (index % rounds.length) + 1);
            const name = `connection-${count}-${index + 1}`;
            return asksFor(clientOf(probe, transport, connections), main, own, { count: 1, form: 'typed', name });
          });
          notes.push(await askAtOnce(probe, asks));
        } finally {
          await Promise.all(opened.map((connections) => connections[Symbol.asyncDispose]()));
        }
      }
      await expectLive(probe.client(transport));
      return joinNotes([...new Set(notes)]);
    },
  };
}
