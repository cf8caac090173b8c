/** Mutants that tell something untrue of themselves or of their models. */
import { defaultModels } from '../../src/config/default-models.js';
import { OipError } from '../../src/protocol/status.js';
import type { Behaviour, Fact } from './mutant-behaviour.js';
import { mutant } from './mutant-make.js';

type Fields = Record<string, unknown>;
interface TensorFields {
  name: string;
  datatype: string;
  shape: number[];
}
interface MetadataFields {
  name: string;
  inputs: TensorFields[];
  outputs: TensorFields[];
}

/** Changes the answers of one RPC that are no errors, in place or by what is returned. */
function facts(method: string, change: (answer: Fields, fact: Fact) => Fields | undefined): () => Behaviour {
  return () => ({
    fact(fact) {
      const { answer } = fact;
      if (fact.method !== method || answer instanceof OipError) return undefined;
      return change(answer, fact) ?? answer;
    },
  });
}

/** Changes what metadata say of a model. */
const metadata = (change: (model: MetadataFields, fact: Fact) => void) =>
  facts('ModelMetadata', (answer, fact) => {
    change(answer as unknown as MetadataFields, fact);
  });

/** What is asked for is there: of others the real server says that they are not. */
const isServed = ({ model_name: model, repository_name: repository }: Fact['request']) =>
  defaultModels.some(({ name }) => name === model || name === repository);

export const wrongFacts = [
  mutant({
    name: 'not-live',
    what: 'the server says that it is not live',
    says: { health: /ServerLive says false/, metrics: /is not live/ },
    behave: facts('ServerLive', () => ({ live: false })),
  }),
  mutant({
    name: 'not-ready',
    what: 'the server says that it is not ready',
    says: { health: /ServerReady says false/ },
    behave: facts('ServerReady', () => ({ ready: false })),
  }),
  mutant({
    name: 'model-not-ready',
    what: 'models that answer are not ready',
    says: { health: /ModelReady says false/ },
    behave: facts('ModelReady', () => ({ ready: false })),
  }),
  mutant({
    name: 'always-ready',
    what: 'every model is ready, though it was unloaded or never there',
    says: { health: /ModelReady of kserve-env-no-such-model says true/, repository: /is (still )?ready/ },
    behave: () => ({ fact: ({ method }) => (method === 'ModelReady' ? { ready: true } : undefined) }),
  }),
  mutant({
    name: 'standard-health-wrong',
    what: 'the health service of gRPC says NOT_SERVING',
    says: { health: /^health\/grpc-health.*SERVING/ },
    over: ['grpc'],
    behave: facts('HealthCheck', () => ({ status: 2 })),
  }),
  mutant({
    name: 'nameless',
    what: 'the server has no name',
    says: { metadata: /the name is empty/ },
    behave: facts('ServerMetadata', (answer) => ({ ...answer, name: '' })),
  }),
  mutant({
    name: 'metadata-without-inputs',
    what: 'metadata list no inputs',
    says: { metadata: /it lists no input/ },
    behave: metadata((model) => {
      model.inputs = [];
    }),
  }),
  mutant({
    name: 'metadata-of-another',
    what: 'metadata are about another model',
    says: { metadata: /it is about "resnet50"/ },
    behave: metadata((model) => {
      model.name = 'resnet50';
    }),
  }),
  mutant({
    name: 'metadata-of-nobody',
    what: 'a model that does not exist is described',
    says: { metadata: /no-such-model is described/ },
    behave: () => ({
      fact: ({ method, request, answer }) =>
        method === 'ModelMetadata' && answer instanceof OipError
          ? { name: request.name, versions: ['1'], platform: 'any', inputs: [], outputs: [] }
          : undefined,
    }),
  }),
  mutant({
    name: 'metadata-other-datatype',
    what: 'metadata name another datatype than the answers have',
    says: { metadata: /^metadata\/promise.*datatype of scaled_result: expected "FP32", got "FP64"/ },
    behave: metadata(({ outputs }) => {
      for (const output of outputs) output.datatype = output.datatype === 'FP32' ? 'FP64' : 'FP32';
    }),
  }),
  mutant({
    name: 'metadata-unknown-datatype',
    what: 'metadata name a datatype as another framework does',
    says: { metadata: /has the datatype "TYPE_FP64", which the protocol does not have/ },
    behave: metadata(({ outputs }) => {
      for (const output of outputs) output.datatype = 'TYPE_FP64';
    }),
  }),
  mutant({
    name: 'metadata-other-shape',
    what: 'metadata name another rank than the answers have',
    says: { metadata: /^metadata\/promise.*shape of scaled_result: the metadata say \[-1, 7\]/ },
    behave: metadata(({ outputs }) => {
      for (const output of outputs) output.shape = [...output.shape, 7];
    }),
  }),
  mutant({
    name: 'metadata-same-names',
    what: 'two outputs, or two inputs, have one name',
    says: { metadata: /names of two inputs: expected \[\], got \["x"\]/ },
    behave: metadata((model) => {
      for (const tensors of [model.inputs, model.outputs]) for (const tensor of tensors) tensor.name = 'x';
    }),
  }),
  mutant({
    name: 'metadata-disagree',
    what: 'REST describes models in another way than gRPC',
    says: { metadata: /^metadata\/agree.*inputs over REST as over gRPC/ },
    over: [],
    behave: metadata((model, { transport }) => {
      if (transport === 'rest') for (const input of model.inputs) input.name = input.name.toUpperCase();
    }),
  }),
  mutant({
    name: 'config-wrong',
    what: 'the configuration of a model names another datatype than its metadata',
    says: { metadata: /inputs: expected .*"FP64".* got .*"BYTES"/ },
    behave: facts('ModelConfig', (answer) => {
      const config = (answer.config ?? answer) as { input: { data_type: unknown }[]; output: { data_type: unknown }[] };
      for (const tensor of [...config.input, ...config.output]) {
        tensor.data_type = typeof tensor.data_type === 'number' ? 13 : 'TYPE_STRING';
      }
      return answer;
    }),
  }),
  mutant({
    name: 'index-empty',
    what: 'the index lists no model',
    says: { repository: /the index does not list simple_scaler/ },
    behave: facts('RepositoryIndex', () => ({ models: [] })),
  }),
  mutant({
    name: 'index-not-ready',
    what: 'the index says of models that answer that they are not ready',
    says: { repository: /the index says that simple_scaler is UNAVAILABLE, and it answers/ },
    behave: facts('RepositoryIndex', ({ models }) => ({
      models: (models as Fields[]).map((model) => ({ ...model, state: 'UNAVAILABLE', reason: 'broken' })),
    })),
  }),
  mutant({
    name: 'unload-does-nothing',
    what: 'a model that was unloaded goes on answering',
    says: {
      repository: /is ready after unload|answers over \w+ after unload/,
      metrics: /identity answered while it was unloaded/,
    },
    behave: () => ({
      instead: ({ method, transport, request }) => {
        if (method !== 'RepositoryModelUnload' || !isServed(request)) return undefined;
        return transport === 'rest' ? { name: request.model_name, unload: true } : { isUnloaded: true };
      },
    }),
  }),
  mutant({
    name: 'load-does-nothing',
    what: 'a model that was loaded again does not answer',
    says: { repository: /could not be loaded again, and is lost/ },
    behave: () => ({
      instead: ({ method, transport, request }) => {
        if (method !== 'RepositoryModelLoad' || !isServed(request)) return undefined;
        return transport === 'rest' ? { name: request.model_name, load: true } : { isLoaded: true };
      },
    }),
  }),
  mutant({
    name: 'load-of-nobody',
    what: 'a model that does not exist can be loaded',
    says: { repository: /the load of kserve-env-no-such-model was accepted/ },
    behave: () => ({
      fact: ({ method, answer }) => (method === 'RepositoryModelLoad' && answer instanceof OipError ? {} : undefined),
    }),
  }),
  mutant({
    name: 'unload-takes-all',
    what: 'while one model is unloaded, no other is ready',
    says: { repository: /simple_scaler is not ready, either/ },
    behave: () => {
      let unloaded = false;
      return {
        fact({ method, answer }) {
          if (answer instanceof OipError) return undefined;
          if (method === 'RepositoryModelUnload') unloaded = true;
          if (method === 'RepositoryModelLoad') unloaded = false;
          return unloaded && method === 'ModelReady' ? { ready: false } : undefined;
        },
        infer: ({ answer }) =>
          unloaded && !(answer instanceof OipError)
            ? new OipError('UNAVAILABLE', 503, 'repository is busy')
            : undefined,
      };
    },
  }),
];
