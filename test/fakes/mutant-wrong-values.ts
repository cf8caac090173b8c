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
];
