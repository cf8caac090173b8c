/** Cases about streams that end early, are read slowly, or are many. */
import { OipError } from '../../../protocol/status.js';
import { type Case, CaseFailure } from '../../case.js';
import type { DistinctRequests, RoundCall } from '../../distinct-requests.js';
import { errorLine } from '../../exchange.js';
import { joinNotes, unusual } from '../../verdict.js';
import { askAll, asksOf, expectAlive, expectEnd, judgeAnswers, readAnswers } from './answers.js';
import { openInferStream } from './infer-stream.js';
import { type StreamCase, tritonStreams } from './stream-case.js';

/** Streams that are cancelled: more than a connection usually has at once, which is 100. */
const cancelled = 110;
/** Streams at once, and the requests of each. */
const streamsAtOnce = 32;
const requestsEach = 6;
/** Requests whose answers are left unread for a while: 3 MB of them, more than any window of HTTP/2. */
const unread = { requests: 24, elements: 16_384 };

/** All of them for the model that tells most. */
export function lifeCases(main: DistinctRequests, make: (one: StreamCase) => Case): Case[] {
  const life = [emptyCase(), halfCloseCase(main), cancelCase(main), manyStreamsCase(main)];
  return [...life, ...(main.sizeable ? [slowReaderCase(main)] : [])].map(make);
}

function emptyCase(): StreamCase {
  return {
    id: 'empty',
    title: 'a stream without requests ends without answers',
    spec: 'gRPC: a client may end a stream at any time; the server then ends its own half.',
    why: 'A client that found nothing to ask waits forever, or sees an error.',
    async run(probe) {
      await using stream = openInferStream(probe);
      stream.end();
      try {
        await expectEnd(stream);
        return undefined;
      } catch (error) {
        if (!(error instanceof OipError)) throw error;
        return unusual(probe.server, `it ends with ${errorLine(error)}`, { MLServer: 'INTERNAL' });
      }
    },
  };
}

function halfCloseCase(main: DistinctRequests): StreamCase {
  return {
    id: 'half-close',
    title: 'requests whose client has ended its half already are all answered before the stream ends',
    spec: 'gRPC: the end of the one half says that no more will be sent; the other half goes on.',
    why: 'A client that sends all and then reads loses the last answers.',
    model: main,
    async run(probe) {
      const asks = await asksOf(probe, main, { count: 10, form: 'raw', name: 'closed' });
      await using stream = openInferStream(probe);
      return await askAll(probe.server, stream, asks);
    },
  };
}

function cancelCase(main: DistinctRequests): StreamCase {
  return {
    id: 'cancel',
    title: `${cancelled} streams that their client cancels are freed: the connection is as good as new`,
    spec: 'gRPC: either side may cancel a call at any time; it is over for both, and for no other call.',
    why: 'Streams of clients that went away stay open, until the server takes no others.',
    model: main,
    async run(probe) {
      const asks = await asksOf(probe, main, { count: 4, form: 'raw', name: 'afterwards' });
      const [first] = asks as [RoundCall];
      await using own = probe.connect();
      const channel = own.grpc?.channel ?? probe.channel();
      const open = () => openInferStream(probe, { channel });
      for (let index = 0; index < cancelled; index++) {
        await using stream = open();
        stream.send(first.call);
        // Some are cancelled with an answer under way, some after it.
        if (index % 10 === 0) judgeAnswers(probe.server, [first], await readAnswers(stream, 1));
      }
      await using afterwards = open();
      const note = await askAll(probe.server, afterwards, asks);
      await expectAlive(probe);
      return note;
    },
  };
}

function manyStreamsCase(main: DistinctRequests): StreamCase {
  return {
    id: 'many-streams',
    title: `${streamsAtOnce} streams at once, on one connection, each get their own answers`,
    spec: `${tritonStreams}: each stream is a call of its own.`,
    why: 'Users who share a connection, or a proxy, get the results of others.',
    model: main,
    async run(probe) {
      const count = Math.min(streamsAtOnce, probe.concurrency);
      const all = await asksOf(probe, main, { count: count * requestsEach, form: 'raw', name: 'stream' });
      const each = Array.from({ length: count }, (_, at) => all.slice(at * requestsEach, (at + 1) * requestsEach));
      const streams = each.map(() => openInferStream(probe));
      try {
        // In turn, so that all of them are under way at any time.
        for (let request = 0; request < requestsEach; request++) {
          for (const [at, stream] of streams.entries()) {
            const ask = each[at]?.[request];
            if (ask) stream.send(ask.call);
          }
        }
        for (const stream of streams) stream.end();
        const answers = await Promise.all(streams.map((stream) => readAnswers(stream, requestsEach)));
        await Promise.all(streams.map(expectEnd));
        // Judged together, so that an answer of another stream is known as such.
        return judgeAnswers(probe.server, all, answers.flat());
      } finally {
        await Promise.all(streams.map((stream) => stream[Symbol.asyncDispose]()));
      }
    },
  };
}

function slowReaderCase(main: DistinctRequests): StreamCase {
  return {
    id: 'slow-reader',
    title: 'answers that are left unread for a while are all there later, and hold up no other call',
    spec: 'HTTP/2: flow control is of each stream; a server that may not send waits, and loses nothing.',
    why: 'One slow client stops all others on its connection, or fills the memory of the server.',
    model: main,
    async run(probe) {
      const { requests: count, elements } = unread;
      const asks = await asksOf(probe, main, { count, elements, form: 'raw', name: 'unread' });
      const [quick] = await asksOf(probe, main, { count: 1, form: 'raw', name: 'quick' });
      await using stream = openInferStream(probe);
      for (const { call } of asks) stream.send(call);
      stream.end();
      const notes: (string | undefined)[] = [];
      const response = await probe.infer('grpc', (quick as RoundCall).call);
      notes.push(judgeAnswers(probe.server, [quick as RoundCall], [{ response }]));
      notes.push(judgeAnswers(probe.server, asks, await readAnswers(stream, count)));
      await expectEnd(stream);
      if (response.outputs.length === 0) throw new CaseFailure('ModelInfer was answered without outputs meanwhile');
      return joinNotes(notes);
    },
  };
}
