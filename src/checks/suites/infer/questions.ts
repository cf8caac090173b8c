/** What a model with known mathematics must answer, worked out in another way than the model does. */
import { type Datatype, datatypes, type Elements, isDatatype } from '../../../protocol/datatype.js';
import { fitsShape, isFreeVector } from '../../../protocol/shape.js';
import type { TensorMetadata } from '../../../protocol/tensor.js';
import type { Mathematics } from '../../mathematics.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { type ArithmeticDatatype, elementsOf, isArithmetic, placed, scalingSample } from '../../samples.js';
import type { Question } from './ask.js';
import { distinctElements } from './edges.js';

/** A model whose answers are known. */
export interface KnownModel {
  model: ModelProfile;
  mathematics: Mathematics;
  /** What it takes, one entry an input. */
  inputs: readonly TensorMetadata[];
  /** Datatypes that it takes. */
  datatypes: readonly Datatype[];
}

const inputCount: Readonly<Record<Mathematics['kind'], number>> = {
  scale: 1,
  identity: 1,
  linear: 1,
  sum: 2,
  product: 2,
  add_sub: 2,
};

/** The model as its mathematics have it; a reason where the two do not go together. */
export function knownModel(model: ModelProfile, mathematics: Mathematics): KnownModel | string {
  const { metadata, sample } = model;
  // A server that lists no inputs has taken a sample, and that says as much: but of an identity not all that it takes.
  const sampled = (sample?.inputs ?? []).map(asMetadata);
  const guessed = mathematics.kind === 'identity' ? sampled.map((one) => ({ ...one, datatype: 'ANY' })) : sampled;
  const inputs = metadata.inputs.length > 0 ? metadata.inputs : guessed;
  const count = inputCount[mathematics.kind];
  if (inputs.length !== count)
    return `${mathematics.kind} takes ${count} input${count === 1 ? '' : 's'}, the model has ${inputs.length}`;
  const [first] = inputs;
  const other = inputs.find(({ datatype }) => datatype !== first?.datatype);
  if (first === undefined || other) return `${mathematics.kind} takes inputs of one datatype`;
  const { kind } = mathematics;
  const taken = (first.datatype === 'ANY' ? datatypes : datatypes.filter((one) => one === first.datatype)).filter(
    (datatype) =>
      kind === 'identity' || (kind === 'linear' ? datatype === 'FP32' || datatype === 'FP64' : isArithmetic(datatype)),
  );
  if (taken.length === 0)
    return `${kind} is not defined on ${isDatatype(first.datatype) ? first.datatype : 'this datatype'}`;
  const wide = first.shape.at(-1);
  if (kind === 'linear' && (first.shape.length !== 2 || (wide !== -1 && wide !== mathematics.weights.length))) {
    return `${mathematics.weights.length} weights do not go with inputs of [${first.shape.join(', ')}]`;
  }
  return { model, mathematics, inputs, datatypes: taken };
}

const asMetadata = ({ name, datatype }: { name: string; datatype: Datatype }): TensorMetadata => ({
  name,
  datatype,
  shape: [-1],
});

/** The usual values of a datatype, in the shape that the model declares. */
export function valuesQuestion(server: ServerProfile, known: KnownModel, datatype: Datatype): Question {
  const { mathematics, inputs } = known;
  if (mathematics.kind === 'linear') return rowsQuestion(server, known, datatype, 3);
  return contentOf(known, datatype, listsOf(server, mathematics, datatype), inputs[0]?.shape ?? [-1]);
}

/** As many values as a shape holds. */
export function shapeQuestion(
  server: ServerProfile,
  known: KnownModel,
  datatype: Datatype,
  shape: readonly number[],
): Question {
  const { mathematics } = known;
  const count = shape.reduce((product, size) => product * size, 1);
  if (mathematics.kind === 'linear') throw new Error('rows are the shapes of a linear model');
  if (mathematics.kind !== 'identity') return contentOf(known, datatype, listsOf(server, mathematics, datatype), shape);
  const elements = distinctElements(datatype, count);
  return contentOf(known, datatype, { inputs: [elements], outputs: [elements] }, shape);
}

/** These elements through an identity. */
export function elementsQuestion(known: KnownModel, datatype: Datatype, elements: Elements): Question {
  const shape = known.inputs[0]?.shape ?? [-1];
  return contentOf(known, datatype, { inputs: [elements], outputs: [elements] }, shape);
}

interface Lists {
  inputs: Elements[];
  outputs: Elements[];
}

function contentOf({ inputs }: KnownModel, datatype: Datatype, lists: Lists, shape: readonly number[]): Question {
  return {
    inputs: inputs.map(({ name }, index) => ({ name, ...placed(datatype, lists.inputs[index] ?? [], shape) })),
    outputs: lists.outputs.map((elements) => placed(datatype, elements, shape)),
  };
}

/** Elements that go in and must come out, pair by pair; they may be repeated. */
function listsOf(
  server: ServerProfile,
  mathematics: Exclude<Mathematics, { kind: 'linear' }>,
  datatype: Datatype,
): Lists {
  if (mathematics.kind === 'identity') {
    const elements = distinctElements(datatype, 5);
    return { inputs: [elements], outputs: [elements] };
  }
  if (!isArithmetic(datatype)) throw new Error(`no arithmetic on ${datatype}`);
  if (mathematics.kind === 'scale') return scaleLists(server, mathematics.factor, datatype);
  // Of sixteen bits only few numbers are written down here. No two pairs are alike elsewhere, and none leaves INT8 or UINT8.
  const half = datatype === 'FP16' || datatype === 'BF16';
  const left = half ? [3, 1, 4, 6] : Array.from({ length: 16 }, (_, index) => index + 1);
  const right = half ? [1, 1, 2, 0] : left.map((_, index) => index % 4);
  const meet = (operation: (a: number, b: number) => number) =>
    elementsOf(
      datatype,
      left.map((a, index) => operation(a, right[index] ?? 0)),
    );
  const inputs = [elementsOf(datatype, left), elementsOf(datatype, right)];
  switch (mathematics.kind) {
    case 'sum':
      return { inputs, outputs: [meet((a, b) => a + b)] };
    case 'product':
      return { inputs, outputs: [meet((a, b) => a * b)] };
    case 'add_sub':
      return { inputs, outputs: [meet((a, b) => a + b), meet((a, b) => a - b)] };
  }
}

function scaleLists({ ours }: ServerProfile, factor: number, datatype: ArithmeticDatatype): Lists {
  if (ours || datatype !== 'FP32') {
    const { input, expected } = scalingSample(datatype, factor);
    return { inputs: [input], outputs: [expected] };
  }
  // Whether a factor is rounded to FP32 before or after is the server's affair; powers of two do not show it.
  const input = Float32Array.of(0, 1, -2, 0.5, 1024);
  return { inputs: [input], outputs: [input.map((value) => value * factor)] };
}

/** At most so many rows: of zeros, of one 1, of small integers, sums in which no order of addition can matter. */
export function rowsQuestion(
  server: ServerProfile,
  { mathematics, inputs }: KnownModel,
  datatype: Datatype,
  most: number,
): Question {
  if (mathematics.kind !== 'linear' || !isArithmetic(datatype)) throw new Error('no linear model');
  const { weights, bias } = mathematics;
  const exact = [...weights, bias].every((value) => Number.isInteger(value) && Math.abs(value) < 2 ** 20);
  const held = server.ours || datatype === 'FP64' || [...weights, bias].every((value) => Math.fround(value) === value);
  const rows = [
    { features: weights.map(() => 0), sum: bias },
    ...(held ? [{ features: weights.map((_, index) => Number(index === 0)), sum: (weights[0] ?? 0) + bias }] : []),
    ...(exact
      ? [
          {
            features: weights.map((_, index) => (index % 7) + 1),
            sum: weights.reduce((sum, weight, index) => sum + weight * ((index % 7) + 1), bias),
          },
        ]
      : []),
  ].slice(0, most);
  const features = elementsOf(
    datatype,
    rows.flatMap((row) => row.features),
  );
  const sums = elementsOf(
    datatype,
    rows.map(({ sum }) => sum),
  );
  return {
    inputs: [{ name: inputs[0]?.name ?? 'input', datatype, shape: [rows.length, weights.length], data: features }],
    outputs: [{ datatype, shape: [rows.length], data: sums }],
  };
}

/** How sure it is that a model takes a shape: what is declared it must take, a vector of any size may stand for more. */
export function takes(
  { ours }: ServerProfile,
  { model, inputs }: KnownModel,
  shape: readonly number[],
): 'surely' | 'maybe' | 'never' {
  const [input] = inputs;
  const declared = input?.shape ?? [-1];
  if (fitsShape(declared, shape)) return 'surely';
  if (!isFreeVector(declared)) return 'never';
  const { config } = model;
  if (!ours || config === undefined) return 'maybe';
  return config.strictInputs && input?.datatype !== 'ANY' ? 'never' : 'surely';
}
