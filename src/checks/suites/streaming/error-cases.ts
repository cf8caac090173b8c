/** Cases about requests of a stream that must be refused: the others are answered all the same. */
import type { InferCall } from '../../../protocol/client.js';
import { OipError } from '../../../protocol/status.js';
import type { StreamResponse } from '../../../protocol/wire/infer-messages.js';
import { noSuchModel } from '../../absent-names.js';
import { type Case, CaseFailure } from '../../case.js';
import type { DistinctRequests, RoundCall } from '../../distinct-requests.js';
import { errorLine } from '../../exchange.js';
import type { Probe } from '../../probe.js';
import type { ServerProfile } from '../../profile.js';
import { type KnownAnswers, unusual } from '../../verdict.js';
import { asksOf, expectAlive, expectEnd, wrongStreamAnswer } from './answers.js';
import { type InferStream, openInferStream } from './infer-stream.js';
import { type StreamCase, tritonStreams } from './stream-case.js';

/** A request that every server refuses, made of a good one. */
interface Mistake {
  id: string;
  title: string;
  spoil(call: InferCall): InferCall;
}

const mistakes: readonly Mistake[] = [
  {
    id: 'unknown-model',
    title: 'a model that is not there',
    spoil: (call) => ({ ...call, modelName: noSuchModel }),
  },
  {
    id: 'wrong-shape',
    title: 'a shape that its data does not fill',
    spoil: (call) => ({
      ...call,
      inputs: call.inputs.map((input) => ({ ...input, shape: [...input.shape.slice(0, -1), input.data.length + 3] })),
    }),
  },
  { id: 'no-input', title: 'no input', spoil: (call) => ({ ...call, inputs: [] }) },
  {
    id: 'wrong-datatype',
    title: 'a datatype that the model does not take',
    spoil: (call) => ({
      ...call,
      inputs: call.inputs.map((input) => {
        const data = Array.from({ length: input.data.length }, () => Buffer.from('one'));
        return { ...input, datatype: 'BYTES', data };
      }),
    }),
  },
];

/** Where the wrong request stands among good ones: `-` is the wrong one. */
const places = { between: '+-+', first: '-+', last: '+-' } as const;

const spec = `${tritonStreams}: error_message says what is wrong with a request, infer_response has its id; the stream goes on.`;
const why = 'One wrong request of one user ends the stream of all, or its error is taken for that of another request.';

const ended: KnownAnswers = {
  Triton: 'error_message, and the stream goes on',
  MLServer: 'the stream ends with the status',
};

/** For the model that tells most. */
export function errorCases(server: ServerProfile, main: DistinctRequests, make: (one: StreamCase) => Case): Case[] {
  // Identity takes any datatype, and so may what is not known.
  const strict = !main.model.metadata.inputs.some(({ datatype }) => datatype === 'ANY');
  const rows = mistakes.filter(({ id }) => id !== 'wrong-datatype' || strict);
  return [
    ...rows.map((mistake) => make(mistakeCase(main, mistake, 'between'))),
    ...(['first', 'last'] as const).map((place) => make(mistakeCase(main, mistakes[0] as Mistake, place))),
    make(noMessageCase(main)),
    ...(server.ours || server.name === 'triton' ? [make(strictCase(main))] : []),
  ];
}

function mistakeCase(main: DistinctRequests, { id, title, spoil }: Mistake, place: keyof typeof places): StreamCase {
  return {
    id: `error/${id}/${place}`,
    title: `a request with ${title}, ${place === 'between' ? 'between good ones' : place}, is refused alone`,
    spec,
    why,
    model: main,
    async run(probe) {
      const pattern = [...places[place]];
      const asks = await asksOf(probe, main, { count: pattern.length });
      await using stream = openInferStream(probe);
      for (const [index, { call }] of asks.entries()) stream.send(pattern[index] === '-' ? spoil(call) : call);
      stream.end();
      for (const [index, sign] of pattern.entries()) {
        if (sign === '+') await expectGood(probe, stream, asks, index);
        else {
          const note = await expectRefused(probe, stream, asks, index);
          if (note !== undefined) return note;
        }
      }
      await expectEnd(stream);
      return undefined;
    },
  };
}

async function expectGood(
  { server }: Probe,
  stream: InferStream,
  asks: readonly RoundCall[],
  index: number,
): Promise<void> {
  const answer = await stream.next();
  const wrong = answer ? wrongStreamAnswer(server, asks, index, answer) : 'the stream ended after the wrong request';
  if (wrong !== undefined) throw new CaseFailure(wrong);
}

/** @returns a note where the server has ended the stream, or says less than most do */
async function expectRefused(
  probe: Probe,
  stream: InferStream,
  asks: readonly RoundCall[],
  index: number,
): Promise<string | undefined> {
  const { server } = probe;
  const answer = await answerOrStatus(stream);
  if (answer instanceof OipError) {
    await expectAlive(probe);
    return unusual(server, `the stream ended with ${errorLine(answer)}; most clients expect error_message`, ended);
  }
  if (answer === undefined) throw new CaseFailure('the stream ended without a word on the wrong request');
  const { errorMessage = '', response } = answer;
  if (errorMessage === '') return unusual(server, 'the wrong request was accepted');
  const id = asks[index]?.call.id ?? '';
  if (response?.id === id) return undefined;
  if (asks.some(({ call }) => call.id === response?.id)) {
    throw new CaseFailure(`the error of request "${id}" has the id of another one, "${response?.id}"`);
  }
  return unusual(server, 'the error does not say whose it is: its infer_response has no id', { Triton: 'its id' });
}

/** The next answer, or the status that the stream ends with. */
async function answerOrStatus(stream: InferStream): Promise<StreamResponse | OipError | undefined> {
  try {
    return await stream.next();
  } catch (error) {
    if (error instanceof OipError) return error;
    throw error;
  }
}

function noMessageCase(main: DistinctRequests): StreamCase {
  return {
    id: 'error/no-message',
    title: 'bytes that are no request are refused, and the server lives on',
    spec: 'gRPC: bytes that are not the message are refused with INTERNAL, which may end the stream.',
    why: 'One broken client takes the server from all others.',
    model: main,
    async run(probe) {
      const asks = await asksOf(probe, main, { count: 2 });
      await using stream = openInferStream(probe);
      stream.send((asks[0] as RoundCall).call);
      // The length of a field that is not there.
      stream.sendBytes(Uint8Array.of(0x0a, 0xff, 0x01));
      stream.send((asks[1] as RoundCall).call);
      stream.end();
      const first = await answerOrStatus(stream);
      if (!(first instanceof OipError)) {
        const wrong = wrongStreamAnswer(probe.server, asks, 0, first);
        if (wrong !== undefined) throw new CaseFailure(wrong);
        const second = await answerOrStatus(stream);
        if (second === undefined) throw new CaseFailure('the stream ended without a word on the bytes');
        if (!(second instanceof OipError)) {
          if ((second.errorMessage ?? '') === '') throw new CaseFailure('bytes that are no request were accepted');
          await expectGood(probe, stream, asks, 1);
        }
      }
      await expectAlive(probe);
      return undefined;
    },
  };
}

function strictCase(main: DistinctRequests): StreamCase {
  return {
    id: 'error/strict',
    title: 'with the metadata triton_grpc_error: true, an error ends the stream with its status',
    spec: `${tritonStreams}: a client that sends triton_grpc_error gets the status of gRPC in place of error_message.`,
    why: 'A client that asked for statuses takes the stream for one without errors.',
    model: main,
    async run(probe) {
      const [good, wrong] = await asksOf(probe, main, { count: 2 });
      await using own = probe.connect({ headers: { triton_grpc_error: 'true' } });
      await using stream = openInferStream(probe, own.grpc && { channel: own.grpc.channel });
      stream.send((good as RoundCall).call);
      await expectGood(probe, stream, [good as RoundCall], 0);
      stream.send((mistakes[0] as Mistake).spoil((wrong as RoundCall).call));
      const answer = await answerOrStatus(stream);
      if (answer === undefined) throw new CaseFailure('the stream ended without a status');
      if (!(answer instanceof OipError)) {
        return unusual(probe.server, 'the stream goes on with error_message', { Triton: 'the status' });
      }
      if (answer.status === 'NOT_FOUND') return undefined;
      return unusual(probe.server, `it ended with ${answer.status}; most clients expect NOT_FOUND`);
    },
  };
}
