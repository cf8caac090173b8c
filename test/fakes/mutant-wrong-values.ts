/** Mutants whose answers hold something else than the model's results. */
import type { InferResponse, Tensor } from '../../src/protocol/tensor.js';
import { answers, changeElement, mutant, outputs, replaceEach, requests } from './mutant-make.js';

const isFloat = ({ datatype }: Tensor) => datatype === 'FP64' || datatype === 'FP32';

/** The bytes of each element of a tensor of numbers. */
function eachElement({ data }: Tensor, change: (bytes: Buffer) => void): void {
  if (Array.isArray(data)) return;
  const size = data.BYTES_PER_ELEMENT;
  const all = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < all.byteLength; at += size) change(all.subarray(at, at + size));
}

/** Exchanges what two tensors hold. */
function swapData(tensors: Tensor[]): void {
  const [first, second] = tensors;
  if (!first || !second || first.data.length !== second.data.length) return;
  [first.data, second.data] = [second.data, first.data];
}

/** One element fewer, and a shape that says so; only of vectors. */
function shorten(output: Tensor): void {
  const { data, shape } = output;
  if (shape.length !== 1 || data.length === 0) return;
  output.data = data.slice(0, -1) as Tensor['data'];
  output.shape = [data.length - 1];
}

export const wrongValues = [
  mutant({
    name: 'off-by-one',
    what: 'the last element of each output is one more than it should be',
    says: {
      infer: /^infer\/values.*element \d+ of/,
      metrics: /data point \d+: expected/,
      streaming: /output 0, element 3: expected/,
      concurrency: /output 0, element 3: expected/,
    },
    behave: outputs((output) => changeElement(output, output.data.length - 1)),
  }),
  mutant({
    name: 'last-bit',
    what: 'the first element of each floating-point output is wrong in its last bit',
    says: { infer: /element 0 of scaled_result: expected 0, got 5e-324/, metrics: /data point 0: expected/ },
    behave: outputs((output) => {
      let first = true;
      eachElement(output, (bytes) => {
        if (first && isFloat(output)) bytes[0] = (bytes[0] ?? 0) ^ 1;
        first = false;
      });
    }),
  }),
  mutant({
    name: 'negative-zero',
    what: 'zeros of floating-point outputs come as −0',
    says: { infer: /element 0 of scaled_result: expected 0, got -0/ },
    behave: outputs(({ data }) => {
      if (data instanceof Float64Array || data instanceof Float32Array) {
        replaceEach(data, (value) => (value === 0 ? -0 : value));
      }
    }),
  }),
  mutant({
    name: 'positive-zero',
    what: '−0 comes as 0',
    cases: ['infer/values/identity/FP32'],
    says: { infer: /element \d+ of output_tensor: expected -0, got 0/ },
    behave: outputs(({ data }) => {
      if (data instanceof Float64Array || data instanceof Float32Array) {
        replaceEach(data, (value) => (value === 0 ? 0 : value));
      }
    }),
  }),
  mutant({
    name: 'nan-payload-lost',
    what: 'every NaN comes as the usual one',
    cases: ['infer/values/identity/FP32'],
    says: { infer: /nan-bits.*expected the bits 0x7f\w+, got 0x7f/ },
    behave: outputs((output) => {
      if (!isFloat(output)) return;
      eachElement(output, (bytes) => {
        const [value, write] =
          bytes.byteLength === 8
            ? [bytes.readDoubleLE(), 'writeDoubleLE' as const]
            : [bytes.readFloatLE(), 'writeFloatLE' as const];
        if (Number.isNaN(value)) bytes[write](Number.NaN);
      });
    }),
  }),
  mutant({
    name: 'subnormals-flushed',
    what: 'subnormal numbers come as 0',
    cases: ['infer/values/identity/FP32'],
    says: { infer: /element \d+ of output_tensor: expected -?[\d.]+e-\d+, got -?0$/ },
    behave: outputs(({ datatype, data }) => {
      if (!(data instanceof Float64Array || data instanceof Float32Array)) return;
      const smallest = datatype === 'FP64' ? 2 ** -1022 : 2 ** -126;
      replaceEach(data, (value) => (value !== 0 && Math.abs(value) < smallest ? 0 : value));
    }),
  }),
  mutant({
    name: 'swapped-outputs',
    what: 'the first two outputs have each other’s elements',
    cases: ['infer/values/simple', 'concurrency/models'],
    says: { infer: /element \d+ of OUTPUT0: expected/, concurrency: /^concurrency\/models.*output 0, element 0/ },
    behave: answers(({ outputs: all }) => {
      swapData(all);
    }),
  }),
  mutant({
    name: 'swapped-inputs',
    what: 'the first two inputs are taken for each other',
    cases: ['infer/values/simple'],
    says: { infer: /element \d+ of OUTPUT1: expected/ },
    behave: requests(({ inputs }) => swapData(inputs)),
  }),
  mutant({
    name: 'through-fp32',
    what: 'FP64 goes through FP32 on its way',
    says: {
      infer: /element \d+ of scaled_result: expected 0\.2, got 0\.20000000298/,
      metrics: /data point 0: expected 0\.2, got 0\.20000000298/,
    },
    behave: outputs(({ datatype, data }) => {
      if (datatype === 'FP64' && data instanceof Float64Array) replaceEach(data, Math.fround);
    }),
  }),
  mutant({
    name: 'int64-through-double',
    what: '64-bit integers beyond 2^53 go through a double',
    cases: ['infer/values/identity/INT64'],
    says: { infer: /INT64.*element \d+ of output_tensor: expected \d{17,}/ },
    behave: outputs(({ data }) => {
      const through = (value: bigint) => BigInt(Number(value));
      if (data instanceof BigInt64Array || data instanceof BigUint64Array) replaceEach(data, through);
    }),
  }),
  mutant({
    name: 'uint64-signed',
    what: 'UINT64 from 2^63 on loses its highest bit',
    cases: ['infer/values/identity/UINT64'],
    says: { infer: /UINT64.*element \d+ of output_tensor: expected 18446744073709551615, got 9223372036854775807/ },
    behave: outputs(({ data }) => {
      if (data instanceof BigUint64Array) replaceEach(data, (value) => BigInt.asUintN(63, value));
    }),
  }),
  mutant({
    name: 'reversed',
    what: 'the elements of each output come in reverse order',
    says: {
      infer: /element 0 of scaled_result: expected 0, got/,
      metrics: /data point 0: expected 0\.2, got -5/,
      streaming: /output 0, element 0: expected/,
      concurrency: /output 0, element 0: expected/,
    },
    behave: outputs(({ data }) => void data.reverse()),
  }),
  mutant({
    name: 'dropped-element',
    what: 'vectors lack their last element, and their shape says so',
    says: {
      infer: /shape of scaled_result: expected \[6\], got \[5\]/,
      metrics: /number of new data points/,
      streaming: /expected 4 elements, got 3/,
      concurrency: /expected 4 elements, got 3/,
    },
    behave: outputs(shorten),
  }),
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
    name: 'random',
    what: 'a model answers the same request in two ways',
    says: { infer: /element 0 of \w+: expected/, concurrency: /element 0: expected/ },
    behave: () => {
      let calls = 0;
      const behaviour = outputs((output) => {
        calls += 1;
        if (calls % 2 === 0) changeElement(output, 0);
      })();
      return behaviour;
    },
  }),
  mutant({
    name: 'cached',
    what: 'the first answer of a model is given again to every request of the same shape',
    says: {
      infer: /element \d+ of/,
      metrics: /data point 0: expected/,
      streaming: /it got what request 1 asked for/,
      concurrency: /it got what request 1 asked for/,
    },
    behave: () => {
      const kept = new Map<string, InferResponse>();
      return answers((answer, { request }) => {
        const form = request?.inputs.map(({ datatype, shape }) => `${datatype} ${shape}`).join();
        const key = `${answer.modelName} ${form} ${answer.outputs.length}`;
        const first = kept.get(key);
        if (first) return { ...answer, outputs: first.outputs };
        kept.set(key, structuredClone(answer));
        return answer;
      })();
    },
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
