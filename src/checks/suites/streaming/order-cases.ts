/** Cases about streams in which all is well: an answer to each request, in their order. */
import type { DataForm } from '../../../protocol/tensor.js';
import { type Case, CaseSkipped, expectEqual } from '../../case.js';
import { type DistinctRequests, difference, type RoundCall } from '../../distinct-requests.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { askAll, asksOf, expectEnd, judgeAnswers, readAnswers } from './answers.js';
import { openInferStream } from './infer-stream.js';
import { type StreamCase, tritonStreams } from './stream-case.js';

/** Requests of a stream that has many. */
const many = 100;
/** Requests of a client that waits for each answer. */
const turns = 8;
/** Doubles of one megabyte, and how many such requests. */
const bigElements = 131_072;
const bigRequests = 3;
/** Models that are asked over one stream. */
const manyModels = 8;

/** A stream of requests that are all sent before the first answer is read. */
interface Row extends Omit<StreamCase, 'run' | 'model'> {
  asks(probe: Probe, main: DistinctRequests): Promise<RoundCall[]>;
}

const forms = ['typed', 'raw'] as const;

const oneAnswer = `${tritonStreams}: a request is a ModelInferRequest, a ModelStreamInferResponse has its response.`;
const inOrder = `${tritonStreams}: responses come in the order of their requests, unless the model is decoupled.`;

const rows: readonly Row[] = [
  ...forms.flatMap((form): Row[] => [
    {
      id: `one/grpc-${form}`,
      title: `a stream of one request has one answer, and ends (grpc-${form})`,
      spec: oneAnswer,
      why: 'No client that streams gets anything.',
      asks: (probe, main) => asksOf(probe, main, { count: 1, form }),
    },
    {
      id: `many/grpc-${form}`,
      title: `${many} requests of one stream are each answered, in their order and with their ids (grpc-${form})`,
      spec: inOrder,
      why: 'A client that matches answers by their order takes the results of others.',
      asks: (probe, main) => asksOf(probe, main, { count: many, form }),
    },
  ]),
  {
    id: 'forms',
    title: 'typed and raw requests may follow each other in one stream',
    spec: `${tritonStreams}: each request is a message of its own, with contents or raw contents.`,
    why: 'A proxy that merges the streams of two clients breaks one of them.',
    asks: (probe, main) => asksOf(probe, main, { count: 8, form: (index) => (index % 2 === 0 ? 'typed' : 'raw') }),
  },
  {
    id: 'no-id',
    title: 'requests without ids are answered in their order',
    spec: `${inOrder} The id is optional.`,
    why: 'A client without ids, as most are, cannot tell which answer is whose.',
    asks: (probe, main) => asksOf(probe, main, { count: 8, name: '' }),
  },
];

/** Each for the model that tells most; the last ones for every model. */
export function orderCases(
  server: ServerProfile,
  models: readonly DistinctRequests[],
  make: (one: StreamCase) => Case,
): Case[] {
  const [main] = models;
  if (main === undefined) return [];
  return [
    ...rows.map(({ asks, ...row }) => make({ ...row, model: main, run: (probe) => askOver(probe, asks(probe, main)) })),
    ...(main.sizeable ? forms.map((form) => make(bigCase(main, form))) : []),
    make(turnsCase(main)),
    ...(models.length > 1 ? [make(modelsCase(models.slice(0, manyModels)))] : []),
    ...server.models
      .filter(({ sample }) => sample !== undefined)
      .slice(0, manyModels)
      .flatMap((model) => forms.map((form) => make(sameCase(model, form)))),
    ...(server.ours ? [make(finalCase(main))] : []),
  ];
}

async function askOver(probe: Probe, asks: Promise<RoundCall[]>): Promise<string | undefined> {
  const all = await asks;
  await using stream = openInferStream(probe);
  return await askAll(probe.server, stream, all);
}

function bigCase(main: DistinctRequests, form: DataForm): StreamCase {
  return {
    id: `big/grpc-${form}`,
    title: `tensors of a megabyte go through a stream (grpc-${form})`,
    spec: `${tritonStreams}: a message is as large as its tensors.`,
    why: 'A stream works with toy data, and breaks with the real ones.',
    model: main,
    run: (probe) => askOver(probe, asksOf(probe, main, { count: bigRequests, elements: bigElements, form })),
  };
}

function turnsCase(main: DistinctRequests): StreamCase {
  return {
    id: 'turns',
    title: 'a client may wait for each answer before it sends the next request: the stream stays open',
    spec: `${tritonStreams}: a stream of both directions, which ends when its client has ended it.`,
    why: 'A client that decides by an answer what to ask next waits forever, or finds its stream closed.',
    model: main,
    async run(probe) {
      const asks = await asksOf(probe, main, { count: turns });
      await using stream = openInferStream(probe);
      for (const ask of asks) {
        stream.send(ask.call);
        judgeAnswers(probe.server, [ask], await readAnswers(stream, 1));
      }
      stream.end();
      await expectEnd(stream);
      return undefined;
    },
  };
}

function modelsCase(models: readonly DistinctRequests[]): StreamCase {
  return {
    id: 'models',
    title: 'requests of several models may follow each other in one stream',
    spec: `${tritonStreams}: every request names its model.`,
    why: 'The result of one model is taken for that of another.',
    run: async (probe) => {
      const each: RoundCall[][] = [];
      for (const model of models) each.push(await asksOf(probe, model, { count: 3, name: model.model.title }));
      const inTurn = [0, 1, 2].flatMap((index) => each.flatMap((asks) => asks[index] ?? []));
      return await askOver(probe, Promise.resolve(inTurn));
    },
  };
}

function sameCase({ name, version, title, sample, mathematics }: ModelProfile, form: DataForm): StreamCase {
  return {
    id: `same-as-unary/${title}/grpc-${form}`,
    title: `${title} answers over a stream as it does to ModelInfer (grpc-${form})`,
    spec: `${tritonStreams}: the messages are those of ModelInfer.`,
    why: 'A client that turns to streams for speed gets other results.',
    async run(probe) {
      const call = { modelName: name, modelVersion: version, id: 'same', inputs: sample?.inputs ?? [], form };
      const unary = await probe.infer('grpc', call);
      await using stream = openInferStream(probe);
      stream.send(call);
      stream.end();
      const [answer] = await readAnswers(stream, 1);
      await expectEnd(stream);
      expectEqual('error_message', answer?.errorMessage ?? '', '');
      const facts = (response: typeof unary | undefined) => ({
        model: response?.modelName,
        version: response?.modelVersion,
        form: response?.form,
        outputs: response?.outputs.map((output) => [output.name, output.datatype, output.shape]),
      });
      expectEqual('what it says of its answer', facts(answer?.response), facts(unary));
      const data = (response: typeof unary | undefined) => (response?.outputs ?? []).map((output) => output.data);
      const differs = difference(data(answer?.response), data(unary));
      if (differs === undefined) return undefined;
      if (mathematics === undefined && difference(data(await probe.infer('grpc', call)), data(unary)) !== undefined) {
        throw new CaseSkipped(`${title} answers one request in two ways`);
      }
      expectEqual(differs, 'streamed', 'unary');
      return undefined;
    },
  };
}

function finalCase(main: DistinctRequests): StreamCase {
  return {
    id: 'final',
    title: 'every answer says that it is the only one to its request: triton_final_response is true',
    spec: `${tritonStreams}: clients of decoupled models wait for the parameter triton_final_response.`,
    why: "tritonclient's users who wait for the last answer wait forever.",
    model: main,
    async run(probe) {
      const asks = await asksOf(probe, main, { count: 2 });
      await using stream = openInferStream(probe);
      for (const { call } of asks) stream.send(call);
      stream.end();
      for (const { response } of await readAnswers(stream, asks.length)) {
        expectEqual('triton_final_response', response?.parameters.triton_final_response, true);
      }
      return undefined;
    },
  };
}
