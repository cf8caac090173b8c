/** Cases that unload a model and load it again. Each leaves the server as it was. */
import { type Case, expectThat, type Transport, transportNames } from '../../case.js';
import { errorLine } from '../../exchange.js';
import type { Probe } from '../../probe.js';
import type { ServerProfile } from '../../profile.js';
import { changeModel, type NameField, whileUnloaded } from '../../repository-calls.js';
import { joinNotes, refusalOf, unusual } from '../../verdict.js';
import { isReady, readIndex, repositoryExtension } from './index-cases.js';
import { expectAnswer, expectNotReady, type Subject, saysReady } from './model-state.js';
import { unloadUnderLoad } from './under-load.js';

/** A case of one transport, over which the model is unloaded and loaded. */
interface Row extends Pick<Case, 'title' | 'spec' | 'why'> {
  id: string;
  run(probe: Probe, transport: Transport, subject: Subject): Promise<string | undefined>;
}

const rows: readonly Row[] = [
  {
    id: 'unload/refuses',
    title: 'a model that is unloaded takes no inference over any transport',
    spec: `${repositoryExtension}: unload takes the model out of service. The OIP fixes no status for it.`,
    why: 'A model that was withdrawn goes on answering.',
    run: (probe, transport, { target }) =>
      whileUnloaded(probe, { transport, model: target.model.name }, async () => {
        const notes: (string | undefined)[] = [];
        for (const over of probe.server.transports) notes.push(await expectNotReady(probe, over, target));
        return joinNotes(notes);
      }),
  },
  {
    id: 'unload/not-ready',
    title: 'a model that is unloaded is not ready, neither by ModelReady nor in the index; the server is live',
    spec: `${repositoryExtension}: a model that is not loaded is UNAVAILABLE. OIP: ModelReady says whether it takes inferences.`,
    why: 'A load balancer goes on sending requests that are all refused, or takes the whole server out.',
    async run(probe, transport, { target: { model } }) {
      const over = probe.server.transports;
      // A model that is declared as failed keeps a server of ours unready.
      const before = await Promise.all(over.map((each) => probe.client(each).serverReady()));
      return await whileUnloaded(probe, { transport, model: model.name }, async () => {
        const notes: (string | undefined)[] = [];
        for (const [at, each] of over.entries()) {
          const where = `over ${transportNames[each]}`;
          expectThat(!(await saysReady(probe, each, model.name)), `ModelReady ${where} says true after unload`);
          expectThat(await probe.client(each).serverLive(), `ServerLive ${where} says false after unload`);
          const ready = await probe.client(each).serverReady();
          if (ready !== before[at])
            notes.push(unusual(probe.server, `ServerReady ${where} says ${ready} after unload`));
        }
        notes.push(await indexNote(probe, transport, model.name));
        return joinNotes(notes);
      });
    },
  },
  {
    id: 'unload/others',
    title: 'while one model is unloaded, all others answer as before',
    spec: `${repositoryExtension}: a request to unload names the model that it is about.`,
    why: 'Who replaces one model stops all users of the server.',
    run: (probe, transport, { target, others }) =>
      whileUnloaded(probe, { transport, model: target.model.name }, async () => {
        for (const other of others) {
          for (const over of probe.server.transports) {
            expectThat(await saysReady(probe, over, other.model.name), `${other.model.name} is not ready, either`);
            await expectAnswer(probe, over, other);
          }
        }
        return undefined;
      }),
  },
  {
    id: 'load/again',
    title: 'a model that is unloaded and loaded again answers as before, as soon as the load is answered',
    spec: `${repositoryExtension}: load makes a model ready for inference.`,
    why: 'Nobody knows when the model may be used again, or it is another one.',
    run: async (probe, transport, { target }) => {
      for (const over of probe.server.transports) await expectAnswer(probe, over, target);
      await whileUnloaded(probe, { transport, model: target.model.name }, async () => {
        await changeModel(probe, transport, 'load', target.model.name);
        for (const over of probe.server.transports) {
          expectThat(
            await saysReady(probe, over, target.model.name),
            `ModelReady over ${transportNames[over]} says false after load`,
          );
          await expectAnswer(probe, over, target);
        }
      });
      for (const over of probe.server.transports) await expectAnswer(probe, over, target);
      return undefined;
    },
  },
  {
    id: 'unload/twice',
    title: 'unloading a model twice is harmless',
    spec: `${repositoryExtension} is silent; common sense: what is out of service stays so.`,
    why: 'A script that is run twice breaks the server.',
    run: (probe, transport, { target }) =>
      whileUnloaded(probe, { transport, model: target.model.name }, async () => {
        const refused = await refusalOf(changeModel(probe, transport, 'unload', target.model.name));
        expectThat(await probe.client(transport).serverLive(), 'the server is not live afterwards');
        if (refused === undefined) return undefined;
        return unusual(probe.server, `the second unload is refused with ${errorLine(refused)}`, {
          MLServer: 'NOT_FOUND',
        });
      }),
  },
  {
    id: 'load/twice',
    title: 'loading a model that is loaded is harmless: it answers all the while',
    spec: `${repositoryExtension}: a load of a loaded model loads it anew.`,
    why: 'A script that makes sure that a model is there takes it away.',
    run: (probe, transport, { target }) =>
      // The way back is the same as from an unload, so the same care is due.
      whileUnloaded(probe, { transport, model: target.model.name }, async () => {
        const load = () => changeModel(probe, transport, 'load', target.model.name);
        await load();
        const again = load();
        await Promise.all([again, expectAnswer(probe, transport, target)]);
        await expectAnswer(probe, transport, target);
        return undefined;
      }),
  },
  {
    id: 'unload/in-flight',
    title:
      'inferences that are under way when their model is unloaded are answered right or refused; others are not touched',
    spec: `${repositoryExtension}: a model is unloaded once its inferences have ended, and takes no new ones.`,
    why: 'Whoever replaces a model under load breaks requests of its users, or of others.',
    run: unloadUnderLoad,
  },
];

/** One of each row for each transport, and those about the fields of gRPC. */
export function unloadCases({ transports }: ServerProfile, subject: Subject): Case[] {
  const { model } = subject.target;
  return [
    ...transports.flatMap((transport) =>
      rows.map(
        ({ id, title, run, ...row }): Case => ({
          ...row,
          id: `repository/${id}/${model.title}/${transport}`,
          suite: 'repository',
          title: `${title} (${transport})`,
          transports: [transport],
          model: model.name,
          run: (probe) => run(probe, transport, subject),
        }),
      ),
    ),
    ...(transports.includes('grpc') ? ([1, 2] as const).map((field) => nameFieldCase(subject, field)) : []),
  ];
}

/** Looks what the index says of a model that is unloaded; throws CaseFailure where that is READY. */
async function indexNote(probe: Probe, transport: Transport, model: string): Promise<string | undefined> {
  const entries = (await readIndex(probe, transport)).filter(({ name }) => name === model);
  expectThat(!entries.some(isReady), `the index says that ${model} is READY after unload`);
  return entries.length > 0 ? undefined : unusual(probe.server, `the index does not list ${model} after unload`);
}

function nameFieldCase({ target: { model } }: Subject, field: NameField): Case {
  return {
    id: `repository/name-field/${field}/${model.title}`,
    suite: 'repository',
    title: `load and unload over gRPC find the model's name in field ${field}`,
    spec: `${repositoryExtension}: repository_name is field 1 and model_name field 2, so in MLServer; KServe has model_name in field 1.`,
    why: `A client of ${field === 1 ? 'KServe' : 'Triton or MLServer'} cannot load or unload a model.`,
    transports: ['grpc'],
    model: model.name,
    run: async (probe) => {
      const refused = await refusalOf(
        whileUnloaded(probe, { transport: 'grpc', model: model.name, field }, async () => {
          expectThat(!(await saysReady(probe, 'grpc', model.name)), 'ModelReady says true after unload');
          await changeModel(probe, 'grpc', 'load', model.name, { field });
          expectThat(await saysReady(probe, 'grpc', model.name), 'ModelReady says false after load');
        }),
      );
      if (refused === undefined) return undefined;
      return unusual(probe.server, `it is refused with ${errorLine(refused)}`, {
        Triton: 'field 2',
        MLServer: 'field 2',
        KServe: 'field 1',
      });
    },
  };
}
