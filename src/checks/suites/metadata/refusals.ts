/** Metadata of what is not there. */
import { noSuchModel, noSuchVersion } from '../../absent-names.js';
import { type Case, CaseFailure, type Transport } from '../../case.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { refusalOf, unusual } from '../../verdict.js';

/** An unknown model, and an unknown version of the first model, over each transport. */
export function refusalCases(server: ServerProfile): Case[] {
  const [model] = server.models;
  return server.transports.flatMap((transport) => [
    unknownModelCase(server, transport),
    ...(model ? [unknownVersionCase(server, model, transport)] : []),
  ]);
}

const spec = 'OIP, Model Metadata: an error where it fails; the status is left open, and NOT_FOUND and 404 are in use';

function unknownModelCase(server: ServerProfile, transport: Transport): Case {
  return {
    id: `metadata/unknown-model/${transport}`,
    suite: 'metadata',
    title: `a model that the server does not have is not described (${transport})`,
    spec,
    why: 'a misspelt name looks like a model that works',
    transports: [transport],
    run: async (probe) => {
      const refusal = await refusalOf(probe.client(transport).modelMetadata(noSuchModel));
      if (refusal === undefined) throw new CaseFailure(`${noSuchModel} is described`);
      return statusNote(server, refusal.status);
    },
  };
}

function unknownVersionCase(
  server: ServerProfile,
  { name, title, metadata }: ModelProfile,
  transport: Transport,
): Case {
  return {
    id: `metadata/unknown-version/${title}/${transport}`,
    suite: 'metadata',
    title: `a version that ${title} does not have is not described (${transport})`,
    spec,
    why: 'a client that pins a version gets another one without being told',
    transports: [transport],
    model: name,
    run: async (probe) => {
      const refusal = await refusalOf(probe.client(transport).modelMetadata(name, noSuchVersion));
      if (refusal) return statusNote(server, refusal.status);
      // Who lists versions knows which there are.
      if (metadata.versions.length > 0) throw new CaseFailure(`version ${noSuchVersion} is described`);
      return unusual(server, 'the version is ignored', { KServe: 'ignored over gRPC, 501 over REST' });
    },
  };
}

function statusNote(server: ServerProfile, status: string): string | undefined {
  if (status === 'NOT_FOUND') return undefined;
  const known = { Triton: '400 over REST', KServe: '501 over REST for a version' };
  return unusual(server, `answered ${status}; most clients expect NOT_FOUND`, known);
}
