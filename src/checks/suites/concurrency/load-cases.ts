/** Cases about many requests at once: each gets its own answer, whatever else is on its way. */
import type { Case, Transport } from '../../case.js';
import { type DistinctRequests, difference, type Round } from '../../distinct-requests.js';
import type { Probe } from '../../probe.js';
import { type Route, routeName, routesOf, type ServerProfile } from '../../profile.js';
import { joinNotes } from '../../verdict.js';
import { type Ask, askAtOnce, asksFor, clientOf, expectUnharmed } from './at-once.js';

const silent = 'The OIP is silent on requests at once; each of them has a response of its own.';
const mixedUp = 'A client that shares a connection among its threads gets results that belong to others.';

/** Models that are asked side by side. */
const manyModels = 8;
/** Requests of 1 MB that are under way at once: as JSON they take a few megabytes each, on either side. */
const bigRequests = { raw: 6, typed: 2 };
/** Requests at once where fewer than the run's may show it, too: of several models, of both transports, alike. */
const fewer = 96;
/** Doubles of one megabyte. */
const bigElements = 131_072;

/** All of them for the model that tells most, and one over all models. */
export function loadCases(server: ServerProfile, models: readonly DistinctRequests[]): Case[] {
  const [main] = models;
  if (main === undefined) return [];
  const routes = routesOf(server);
  const { transports } = server;
  return [
    ...routes.map((route) => valuesCase(main, route)),
    ...(transports.length === 2 ? [bothCase(main)] : []),
    ...(models.length > 1 ? transports.map((transport) => modelsCase(models.slice(0, manyModels), transport)) : []),
    ...(main.sizeable ? routes.map((route) => sizesCase(main, route)) : []),
    ...transports.map((transport) => sameIdCase(main, transport)),
    ...routes.map((route) => determinismCase(main, route)),
  ];
}

/** Over the run's own gRPC connection, since streams on one connection are what may be mixed up; over new ones of REST. */
async function withClient<T>(
  probe: Probe,
  transport: Transport,
  run: (client: ReturnType<Probe['client']>) => Promise<T>,
): Promise<T> {
  if (transport === 'grpc') return await run(probe.client('grpc'));
  await using own = probe.connect();
  return await run(clientOf(probe, 'rest', own));
}

const connectionsOf: Record<Transport, string> = { grpc: 'over one connection', rest: 'over a connection each' };

function valuesCase(main: DistinctRequests, route: Route): Case {
  const { transport, form } = route;
  return {
    id: `concurrency/values/${main.model.title}/${routeName(route)}`,
    suite: 'concurrency',
    title: `many requests at once, ${connectionsOf[transport]}, each get their own answer (${routeName(route)})`,
    spec: `${silent} An id of the request is the id of its response.`,
    why: mixedUp,
    transports: [transport],
    model: main.model.name,
    run: (probe) =>
      withClient(probe, transport, async (client) => {
        const rounds = await main.rounds(probe, route, probe.concurrency);
        const note = await askAtOnce(
          probe,
          asksFor(client, main, rounds, { count: probe.concurrency, form, name: 'many' }),
        );
        await expectUnharmed(probe, client, main, rounds);
        return note;
      }),
  };
}

function bothCase(main: DistinctRequests): Case {
  return {
    id: `concurrency/both-transports/${main.model.title}`,
    suite: 'concurrency',
    title: 'many requests over gRPC and REST at once each get their own answer',
    spec: `${silent} Both transports are the same protocol.`,
    why: 'A service that is asked over REST disturbs one that is asked over gRPC.',
    transports: ['grpc', 'rest'],
    model: main.model.name,
    run: (probe) =>
      withClient(probe, 'rest', async (rest) => {
        const count = Math.ceil(Math.min(fewer, probe.concurrency) / 2);
        const grpc = probe.client('grpc');
        const rounds = await main.rounds(probe, { transport: 'grpc', form: 'typed' }, 2 * count);
        const over = (client: typeof grpc, own: readonly Round[]): Ask[] =>
          asksFor(client, main, own, { count, form: 'typed', name: client.transport });
        const half = rounds.length < 2 * count ? rounds : rounds.slice(count);
        return await askAtOnce(probe, interleaved(over(grpc, rounds), over(rest, half)));
      }),
  };
}

function interleaved<T>(...lists: readonly T[][]): T[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => index).flatMap((index) =>
    lists.flatMap((list) => (index < list.length ? [list[index] as T] : [])),
  );
}

function modelsCase(models: readonly DistinctRequests[], transport: Transport): Case {
  const route: Route = { transport, form: 'typed' };
  return {
    id: `concurrency/models/${routeName(route)}`,
    suite: 'concurrency',
    title: `requests of several models at once are each answered by their own (${routeName(route)})`,
    spec: `${silent} A response is the model's that the request names.`,
    why: 'The result of one model is taken for that of another.',
    transports: [transport],
    run: (probe) =>
      withClient(probe, transport, async (client) => {
        const count = Math.max(1, Math.floor(Math.min(fewer, probe.concurrency) / models.length));
        const asks: Ask[][] = [];
        for (const requests of models) {
          const rounds = await requests.rounds(probe, route, count);
          asks.push(asksFor(client, requests, rounds, { count, form: 'typed', name: requests.model.title }));
        }
        return await askAtOnce(probe, interleaved(...asks));
      }),
  };
}

function sizesCase(main: DistinctRequests, route: Route): Case {
  const { transport, form } = route;
  return {
    id: `concurrency/sizes/${main.model.title}/${routeName(route)}`,
    suite: 'concurrency',
    title: `small requests and such of a megabyte at once each get their own answer (${routeName(route)})`,
    spec: `${silent} A message is as large as its tensors.`,
    why: 'A large request holds up small ones, or parts of it come back in their answers.',
    transports: [transport],
    model: main.model.name,
    run: (probe) =>
      withClient(probe, transport, async (client) => {
        const big = bigRequests[form];
        const small = Math.max(1, Math.floor(Math.min(fewer, probe.concurrency) / 4));
        const large = await main.rounds(probe, route, big, bigElements);
        const little = await main.rounds(probe, route, small);
        return await askAtOnce(
          probe,
          interleaved(
            asksFor(client, main, large, { count: big, form, name: 'large' }),
            asksFor(client, main, little, { count: small, form, name: 'small' }),
          ),
        );
      }),
  };
}

function sameIdCase(main: DistinctRequests, transport: Transport): Case {
  const route: Route = { transport, form: 'typed' };
  return {
    id: `concurrency/same-id/${main.model.title}/${routeName(route)}`,
    suite: 'concurrency',
    title: `requests at once that share one id each get their own answer (${routeName(route)})`,
    spec: "The id is the client's: the OIP asks a server to return it, and nobody to keep it unique.",
    why: 'Two clients that count their requests from 1 get the results of each other.',
    transports: [transport],
    model: main.model.name,
    run: (probe) =>
      withClient(probe, transport, async (client) => {
        const count = Math.min(fewer, probe.concurrency);
        const rounds = await main.rounds(probe, route, count);
        const asks = asksFor(client, main, rounds, { count, form: 'typed', name: 'same' });
        return await askAtOnce(
          probe,
          asks.map((ask) => ({ ...ask, call: { ...ask.call, id: 'same' } })),
        );
      }),
  };
}

function determinismCase(main: DistinctRequests, route: Route): Case {
  const { transport, form } = route;
  return {
    id: `concurrency/determinism/${main.model.title}/${routeName(route)}`,
    suite: 'concurrency',
    title: `one request, asked many times at once, is answered alike to the last bit (${routeName(route)})`,
    spec: `${silent} A model without state answers a request as it answers it alone.`,
    why: 'A result depends on what others ask at the time, and no failure can be reproduced.',
    transports: [transport],
    model: main.model.name,
    run: (probe) =>
      withClient(probe, transport, async (client) => {
        const rounds = (await main.rounds(probe, route, 1)).slice(0, 1);
        const count = Math.min(fewer, probe.concurrency);
        const asks = asksFor(client, main, rounds, { count, form, name: 'alike' });
        let rounded: string | undefined;
        const refused = await askAtOnce(probe, asks, (calls) => {
          for (const call of calls) {
            call.then(
              ({ outputs }) => {
                rounded ??= difference(
                  outputs.map(({ data }) => data),
                  rounds[0]?.expected ?? [],
                );
              },
              () => {},
            );
          }
        });
        const note = rounded && `under load an answer is rounded in another way than alone: ${rounded}`;
        return joinNotes([refused, note]);
      }),
  };
}
