/** Cases about the index of models: what it lists, and whether it is true. They change nothing. */
import type { RepositoryEntry } from '../../../protocol/client.js';
import { OipError } from '../../../protocol/status.js';
import { type Case, CaseFailure, CaseSkipped, expectEqual, type Transport } from '../../case.js';
import { errorLine } from '../../exchange.js';
import type { Probe } from '../../probe.js';
import type { ServerProfile } from '../../profile.js';
import { stateOf } from '../../repository-calls.js';
import { joinNotes, unusual } from '../../verdict.js';
import { saysReady } from './model-state.js';

/** Where the index comes from. */
export const repositoryExtension = "Triton's model repository extension of the OIP";

/** Entries that are compared with ModelReady. */
const comparedEntries = 32;

/** The cases of each transport, and one of both. */
export function indexCases({ transports }: ServerProfile): Case[] {
  return [
    ...transports.flatMap((transport) => [listsCase(transport), readyOnlyCase(transport), trueCase(transport)]),
    ...(transports.length === 2 ? [agreesCase()] : []),
  ];
}

/**
 * The index of a server that has one.
 * @throws CaseSkipped where another server has none, CaseFailure where ours has none
 */
export async function readIndex(probe: Probe, transport: Transport, ready = false): Promise<RepositoryEntry[]> {
  try {
    return await probe.client(transport).repositoryIndex({ ready });
  } catch (error) {
    if (!(error instanceof OipError) || error.status !== 'UNIMPLEMENTED') throw error;
    const words = `the server has no RepositoryIndex: ${errorLine(error)}`;
    throw probe.server.ours ? new CaseFailure(words) : new CaseSkipped(words);
  }
}

/** Whether the index says so of an entry. */
export const isReady = (entry: RepositoryEntry): boolean => stateOf(entry) === 'READY';

function listsCase(transport: Transport): Case {
  return {
    id: `repository/index/lists/${transport}`,
    suite: 'repository',
    title: `RepositoryIndex lists each version of each model once, and those that answer as READY (${transport})`,
    spec: `${repositoryExtension}: the index has name, version, state and reason of every model.`,
    why: 'A dashboard shows models as down that answer, or does not show them at all.',
    transports: [transport],
    async run(probe) {
      const { server } = probe;
      const index = await readIndex(probe, transport);
      const keys = index.map(({ name, version }) => `${name} ${version}`);
      const twice = keys.find((key, at) => keys.indexOf(key) !== at);
      if (twice !== undefined) throw new CaseFailure(`the index lists ${twice} twice`);
      const notes: (string | undefined)[] = [];
      for (const { name, version, sample } of server.models) {
        const entries = index.filter((entry) => entry.name === name && (version === '' || entry.version === version));
        if (entries.length === 0) throw new CaseFailure(`the index does not list ${name}, which is loaded`);
        if (sample === undefined || entries.some(isReady)) continue;
        const state = entries[0]?.state ?? '';
        if (state !== '') throw new CaseFailure(`the index says that ${name} is ${state}, and it answers`);
        notes.push(unusual(server, `the state of ${name} is empty`, { Triton: 'READY' }));
      }
      for (const name of server.unloaded) {
        const entries = index.filter((entry) => entry.name === name);
        if (entries.length === 0) notes.push(unusual(server, `the index does not list ${name}, which is not loaded`));
      }
      const odd = index.find((entry) => entry.state !== stateOf(entry));
      if (odd)
        notes.push(unusual(server, `a state is written ${odd.state}`, { MLServer: 'so over gRPC', Triton: 'READY' }));
      return joinNotes([...new Set(notes)]);
    },
  };
}

function readyOnlyCase(transport: Transport): Case {
  return {
    id: `repository/index/ready-only/${transport}`,
    suite: 'repository',
    title: `RepositoryIndex with ready lists the models that are READY, and no other (${transport})`,
    spec: `${repositoryExtension}: ready asks for the models that are ready for inference alone.`,
    why: 'A client sends requests to models that cannot answer, or misses some that can.',
    transports: [transport],
    async run(probe) {
      const all = await readIndex(probe, transport);
      const ready = await readIndex(probe, transport, true);
      const keys = (entries: RepositoryEntry[]) => entries.map(({ name, version }) => `${name} ${version}`).sort();
      const lost = keys(all.filter(isReady)).find((key) => !keys(ready).includes(key));
      if (lost !== undefined) throw new CaseFailure(`${lost} is READY, and missing where ready is asked for`);
      const wrong = ready.find((entry) => entry.state !== '' && !isReady(entry));
      return wrong && unusual(probe.server, `${wrong.name} is ${wrong.state}, and listed where ready is asked for`);
    },
  };
}

function trueCase(transport: Transport): Case {
  return {
    id: `repository/index/true/${transport}`,
    suite: 'repository',
    title: `RepositoryIndex says READY of just those versions of which ModelReady says true (${transport})`,
    spec: `${repositoryExtension}: READY is a model that takes inferences, which is what ModelReady says.`,
    why: 'Of two ways to ask whether a model is ready, one is wrong.',
    transports: [transport],
    async run(probe) {
      const index = await readIndex(probe, transport);
      for (const entry of index.slice(0, comparedEntries)) {
        if (entry.state === '') continue;
        const ready = await saysReady(probe, transport, entry.name, entry.version);
        if (ready === isReady(entry)) continue;
        throw new CaseFailure(`the index says ${entry.state} of ${entry.name}, and ModelReady says ${ready}`);
      }
      return undefined;
    },
  };
}

function agreesCase(): Case {
  return {
    id: 'repository/index/agrees',
    suite: 'repository',
    title: 'RepositoryIndex is the same over gRPC and REST',
    spec: `${repositoryExtension}: both transports describe one repository.`,
    why: 'Two tools that look at one server report two states.',
    transports: ['grpc', 'rest'],
    async run(probe) {
      const facts = async (transport: Transport) =>
        (await readIndex(probe, transport))
          .map((entry) => `${entry.name} ${entry.version} ${stateOf(entry)} ${entry.reason}`)
          .sort();
      expectEqual('the index over REST, against that over gRPC', await facts('rest'), await facts('grpc'));
      return undefined;
    },
  };
}
