/** Rows about names: of models and versions, of inputs, of outputs. */
import type { Tensor } from '../../../protocol/tensor.js';
import { noSuchModel } from '../../absent-names.js';
import type { ModelProfile } from '../../profile.js';
import { changed, either, only, type Row, rowsOf } from './row.js';
import { grpcAttempt, httpAttempt, restBody, type SentTensor, sentTensor } from './sent-request.js';
import { anyModel, anyModelOrNone, pairModel, type Target, targetOf, targetWith } from './targets.js';

const modelRows = rowsOf(
  {
    spec: 'OIP: an inference names its model, and its version if it likes. It fixes no status; NOT_FOUND and 404 are what gRPC and HTTP have for a name that stands for nothing.',
    why: 'A mistyped name is answered by some other model, or looks like a server that is down.',
  },
  [
    {
      id: 'unknown-model',
      title: 'an unknown model is refused',
      documented: { grpc: 'NOT_FOUND', http: 404 },
      known: { grpc: { MLServer: 'NOT_FOUND', KServe: 'NOT_FOUND' }, rest: { MLServer: '404', KServe: '404' } },
      target: anyModelOrNone,
      attempt: changed(({ request }) => ({ ...request, model: noSuchModel, version: '' })),
    },
    {
      id: 'unknown-model/path',
      title: 'a path in place of a model is refused',
      documented: { grpc: 'NOT_FOUND', http: 404 },
      target: anyModelOrNone,
      attempt: changed(({ request }) => ({ ...request, model: `../${String(request.model)}`, version: '' })),
    },
    {
      id: 'unknown-model/long',
      title: 'a name of 10,000 characters is refused',
      documented: { grpc: 'NOT_FOUND', http: 404 },
      target: anyModelOrNone,
      attempt: changed(({ request }) => ({ ...request, model: 'n'.repeat(10_000), version: '' })),
    },
    {
      id: 'unknown-version',
      title: 'an unknown version is refused',
      documented: { grpc: 'NOT_FOUND', http: 404 },
      known: {
        grpc: { MLServer: 'NOT_FOUND', KServe: 'accepted, versions are ignored' },
        rest: { MLServer: '404', KServe: '501' },
      },
      accepted: 'lax',
      attempt: changed(({ request }) => ({ ...request, version: '471100' })),
    },
    {
      id: 'not-ready',
      title: 'a model that is not loaded is refused',
      documented: { grpc: 'UNAVAILABLE', http: 503 },
      known: {
        grpc: { MLServer: 'NOT_FOUND', KServe: 'NOT_FOUND' },
        rest: { Triton: '400', MLServer: '404', KServe: '404', OVMS: '4xx' },
      },
      targets: ({ unloaded }) =>
        unloaded.slice(0, 3).map((name): Target => {
          const metadata = { name, versions: [], platform: '', inputs: [], outputs: [] };
          return targetWith({ name, version: '', title: name, metadata }, [plainTensor('input')]);
        }),
      attempt: changed(({ request }) => request),
    },
  ],
);

/** What is done with it there is up to the model's code: most read what they look for, and nothing else. */
const codeDecides = { MLServer: 'accepted by most models', KServe: 'accepted by most models' } as const;

const inputRows = rowsOf(
  {
    spec: "OIP: `inputs` are the model's inputs, each of them once. How one is bound, by name or by place, is the server's affair.",
    why: 'A request that is short of data, or has data twice, is a mistake of the client: an answer to it is a number that nobody asked for.',
  },
  [
    {
      id: 'no-input',
      title: 'a request without inputs is refused',
      known: { grpc: { MLServer: 'INTERNAL', KServe: 'INTERNAL' }, rest: { MLServer: '500', KServe: '500' } },
      attempt: either(
        only('grpc-typed', ({ request }) => grpcAttempt({ ...request, inputs: [] }, { typed: true })),
        only('rest-json', ({ request }) => httpAttempt(request, restBody({ ...request, inputs: [] }, false))),
      ),
    },
    {
      id: 'missing-input',
      title: 'a request that lacks one of the inputs is refused',
      accepted: 'lax',
      target: pairModel,
      known: {
        grpc: { Triton: 'accepted where the input is optional', MLServer: 'INTERNAL', KServe: 'INTERNAL' },
        rest: { Triton: 'accepted where the input is optional', MLServer: '500', KServe: '500' },
      },
      attempt: changed(({ request }) => ({ ...request, inputs: request.inputs.slice(0, -1) })),
    },
    {
      id: 'duplicate-input',
      title: 'an input that is given twice is refused',
      accepted: 'lax',
      known: { grpc: { MLServer: 'INTERNAL', KServe: 'accepted' }, rest: { MLServer: '500', KServe: 'accepted' } },
      target: (server) => pairModel(server) ?? anyModel(server),
      attempt: changed(({ request }) => ({ ...request, inputs: withFirstTwice(request.inputs) })),
    },
    {
      id: 'extra-input',
      title: 'an input more than the model has is refused',
      known: { grpc: codeDecides, rest: codeDecides },
      accepted: 'lax',
      // Of each model, since it is the model's own count that matters; those that refused the samples have one, too.
      targets: ({ models }) =>
        models.map((model) => targetOf(model) ?? targetWith(model, model.metadata.inputs.map(declared))),
      attempt: changed(({ request }) => ({
        ...request,
        inputs: [...request.inputs, sentTensor(plainTensor('kserve-env-extra-input'))],
      })),
    },
    {
      id: 'unknown-input',
      title: 'a name that is not an input of a strict model is refused',
      oursOnly: true,
      targets: ({ models }) => models.filter(isStrict).flatMap((model) => targetOf(model) ?? []),
      attempt: changed(({ request }) => ({
        ...request,
        inputs: request.inputs.map((input) => ({ ...input, name: `${String(input.name)}-kserve-env` })),
      })),
    },
  ],
);

const outputRows = rowsOf(
  {
    spec: 'OIP: `outputs` names those that are wanted; a name that no output has is the answer to nothing.',
    why: 'A client reads outputs by their place, and takes another output for the one that it asked for.',
  },
  [
    {
      id: 'unknown-output',
      title: 'a request for an output that the model does not have is refused',
      known: { grpc: { MLServer: 'accepted', KServe: 'accepted' }, rest: { MLServer: 'accepted', KServe: '400' } },
      accepted: 'lax',
      attempt: changed(({ request }) => ({ ...request, outputs: ['kserve-env-no-such-output'] })),
    },
    {
      id: 'duplicate-output',
      title: 'a request for one output twice is refused',
      known: { grpc: { MLServer: 'accepted', KServe: 'accepted' }, rest: { MLServer: 'accepted', KServe: 'accepted' } },
      accepted: 'lax',
      attempt: changed(({ model, request }) => {
        const [output] = model?.metadata.outputs ?? [];
        return output && { ...request, outputs: [output.name, output.name] };
      }),
    },
  ],
);

export const namesRows: readonly Row[] = [...modelRows, ...inputRows, ...outputRows];

function isStrict({ config }: ModelProfile): boolean {
  return config !== undefined && 'strictInputs' in config && config.strictInputs === true;
}

function plainTensor(name: string): Tensor {
  return { name, datatype: 'FP64', shape: [1], data: new Float64Array(1) };
}

const declared = ({ name }: { name: string }): Tensor => plainTensor(name);

/** The first input in place of the last one too, or beside itself where there is no other. */
function withFirstTwice(inputs: readonly SentTensor[]): SentTensor[] {
  const [first, ...others] = inputs as [SentTensor, ...SentTensor[]];
  return [first, ...others.slice(0, -1), first];
}
