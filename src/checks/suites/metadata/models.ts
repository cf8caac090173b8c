/** What each model says of itself: over each transport, over both alike, and for each of its versions. */
import type { ModelMetadata } from '../../../protocol/tensor.js';
import { type Case, expectEqual, expectThat, type Transport } from '../../case.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { joinNotes, outcomeOf, unusual } from '../../verdict.js';
import { judgeTensors } from './described.js';

const spec =
  'OIP, Model Metadata (GET /v2/models/{m}[/versions/{v}]): name, versions, platform, inputs and outputs, each with name, datatype and shape, -1 for an open dimension';

/** Versions of one model that are asked for by name. */
const askedVersions = 3;

/** One case a model and transport, and more for versions. */
export function modelMetadataCases(server: ServerProfile): Case[] {
  const { models, transports } = server;
  return models.flatMap((model) => [
    ...transports.map((transport) => describedCase(server, model, transport)),
    ...(transports.length < 2 ? [] : [agreementCase(model)]),
    ...model.metadata.versions
      .slice(0, askedVersions)
      .flatMap((version) => transports.map((transport) => versionCase(server, model, version, transport))),
  ]);
}

function describedCase(server: ServerProfile, model: ModelProfile, transport: Transport): Case {
  const { name, version, title, config } = model;
  // What a user's own model says of itself is up to its author.
  const open = !server.ours || config?.kind === 'module' || config?.kind === 'onnx';
  return {
    id: `metadata/model/${title}/${transport}`,
    suite: 'metadata',
    title: `${title} tells its inputs and outputs (${transport})`,
    spec,
    why: 'clients find out from it which tensors to send; a Collector counts the inputs',
    transports: [transport],
    model: name,
    run: async (probe) => {
      const metadata = await probe.client(transport).modelMetadata(name, version);
      const { inputs, outputs, versions, platform } = metadata;
      const names = [name, ...(config?.aliases ?? [])];
      expectThat(names.includes(metadata.name), `it is about ${JSON.stringify(metadata.name)}`);
      expectEqual('versions named twice', versions.length - new Set(versions).size, 0);
      if (version !== '' && versions.length > 0)
        expectThat(versions.includes(version), `it lists no version ${version}`);
      expectThat(open || inputs.length > 0, 'it lists no input');
      expectThat(open || outputs.length > 0, 'it lists no output');
      return joinNotes([
        open && inputs.length === 0 ? 'it lists no input' : undefined,
        open && outputs.length === 0 ? 'it lists no output' : undefined,
        platform === '' ? unusual(server, 'the platform is empty', { KServe: 'empty' }) : undefined,
        versions.length === 0 ? unusual(server, 'it lists no version', { KServe: 'none' }) : undefined,
        judgeTensors(server, 'input', inputs),
        judgeTensors(server, 'output', outputs),
      ]);
    },
  };
}

function agreementCase({ name, version, title }: ModelProfile): Case {
  return {
    id: `metadata/agree/${title}`,
    suite: 'metadata',
    title: `gRPC and REST tell the same of ${title}`,
    spec: `${spec}; one model behind two transports`,
    why: 'a client that learns the tensors over one transport cannot ask over the other',
    transports: ['grpc', 'rest'],
    model: name,
    run: async (probe) => {
      const grpc = await probe.client('grpc').modelMetadata(name, version);
      const rest = await probe.client('rest').modelMetadata(name, version);
      expectSame(rest, grpc, 'over REST as over gRPC');
      return undefined;
    },
  };
}

function versionCase(server: ServerProfile, model: ModelProfile, version: string, transport: Transport): Case {
  const { name, title, metadata: known } = model;
  // Other versions than the one that answers without a version may have other tensors.
  const same = model.version === version || known.versions.length === 1;
  return {
    id: `metadata/version/${title}/${version}/${transport}`,
    suite: 'metadata',
    title: `version ${version} of ${title} is described where it is asked for (${transport})`,
    spec: `${spec}; the versions that it lists "may be used in the version field"`,
    why: 'a client that pins the version that it was told finds no model',
    transports: [transport],
    model: name,
    run: async (probe) => {
      const { answer: metadata, refusal } = await outcomeOf(probe.client(transport).modelMetadata(name, version));
      if (refusal) {
        const message = `refused with ${refusal.status}, though the version is listed`;
        // A version that is listed may still be one that is not loaded.
        return unusual(server, message, { KServe: '501 over REST' });
      }
      if (same) expectSame(metadata, known, 'of the version as without it');
      return undefined;
    },
  };
}

function expectSame(got: ModelMetadata, expected: ModelMetadata, how: string): void {
  for (const field of ['name', 'platform', 'versions', 'inputs', 'outputs'] as const) {
    expectEqual(`${field} ${how}`, plain(got[field]), plain(expected[field]));
  }
}

/** Tensors member by member: REST servers add members of their own, and write them in another order. */
function plain(value: ModelMetadata[keyof ModelMetadata]): unknown {
  if (typeof value === 'string') return value;
  return value.map((one) => (typeof one === 'string' ? one : { ...pick(one) }));
}

const pick = ({ name, datatype, shape }: ModelMetadata['inputs'][number]) => ({ name, datatype, shape });
