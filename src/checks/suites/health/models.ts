/** Whether models are ready: those that are loaded, those that are not, and those that nobody has. */
import { noSuchModel, noSuchVersion } from '../../absent-names.js';
import { type Case, expectEqual, expectThat, type Transport } from '../../case.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { type KnownAnswers, outcomeOf, refusalOf, unusual } from '../../verdict.js';

const spec =
  'OIP, Health: ModelReady (GET /v2/models/{m}[/versions/{v}]/ready) "indicates if a specific model is ready for inferencing"';

/** Of a model that is not there, and of one that is not loaded. */
const known: KnownAnswers = { Triton: 'false', MLServer: 'UNKNOWN over gRPC, 404 over REST', KServe: 'NOT_FOUND' };

/** A case for each model and transport, and for names that must not be ready. */
export function modelReadyCases(server: ServerProfile): Case[] {
  const { models, unloaded, transports } = server;
  const each = <T>(list: readonly T[], make: (one: T, transport: Transport) => Case): Case[] =>
    list.flatMap((one) => transports.map((transport) => make(one, transport)));
  return [
    ...each(models, readyCase),
    ...(transports.length < 2 ? [] : models.map(agreementCase)),
    ...each(unloaded, (name, transport) => unloadedCase(server, name, transport)),
    ...transports.map((transport) => unknownModelCase(server, transport)),
    ...each(models.slice(0, 1), (model, transport) => unknownVersionCase(server, model, transport)),
  ];
}

function readyCase({ name, version, title }: ModelProfile, transport: Transport): Case {
  return {
    id: `health/model/${title}/${transport}`,
    suite: 'health',
    title: `${title} is ready (${transport})`,
    spec,
    why: 'clients wait for a model that could answer',
    transports: [transport],
    model: name,
    run: async (probe) => {
      expectThat(await probe.client(transport).modelReady(name, version), 'ModelReady says false');
      return undefined;
    },
  };
}

function agreementCase({ name, version, title }: ModelProfile): Case {
  return {
    id: `health/agree/${title}`,
    suite: 'health',
    title: `gRPC and REST say the same of ${title}`,
    spec: 'OIP: one model behind two transports; the specification is silent, common sense decides',
    why: 'probes over one transport contradict clients over the other',
    transports: ['grpc', 'rest'],
    model: name,
    run: async (probe) => {
      const grpc = await probe.client('grpc').modelReady(name, version);
      expectEqual('ModelReady over REST as over gRPC', await probe.client('rest').modelReady(name, version), grpc);
      return undefined;
    },
  };
}

function unloadedCase(server: ServerProfile, name: string, transport: Transport): Case {
  return {
    id: `health/unloaded/${name}/${transport}`,
    suite: 'health',
    title: `${name}, which is not loaded, is not ready (${transport})`,
    spec: `${spec}; false and an error are both in use where it is not`,
    why: 'clients send inferences to a model that cannot answer',
    transports: [transport],
    model: name,
    run: async (probe) => {
      const refusal = await notReady(probe, transport, name);
      // Ours knows the model: it is not ready, and not unknown.
      return refusal === undefined ? undefined : unusual(server, `answered ${refusal}, and not false`, known);
    },
  };
}

function unknownModelCase(server: ServerProfile, transport: Transport): Case {
  return {
    id: `health/unknown-model/${transport}`,
    suite: 'health',
    title: `a model that the server does not have is not ready (${transport})`,
    spec: `${spec}; the status is left open: false and NOT_FOUND are in use`,
    why: 'a misspelt name looks like a model that works',
    transports: [transport],
    run: async (probe) => expectUnknown(server, await notReady(probe, transport, noSuchModel)),
  };
}

function unknownVersionCase(
  server: ServerProfile,
  { name, title, metadata }: ModelProfile,
  transport: Transport,
): Case {
  return {
    id: `health/unknown-version/${title}/${transport}`,
    suite: 'health',
    title: `a version that ${title} does not have is not ready (${transport})`,
    spec: `${spec}; the status is left open: false and NOT_FOUND are in use`,
    why: 'a client that pins a version gets another one without being told',
    transports: [transport],
    model: name,
    run: async (probe) => {
      // A server that lists no versions may know none at all, as KServe's.
      if (metadata.versions.length > 0) {
        return expectUnknown(server, await notReady(probe, transport, name, noSuchVersion));
      }
      const refusal = await refusalOf(probe.client(transport).modelReady(name, noSuchVersion));
      return refusal
        ? undefined
        : 'answered although no such version is listed, nor any other (KServe: versions are ignored)';
    },
  };
}

/** The status of the refusal; undefined for a plain "not ready". Throws CaseFailure for "ready". */
async function notReady(probe: Probe, transport: Transport, name: string, version = ''): Promise<string | undefined> {
  const { answer: ready, refusal } = await outcomeOf(probe.client(transport).modelReady(name, version));
  expectThat(ready !== true, `ModelReady of ${name}${version && `, version ${version},`} says true`);
  return refusal?.status;
}

function expectUnknown(server: ServerProfile, refusal: string | undefined): string | undefined {
  if (refusal === 'NOT_FOUND' || (refusal === undefined && !server.ours)) return undefined;
  const answer = refusal === undefined ? 'answered false' : `answered ${refusal}`;
  return unusual(server, `${answer}; most clients expect false or NOT_FOUND`, known);
}
