/** Tensors of a MiB: whole, in order, and over each route. */
import type { Datatype } from '../../../protocol/datatype.js';
import type { Case } from '../../case.js';
import { type Route, routeName, routesOf, type ServerProfile } from '../../profile.js';
import { askExactly } from './ask.js';
import { elementsQuestion, type KnownModel, knownModel, shapeQuestion, takes } from './questions.js';

/** Elements of FP64 that make a MiB. */
const doubles = 131_072;
/** As much in BYTES. */
const texts = { count: 1_024, length: 1_024 };

/** The cases of one model, an identity if there is one: what a server does with size does not depend on the model. */
export function largeCases(server: ServerProfile): Case[] {
  const known = server.models.flatMap((model) => {
    const one = model.mathematics && knownModel(model, model.mathematics);
    return one === undefined || typeof one === 'string' || model.config?.latency !== undefined ? [] : one;
  });
  const taking = (datatype: Datatype, count: number) => (one: KnownModel) =>
    one.mathematics.kind !== 'linear' && one.datatypes.includes(datatype) && takes(server, one, [count]) === 'surely';
  const byIdentity = (one: KnownModel) => Number(one.mathematics.kind !== 'identity');
  const sorted = known.toSorted((a, b) => byIdentity(a) - byIdentity(b));
  const numeric = sorted.find(taking('FP64', doubles));
  const textual = sorted.find((one) => one.mathematics.kind === 'identity' && taking('BYTES', texts.count)(one));
  return routesOf(server).flatMap((route) => [
    ...(numeric ? [largeCase(server, numeric, 'FP64', route)] : []),
    ...(textual ? [largeCase(server, textual, 'BYTES', route)] : []),
  ]);
}

function largeCase(server: ServerProfile, known: KnownModel, datatype: 'FP64' | 'BYTES', route: Route): Case {
  const { model } = known;
  const question = () =>
    datatype === 'FP64'
      ? shapeQuestion(server, known, datatype, [doubles])
      : elementsQuestion(
          known,
          datatype,
          Array.from({ length: texts.count }, (_, index) => new Uint8Array(texts.length).fill(0x20 + (index % 95))),
        );
  return {
    id: `infer/values/${model.title}/${datatype}/megabyte/${routeName(route)}`,
    suite: 'infer',
    title: `${model.title} answers a MiB of ${datatype} (${routeName(route)})`,
    spec: 'OIP: no limit is given; gRPC clients receive 4 MiB unless they say otherwise',
    why: 'a batch that grows is cut, mixed up, or refused',
    transports: [route.transport],
    model: model.name,
    run: (probe) => askExactly(probe, model, route, question(), { refusal: { note: 'a tensor of a MiB is refused' } }),
  };
}
