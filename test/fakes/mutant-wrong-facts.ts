/** Mutants that tell something untrue of themselves or of their models. */
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

export const wrongFacts = [
  mutant({
    name: 'not-live',
    what: 'the server says that it is not live',
    says: { health: /ServerLive|live/, metrics: /live/ },
    behave: facts('ServerLive', () => ({ live: false })),
  }),
  mutant({
    name: 'not-ready',
    what: 'the server says that it is not ready',
    says: { health: /ServerReady|ready/ },
    behave: facts('ServerReady', () => ({ ready: false })),
  }),
  mutant({
    name: 'model-not-ready',
    what: 'models that answer are not ready',
    says: { health: /ModelReady|ready/ },
    behave: facts('ModelReady', () => ({ ready: false })),
  }),
  mutant({
    name: 'always-ready',
    what: 'every model is ready, though it was unloaded or never there',
    says: { health: /ModelReady .*true/, repository: /ready|Ready/ },
    behave: () => ({ fact: ({ method }) => (method === 'ModelReady' ? { ready: true } : undefined) }),
  }),
  mutant({
    name: 'standard-health-wrong',
    what: 'the health service of gRPC says NOT_SERVING',
    says: { health: /NOT_SERVING|SERVING|grpc\.health/ },
    over: ['grpc'],
    behave: facts('HealthCheck', () => ({ status: 2 })),
  }),
  mutant({
    name: 'nameless',
    what: 'the server has no name',
    says: { metadata: /name/ },
    behave: facts('ServerMetadata', (answer) => ({ ...answer, name: '' })),
  }),
  mutant({
    name: 'metadata-without-inputs',
    what: 'metadata list no inputs',
    says: { metadata: /input/ },
    behave: metadata((model) => {
      model.inputs = [];
    }),
  }),
  mutant({
    name: 'metadata-of-another',
    what: 'metadata are about another model',
    says: { metadata: /name|about/ },
    behave: metadata((model) => {
      model.name = 'resnet50';
    }),
  }),
  mutant({
    name: 'metadata-of-nobody',
    what: 'a model that does not exist is described',
    says: { metadata: /accepted|answered|described|exist/ },
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
    says: { metadata: /datatype/ },
    behave: metadata(({ outputs }) => {
      for (const output of outputs) output.datatype = output.datatype === 'FP32' ? 'FP64' : 'FP32';
    }),
  }),
  mutant({
    name: 'metadata-unknown-datatype',
    what: 'metadata name a datatype as another framework does',
    says: { metadata: /TYPE_FP64|float64|datatype/ },
    behave: metadata(({ outputs }) => {
      for (const output of outputs) output.datatype = 'TYPE_FP64';
    }),
  }),
  mutant({
    name: 'metadata-other-shape',
    what: 'metadata name another rank than the answers have',
    says: { metadata: /shape/ },
    behave: metadata(({ outputs }) => {
      for (const output of outputs) output.shape = [...output.shape, 7];
    }),
  }),
  mutant({
    name: 'metadata-same-names',
    what: 'two outputs, or two inputs, have one name',
    says: { metadata: /names of two/ },
    behave: metadata((model) => {
      for (const tensors of [model.inputs, model.outputs]) for (const tensor of tensors) tensor.name = 'x';
    }),
  }),
  mutant({
    name: 'metadata-disagree',
    what: 'REST describes models in another way than gRPC',
    says: { metadata: /gRPC|REST|grpc|rest|same/ },
    over: [],
    behave: metadata((model, { transport }) => {
      if (transport === 'rest') for (const input of model.inputs) input.name = input.name.toUpperCase();
    }),
  }),
  mutant({
    name: 'config-wrong',
    what: 'the configuration of a model names another datatype than its metadata',
    says: { metadata: /inputs: expected .*BYTES/ },
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
    says: { repository: /index|list/i },
    behave: facts('RepositoryIndex', () => ({ models: [] })),
  }),
  mutant({
    name: 'index-not-ready',
    what: 'the index says of models that answer that they are not ready',
    says: { repository: /READY|state/ },
    behave: facts('RepositoryIndex', ({ models }) => ({
      models: (models as Fields[]).map((model) => ({ ...model, state: 'UNAVAILABLE', reason: 'broken' })),
    })),
  }),
  mutant({
    name: 'unload-does-nothing',
    what: 'a model that was unloaded goes on answering',
    says: { repository: /unload|ready|answer/, metrics: /unloaded/ },
    behave: () => ({
      instead: ({ method, transport, request }) => {
        if (method !== 'RepositoryModelUnload') return undefined;
        return transport === 'rest' ? { name: request.model_name, unload: true } : { isUnloaded: true };
      },
    }),
  }),
  mutant({
    name: 'load-does-nothing',
    what: 'a model that was loaded again does not answer',
    says: { repository: /load|ready|UNAVAILABLE|503/ },
    behave: () => ({
      instead: ({ method, transport, request }) => {
        if (method !== 'RepositoryModelLoad') return undefined;
        return transport === 'rest' ? { name: request.model_name, load: true } : { isLoaded: true };
      },
    }),
  }),
  mutant({
    name: 'load-of-nobody',
    what: 'a model that does not exist can be loaded',
    says: { repository: /load/ },
    behave: () => ({
      fact: ({ method, answer }) => (method === 'RepositoryModelLoad' && answer instanceof OipError ? {} : undefined),
    }),
  }),
  mutant({
    name: 'unload-takes-all',
    what: 'while one model is unloaded, no other is ready',
    says: { repository: /ready|other/ },
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
