/** Requests of one model that differ from each other, and what each must get: for cases about many requests at once. */

import type { InferCall } from '../protocol/client.js';
import type { Elements } from '../protocol/datatype.js';
import { OipError } from '../protocol/status.js';
import type { DataForm, InferResponse, Tensor } from '../protocol/tensor.js';
import { CaseSkipped } from './case.js';
import { isSameElement } from './compare-tensors.js';
import type { Mathematics } from './mathematics.js';
import type { Probe } from './probe.js';
import type { ModelProfile, Route, ServerProfile } from './profile.js';
import { elementsBy } from './samples.js';

/** A request, and the elements of each output that it must get. */
export interface Round {
  inputs: Tensor[];
  expected: Elements[];
  /** False where a server that computes several requests as one batch may round in another way. */
  exact: boolean;
}

/** What makes requests of a model. */
export interface DistinctRequests {
  model: ModelProfile;
  /** Whether the number of elements can be chosen, and its answers be known without asking. */
  sizeable: boolean;
  /**
   * The first `count` requests, of `elements` elements where that can be chosen. Where nobody knows the model's
   * mathematics, there are fewer, each of them asked alone over this route.
   * @throws CaseSkipped where the model refuses other values than its sample's, or answers one request in two ways
   */
  rounds(probe: Probe, route: Route, count: number, elements?: number): Promise<Round[]>;
}

/** Requests that are asked alone, where that is the only way to know their answers. */
const askedAlone = 24;
/** Elements of a tensor whose size can be chosen. */
const usualElements = 4;
/** Relative difference of a number that was rounded in another order. */
const closeEnough = 1e-4;

/**
 * One for each model that takes requests, or should since its mathematics is known; those first that tell most: known
 * mathematics, vectors of doubles.
 */
export function distinctRequests({ models }: Pick<ServerProfile, 'models'>): DistinctRequests[] {
  return models
    .flatMap((model) => knownRequests(model) ?? (model.sample ? unknownRequests(model) : []))
    .sort((a, b) => rank(a) - rank(b));
}

function rank({ model: { mathematics }, sizeable }: DistinctRequests): number {
  if (!sizeable) return mathematics ? 2 : 3;
  return mathematics?.kind === 'scale' ? 0 : 1;
}

/** Of a datatype that holds all results exactly, so that no rounding is anybody's opinion. */
function knownRequests(model: ModelProfile): DistinctRequests | undefined {
  const { mathematics, metadata } = model;
  const datatypes = metadata.inputs.map(({ datatype }) => (datatype === 'ANY' ? 'FP64' : datatype));
  const [datatype] = datatypes;
  if (!isExact(datatype) || datatypes.some((other) => other !== datatype)) return undefined;
  const results = mathematics && resultsOf(mathematics, datatype);
  if (results === undefined || metadata.inputs.length !== results.others.length + 1) return undefined;
  return {
    model,
    sizeable: metadata.inputs.every(({ shape }) => shape.includes(-1)),
    rounds: async (_probe, _route, count, elements = usualElements) => {
      const shapes = metadata.inputs.map(({ shape }) => filled(shape, elements));
      const size = (shapes[0] ?? []).reduce((product, dimension) => product * dimension, 1);
      return Array.from({ length: count }, (_, index): Round => {
        const columns = [
          elementsBy(datatype, size, (at) => valueAt(index, at)),
          ...results.others.map((value) => elementsBy(datatype, size, () => value)),
        ];
        const inputs = metadata.inputs.map(({ name }, input): Tensor => {
          return { name, datatype, shape: shapes[input] as number[], data: columns[input] as Elements };
        });
        const outputs = results.outputs.map((result) => elementsBy(datatype, size, (at) => result(valueAt(index, at))));
        return { inputs, expected: outputs, exact: true };
      });
    },
  };
}

/** No two requests begin with the same element, and none is a shift of another by less than its length. */
const valueAt = (index: number, at: number): number => index + 1 + (at % 1000) * 4096;

const exactDatatypes = ['FP64', 'FP32', 'INT64', 'INT32'] as const;

type ExactDatatype = (typeof exactDatatypes)[number];

function isExact(datatype: string | undefined): datatype is ExactDatatype {
  return exactDatatypes.some((one) => one === datatype);
}

/** Values of the inputs after the first, and each output as a function of the first. */
interface Results {
  others: number[];
  outputs: ((value: number) => number)[];
}

function resultsOf(mathematics: Mathematics, datatype: ExactDatatype): Results | undefined {
  switch (mathematics.kind) {
    case 'identity':
      return { others: [], outputs: [(value) => value] };
    case 'scale': {
      const { factor } = mathematics;
      return isExactFactor(factor, datatype) ? { others: [], outputs: [(value) => value * factor] } : undefined;
    }
    case 'sum':
      return { others: [1], outputs: [(value) => value + 1] };
    case 'product':
      return { others: [2], outputs: [(value) => value * 2] };
    case 'add_sub':
      return { others: [1], outputs: [(value) => value + 1, (value) => value - 1] };
    case 'linear':
      // The order in which products are added is the server's.
      return undefined;
  }
}

/** Whether the product with every value, of 22 bits, is one that the datatype holds; and not the same for all. */
function isExactFactor(factor: number, datatype: ExactDatatype): boolean {
  if (factor === 0) return false;
  if (datatype === 'FP64') return Number.isInteger(factor * 1024) && Math.abs(factor) < 2 ** 20;
  if (datatype === 'FP32') return Number.isInteger(Math.log2(Math.abs(factor))) && Math.abs(factor) < 2 ** 64;
  return Number.isInteger(factor) && Math.abs(factor) < 500;
}

/** The first open dimension takes all elements. */
function filled(declared: readonly number[], elements: number): number[] {
  const open = declared.indexOf(-1);
  return declared.map((size, axis) => (axis === open ? elements : Math.abs(size)));
}

function unknownRequests(model: ModelProfile): DistinctRequests {
  const { name: modelName, version: modelVersion, sample, title } = model;
  return {
    model,
    sizeable: false,
    async rounds(probe, { transport, form }, count) {
      const ask = async (inputs: Tensor[]): Promise<Elements[]> => {
        try {
          const { outputs } = await probe.infer(transport, { modelName, modelVersion, inputs, form });
          return outputs.map(({ data }) => data);
        } catch (error) {
          if (!(error instanceof OipError) || error.status === 'DEADLINE_EXCEEDED') throw error;
          throw new CaseSkipped(`${title} refuses other values than its sample's: ${error.message}`);
        }
      };
      const rounds: Round[] = [];
      for (let index = 0; index < Math.min(count, askedAlone); index++) {
        const inputs = (sample?.inputs ?? []).map((input) => varied(input, index));
        rounds.push({ inputs, expected: await ask(inputs), exact: false });
      }
      const [first] = rounds;
      const again = first && (await ask(first.inputs));
      if (first && again && difference(again, first.expected) !== undefined) {
        throw new CaseSkipped(`${title} answers one request in two ways, even when it is asked alone`);
      }
      return rounds;
    },
  };
}

/** A sample with other values, as small as its own. */
function varied(sample: Tensor, index: number): Tensor {
  const { datatype, data } = sample;
  if (Array.isArray(data)) {
    return { ...sample, data: data.map((_, at) => new TextEncoder().encode(String(index + at + 1))) };
  }
  const changed = data.slice();
  for (let at = 0; at < changed.length; at++) {
    if (changed instanceof BigInt64Array || changed instanceof BigUint64Array) changed[at] = BigInt(index + at + 1);
    else changed[at] = datatype === 'BOOL' ? (index >> (at % 8)) & 1 : (index + at + 1) % 100;
  }
  return { ...sample, data: changed };
}

/** The whole request of a round. */
export function callOf({ model }: DistinctRequests, { inputs }: Round, form: DataForm, id: string): InferCall {
  return { modelName: model.name, modelVersion: model.version, inputs, form, id };
}

/** One request of many, and what it must get. */
export interface RoundCall {
  call: InferCall;
  round: Round;
}

/** So many requests, in order; where there are fewer that differ, they come again with other ids. Without a name they have none. */
export function callsOf(
  requests: DistinctRequests,
  rounds: readonly Round[],
  { count, form, name }: { count: number; form: DataForm | ((index: number) => DataForm); name: string },
): RoundCall[] {
  const formOf = typeof form === 'function' ? form : () => form;
  return Array.from({ length: count }, (_, index): RoundCall => {
    const round = rounds[index % rounds.length] as Round;
    return { round, call: callOf(requests, round, formOf(index), name === '' ? '' : `${name}-${index + 1}`) };
  });
}

/** What is wrong with an answer to one of several rounds: another's answer, or a value; undefined where it is right. */
export function wrongAnswer(answer: InferResponse, round: Round, rounds: readonly Round[]): string | undefined {
  const got = answer.outputs.map(({ data }) => data);
  const wrong = difference(got, round.expected, round.exact ? 0 : closeEnough);
  if (wrong === undefined) return undefined;
  const other = rounds.findIndex(({ expected }) => difference(got, expected) === undefined);
  return other < 0 ? wrong : `it got what request ${other + 1} asked for: ${wrong}`;
}

/** The first difference, bit for bit unless a relative tolerance is given; shapes and names are other cases' affair. */
export function difference(got: readonly Elements[], expected: readonly Elements[], tolerance = 0): string | undefined {
  if (got.length !== expected.length) return `expected ${expected.length} outputs, got ${got.length}`;
  for (const [output, want] of expected.entries()) {
    const is = got[output] as Elements;
    if (is.length !== want.length) return `output ${output}: expected ${want.length} elements, got ${is.length}`;
    for (let at = 0; at < want.length; at++) {
      const [left, right] = [is[at], want[at]];
      if (isSameElement(left, right)) continue;
      const scale = Math.max(Math.abs(Number(left)), Math.abs(Number(right)));
      if (tolerance > 0 && Math.abs(Number(left) - Number(right)) <= tolerance * scale) continue;
      return `output ${output}, element ${at}: expected ${words(right)}, got ${words(left)}`;
    }
  }
  return undefined;
}

function words(value: Elements[number] | undefined): string {
  return value instanceof Uint8Array ? JSON.stringify(Buffer.from(value).toString('utf8')) : String(value);
}
