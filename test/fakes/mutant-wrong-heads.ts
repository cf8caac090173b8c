/** Mutants whose answers have the right elements, under a wrong name, shape, datatype, id or version, or in answer to something else. */
import { answers, mutant, outputs, requests } from './mutant-make.js';

export const wrongHeads = [
  mutant({
    name: 'dropped-output',
    what: 'the last output is missing',
    says: { infer: /names of the outputs: .* got \[\]/, metadata: /names of the outputs: .* got \[\]/ },
    behave: answers((answer) => void answer.outputs.pop()),
  }),
  mutant({
    name: 'extra-output',
    what: 'there is an output that the model does not have',
    says: { infer: /names of the outputs: .*"extra"/, metadata: /names of the outputs: .*"extra"/ },
    behave: answers(({ outputs: all }) => {
      const [first] = all;
      if (first) all.push({ ...first, name: 'extra' });
    }),
  }),
  mutant({
    name: 'column',
    what: 'vectors of n come as columns, [n, 1]',
    says: { infer: /shape of scaled_result: .*\[2, ?1\]/, metadata: /shape of scaled_result: .*\[2, 1\]/ },
    behave: outputs(({ shape }) => {
      if (shape.length === 1) shape.push(1);
    }),
  }),
  mutant({
    name: 'flattened',
    what: 'outputs of more than one dimension come as vectors',
    says: {
      infer: /shape of \w+: expected \[1,5\], got \[5\]/,
      metadata: /shape of OUTPUT0: the metadata say \[1, 16\], the answer \[16\]/,
    },
    behave: outputs((output) => {
      output.shape = [output.data.length];
    }),
  }),
  mutant({
    name: 'narrowed',
    what: 'FP64 is answered as FP32',
    says: {
      infer: /datatype of scaled_result: expected "FP64", got "FP32"/,
      metadata: /datatype of scaled_result: expected "FP64", got "FP32"/,
    },
    behave: outputs((output) => {
      if (output.datatype !== 'FP64') return;
      Object.assign(output, { datatype: 'FP32', data: Float32Array.from(output.data as Float64Array) });
    }),
  }),
  mutant({
    name: 'renamed-output',
    what: 'outputs have other names than the metadata say',
    says: { infer: /names of the outputs: .*output_of_/, metadata: /names of the outputs: .*output_of_/ },
    behave: outputs((output) => {
      output.name = `output_of_${output.name}`;
    }),
  }),
  mutant({
    name: 'id-lost',
    what: 'the id does not come back',
    says: {
      infer: /id: expected "[^"]+", got ""/,
      streaming: /id "ask-1" came back as ""/,
      concurrency: /id many-1 came back as/,
    },
    behave: answers((answer) => {
      answer.id = '';
    }),
  }),
  mutant({
    name: 'id-invented',
    what: 'an answer has an id that nobody gave',
    says: { infer: /an id is made up/ },
    behave: answers((answer) => {
      answer.id ||= '7';
    }),
  }),
  mutant({
    name: 'other-model-name',
    what: 'the answer names another model',
    says: { infer: /model_name: expected "simple_scaler", got "resnet50"/ },
    behave: answers((answer) => {
      answer.modelName = 'resnet50';
    }),
  }),
  mutant({
    name: 'other-version',
    what: 'the answer names a version that was not asked for',
    says: { infer: /model_version is 99/ },
    behave: answers((answer) => {
      answer.modelVersion = '99';
    }),
  }),
  mutant({
    name: 'parameters-ignored',
    what: 'parameters of a request have no effect',
    says: { infer: /^infer\/parameter.*scaled by 3: element 0 of scaled_result: expected 3, got 2/ },
    behave: requests((request) => {
      const { binary_data_output: binary } = request.parameters;
      request.parameters = binary === undefined ? {} : { binary_data_output: binary };
    }),
  }),
  mutant({
    name: 'outputs-ignored',
    what: 'all outputs come, whichever are wanted',
    cases: ['infer/output'],
    says: { infer: /OUTPUT0, OUTPUT1 came where OUTPUT1 alone was requested/ },
    behave: requests((request) => {
      request.outputs = [];
    }),
  }),
  mutant({
    name: 'input-names-ignored',
    what: 'inputs are taken by their place, whatever they are called',
    cases: ['infer/input-order'],
    says: { infer: /with the inputs in another order: element/ },
    behave: requests(({ inputs }) => {
      inputs.forEach((input, index) => {
        input.name = `unknown_${index}`;
      });
    }),
  }),
];
