/** What surrounds an answer's tensors: model, version, id, and the form that they come in. */
import type { DataForm } from '../../../protocol/tensor.js';
import { type Case, CaseFailure, expectEqual, expectThat } from '../../case.js';
import type { ModelProfile, Route, ServerProfile } from '../../profile.js';
import { joinNotes, unusual } from '../../verdict.js';
import { judgeOutputs } from '../metadata/promise.js';
import { askSample, firstOfTransport, sampleCases } from './sample.js';

/** An id that a careless server changes: letters of each length in UTF-8, and longer than a byte could say. */
const strangeId = `kserve-env/ü–漢🙂 "id"\\${'x'.repeat(300)}`;

/** The cases of one model. */
export function headCases(server: ServerProfile, model: ModelProfile): Case[] {
  return [
    ...sampleCases(server, model, {
      id: 'head',
      title: 'the answer names the model, its version and its outputs',
      spec: 'OIP, Inference Response: model_name, optional model_version, and outputs with name, datatype and shape',
      why: 'a client that has several requests in flight cannot tell whose answer it has',
      run: async (probe, { name, version, metadata }, route) => {
        const answer = await askSample(probe, model, route);
        expectEqual('model_name', answer.modelName, name);
        const { versions } = metadata;
        const listed = versions.length === 0 || answer.modelVersion === '' || versions.includes(answer.modelVersion);
        expectThat(listed, `model_version is ${answer.modelVersion}; the metadata have ${versions.join(', ')}`);
        if (version !== '') expectEqual('model_version', answer.modelVersion || version, version);
        return joinNotes([
          answer.modelVersion === '' && versions.length > 0
            ? unusual(server, 'the answer has no model_version, though the model has versions')
            : undefined,
          judgeOutputs(server, metadata, answer.outputs),
        ]);
      },
    }),
    ...sampleCases(server, model, {
      id: 'id',
      title: 'the id of the request comes back, letter by letter',
      spec: 'OIP, Inference Request: "id: if specified, this identifier must be returned in the response"',
      why: 'clients match answers to requests by it',
      run: async (probe, _, route) => {
        for (const id of ['kserve-env-1', strangeId]) {
          expectEqual('id', (await askSample(probe, model, route, { id })).id, id);
        }
        return undefined;
      },
    }),
    ...sampleCases(
      server,
      model,
      {
        id: 'no-id',
        title: 'no id is made up where the request has none',
        spec: 'OIP, Inference Request: id is optional; what comes back without one is left open',
        why: 'a client that logs ids finds some that nobody sent',
        run: async (probe, _, route) => {
          const { id } = await askSample(probe, model, route);
          return id === ''
            ? undefined
            : unusual(server, 'an id is made up', { KServe: 'an id', Triton: 'none', MLServer: 'none' });
        },
      },
      firstOfTransport,
    ),
    ...sampleCases(server, model, {
      id: 'form',
      title: 'the outputs come in the form of the request',
      spec: 'OIP, gRPC: outputs are in contents or in raw_output_contents, as the server likes; REST: binary where asked for',
      why: 'a client that reads one of the two, as a Collector reads typed contents, finds no values',
      run: async (probe, { config }, route) => {
        const { form } = await askSample(probe, model, route);
        return judgeForm(server, route, form, config?.output);
      },
    }),
  ];
}

function judgeForm(
  server: ServerProfile,
  { transport, form: asked }: Route,
  form: DataForm,
  configured: 'mirror' | 'raw' | 'typed' | undefined,
): string | undefined {
  const name = { typed: transport === 'grpc' ? 'typed' : 'JSON', raw: transport === 'grpc' ? 'raw' : 'binary' };
  const mirrors = transport === 'rest' || configured === undefined || configured === 'mirror';
  const expected = mirrors ? asked : configured;
  if (form === expected) return undefined;
  const said = `outputs come ${name[form]} for a request that is ${name[asked]}`;
  // Over REST the request says which form it wants; nobody may send what was not asked for.
  if (transport === 'rest') throw new CaseFailure(said);
  const known = {
    Triton: 'always raw',
    OVMS: 'always raw',
    TorchServe: 'always typed',
    MLServer: 'as the request',
    KServe: 'as the request',
  };
  // A model of ours may be configured so, and of this one nobody said how it is.
  return unusual(configured === undefined ? { ours: false } : server, said, known);
}
