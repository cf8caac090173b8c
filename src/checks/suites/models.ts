/** Every expected model: ready, described, and right to the last bit in each datatype, over each way in. */

import type { ModelConfig, ModelConfigOf } from '../../models/kinds.js';
import { type Datatype, datatypes } from '../../protocol/datatype.js';
import { isFreeVector } from '../../protocol/shape.js';
import type { DataForm, Tensor } from '../../protocol/tensor.js';
import { type Check, expectEqual, expectThat, transports } from '../check.js';
import { expectTensor, type TensorContent } from '../compare-tensors.js';
import {
  elementsOf,
  type NumericDatatype,
  numericDatatypes,
  placed,
  sampleElements,
  scalingSample,
} from '../samples.js';
import { ownModelCheck } from './own-models.js';

/** A transport and the form in which tensors travel on it. */
interface Route {
  transport: 'grpc' | 'rest';
  form: DataForm;
}

const routes: Route[] = [
  { transport: 'grpc', form: 'typed' },
  { transport: 'grpc', form: 'raw' },
  { transport: 'rest', form: 'typed' },
  { transport: 'rest', form: 'raw' },
];

/** A model as it is asked: its version is named where one name is declared several times, else the server chooses. */
interface Asked {
  model: ModelConfig;
  version: string;
  /** The name that reports use. */
  title: string;
}

/** Ready, metadata and exact answers of each model that should be loaded, over each transport and in each form. */
export function modelChecks(models: ModelConfig[]): Check[] {
  return models
    .filter(({ initial }) => initial === 'loaded')
    .map((model): Asked => {
      const several = models.filter(({ name }) => name === model.name).length > 1;
      const version = several ? (model.versions.at(-1) ?? '') : '';
      return { model, version, title: several ? `${model.name}@${version}` : model.name };
    })
    .flatMap((asked) => [...describedChecks(asked), ...routes.flatMap((route) => valueChecks(asked, route))]);
}

function describedChecks({ model: { name, aliases, kind }, version, title }: Asked): Check[] {
  const own = kind === 'module' || kind === 'onnx';
  return transports.flatMap((transport): Check[] => [
    {
      id: `models/${title}/ready/${transport}`,
      title: `ModelReady of ${title} says true`,
      transport,
      model: name,
      run: async (client, { signal }) => {
        expectThat(await client.modelReady(name, version, { signal }), 'ModelReady says false');
        return undefined;
      },
    },
    {
      id: `models/${title}/metadata/${transport}`,
      title: `ModelMetadata of ${title} lists its inputs and outputs`,
      transport,
      model: name,
      run: async (client, { signal }) => {
        const metadata = await client.modelMetadata(name, version, { signal });
        expectThat([name, ...aliases].includes(metadata.name), `it is about ${metadata.name}`);
        // A user's own model may do without.
        expectThat(own || metadata.inputs.length > 0, 'it lists no input');
        expectThat(metadata.outputs.length > 0, 'it lists no output');
        return undefined;
      },
    },
  ]);
}

function valueChecks(asked: Asked, route: Route): Check[] {
  const { model } = asked;
  switch (model.kind) {
    case 'scale':
      return numericTypesOf(model).flatMap((datatype) => scaleCheck(asked, model, datatype, route));
    case 'sum':
      return numericTypesOf(model).map((datatype) => pairCheck(asked, model, datatype, route, [4, 1, 6], 'adds'));
    case 'product':
      return numericTypesOf(model).map((datatype) => pairCheck(asked, model, datatype, route, [3, 0, 8], 'multiplies'));
    case 'linear':
      return [linearCheck(asked, model, route)];
    case 'identity':
      return datatypes
        .filter((datatype) => model.datatype === 'any' || model.datatype === datatype)
        .filter((datatype) => route.form === 'raw' || (datatype !== 'FP16' && datatype !== 'BF16'))
        .map((datatype) => identityCheck(asked, model, datatype, route));
    case 'add_sub':
      return numericTypesOf(model)
        .filter((datatype) => model.datatype !== 'any' || datatype === 'INT32')
        .map((datatype) => addSubCheck(asked, model, datatype, route));
    case 'module':
    case 'onnx':
      // What these compute is their author's to say.
      return route.form === 'typed' ? [ownModelCheck(asked, route.transport)] : [];
  }
}

function numericTypesOf(model: { datatype: string }): NumericDatatype[] {
  return model.datatype === 'any'
    ? [...numericDatatypes]
    : numericDatatypes.filter((datatype) => datatype === model.datatype);
}

/** A check that sends inputs, and compares every output and the untouched inputs bit for bit. */
function exact(
  { model, version, title }: Asked,
  { transport, form }: Route,
  what: { id: string; title: string; inputs: (names: string[]) => Tensor[]; outputs: TensorContent[] },
): Check {
  return {
    id: `${model.kind}/${title}/${what.id}/${transport}-${form}`,
    title: `${title} ${what.title} (${transport}, ${form})`,
    transport,
    model: model.name,
    run: async (client, { signal }) => {
      const metadata = await client.modelMetadata(model.name, version, { signal });
      const inputs = what.inputs(metadata.inputs.map(({ name }) => name));
      const before = structuredClone(inputs);
      const id = `${transport}-${form}`;
      const call = { modelName: model.name, modelVersion: version, id, inputs, form };
      const answer = await client.infer(call, { signal });
      expectEqual('number of outputs', answer.outputs.length, what.outputs.length);
      for (const [index, expected] of what.outputs.entries()) expectTensor(answer.outputs[index], expected);
      for (const [index, input] of before.entries()) expectTensor(inputs[index], input);
      expectEqual('id', answer.id, id);
      const asked = transport === 'rest' || model.output === 'mirror' ? form : model.output;
      return answer.form === asked ? undefined : `outputs came ${answer.form} for a request that was ${form}`;
    },
  };
}

function scaleCheck(asked: Asked, model: ModelConfigOf<'scale'>, datatype: NumericDatatype, route: Route): Check[] {
  const { scale_factor: factor = model.factor } = model.parameters;
  if (typeof factor !== 'number') return [];
  const { input, expected } = scalingSample(datatype, factor);
  return [
    exact(asked, route, {
      id: datatype,
      title: `scales ${datatype} by ${factor}`,
      inputs: ([name = 'input']) => [{ name, ...placed(datatype, input, model.shape) }],
      outputs: [placed(datatype, expected, model.shape)],
    }),
  ];
}

function pairCheck(
  asked: Asked,
  { shape }: ModelConfigOf<'sum' | 'product'>,
  datatype: NumericDatatype,
  route: Route,
  result: number[],
  verb: string,
): Check {
  const content = (values: number[]) => placed(datatype, elementsOf(datatype, values), shape);
  return exact(asked, route, {
    id: datatype,
    title: `${verb} two ${datatype} tensors`,
    inputs: ([first = 'a', second = 'b']) => [
      { name: first, ...content([3, 0, 2]) },
      { name: second, ...content([1, 1, 4]) },
    ],
    outputs: [content(result)],
  });
}

function linearCheck(asked: Asked, { weights, bias, datatype }: ModelConfigOf<'linear'>, route: Route): Check {
  // Rows of zeros, and of one 1: sums of two numbers, so that no order of addition can matter.
  const rows = [weights.map(() => 0), weights.map((_, index) => (index === 0 ? 1 : 0))];
  const prediction = elementsOf(datatype, [bias, (weights[0] ?? 0) + bias]);
  return exact(asked, route, {
    id: datatype,
    title: `predicts from ${datatype} features`,
    inputs: ([name = 'input']) => [
      { name, datatype, shape: [2, weights.length], data: elementsOf(datatype, rows.flat()) },
    ],
    outputs: [{ datatype, shape: [2], data: prediction }],
  });
}

function identityCheck(asked: Asked, { shape }: ModelConfigOf<'identity'>, datatype: Datatype, route: Route): Check {
  // JSON cannot carry a NaN, raw bytes can, over either transport.
  const data = sampleElements(datatype, route.form === 'raw' ? 'grpc' : route.transport);
  const content = placed(datatype, data, isFreeVector(shape) ? [1, data.length] : shape);
  return exact(asked, route, {
    id: datatype,
    title: `returns ${datatype} bit for bit`,
    inputs: ([name = 'input']) => [{ name, ...content }],
    outputs: [content],
  });
}

function addSubCheck(
  asked: Asked,
  { shape }: ModelConfigOf<'add_sub'>,
  datatype: NumericDatatype,
  route: Route,
): Check {
  const content = (value: (index: number) => number) =>
    placed(
      datatype,
      elementsOf(
        datatype,
        Array.from({ length: 16 }, (_, index) => value(index)),
      ),
      shape,
    );
  return exact(asked, route, {
    id: datatype,
    title: 'adds and subtracts',
    inputs: ([first = 'INPUT0', second = 'INPUT1']) => [
      { name: first, ...content((index) => index + 1) },
      { name: second, ...content(() => 1) },
    ],
    outputs: [content((index) => index + 2), content((index) => index)],
  });
}
