/** Every expected model: ready, described, and right to the last bit in each datatype, over each way in. */

import type { ModelConfig, ModelConfigOf } from '../../models/kinds.js';
import { type Datatype, datatypes } from '../../protocol/datatype.js';
import type { DataForm, Tensor } from '../../protocol/tensor.js';
import { type Check, expectEqual, expectThat, transports } from '../check.js';
import { expectTensor, type TensorContent } from '../compare-tensors.js';
import { elementsOf, type NumericDatatype, numericDatatypes, sampleElements, scalingSample } from '../samples.js';

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

/** Ready, metadata and exact answers of each model, over each transport and in each form. */
export function modelChecks(models: ModelConfig[]): Check[] {
  return models.flatMap((model) => [
    ...describedChecks(model),
    ...routes.flatMap((route) => valueChecks(model, route)),
  ]);
}

function describedChecks({ name, aliases }: ModelConfig): Check[] {
  return transports.flatMap((transport): Check[] => [
    {
      id: `models/${name}/ready/${transport}`,
      title: `ModelReady of ${name} says true`,
      transport,
      model: name,
      run: async (client, { signal }) => {
        expectThat(await client.modelReady(name, '', { signal }), 'ModelReady says false');
        return undefined;
      },
    },
    {
      id: `models/${name}/metadata/${transport}`,
      title: `ModelMetadata of ${name} lists its inputs and outputs`,
      transport,
      model: name,
      run: async (client, { signal }) => {
        const metadata = await client.modelMetadata(name, '', { signal });
        expectThat([name, ...aliases].includes(metadata.name), `it is about ${metadata.name}`);
        expectThat(metadata.inputs.length > 0, 'it lists no input');
        expectThat(metadata.outputs.length > 0, 'it lists no output');
        return undefined;
      },
    },
  ]);
}

function valueChecks(model: ModelConfig, route: Route): Check[] {
  switch (model.kind) {
    case 'scale':
      return numericTypesOf(model).map((datatype) => scaleCheck(model, datatype, route));
    case 'sum':
      return numericTypesOf(model).map((datatype) => pairCheck(model, datatype, route, [4, 1, 6], 'adds'));
    case 'product':
      return numericTypesOf(model).map((datatype) => pairCheck(model, datatype, route, [3, 0, 8], 'multiplies'));
    case 'linear':
      return [linearCheck(model, route)];
    case 'identity':
      return datatypes
        .filter((datatype) => route.form === 'raw' || (datatype !== 'FP16' && datatype !== 'BF16'))
        .map((datatype) => identityCheck(model, datatype, route));
    case 'add_sub':
      return [addSubCheck(model, route)];
  }
}

function numericTypesOf(model: { datatype: NumericDatatype | 'any' | string }): NumericDatatype[] {
  return model.datatype === 'any'
    ? [...numericDatatypes]
    : numericDatatypes.filter((datatype) => datatype === model.datatype);
}

/** A check that sends inputs, and compares every output and the untouched inputs bit for bit. */
function exact(
  model: ModelConfig,
  { transport, form }: Route,
  what: { id: string; title: string; inputs: (names: string[]) => Tensor[]; outputs: TensorContent[] },
): Check {
  return {
    id: `${model.kind}/${model.name}/${what.id}/${transport}-${form}`,
    title: `${model.name} ${what.title} (${transport}, ${form})`,
    transport,
    model: model.name,
    run: async (client, { signal }) => {
      const metadata = await client.modelMetadata(model.name, '', { signal });
      const inputs = what.inputs(metadata.inputs.map(({ name }) => name));
      const before = structuredClone(inputs);
      const id = `${transport}-${form}`;
      const answer = await client.infer({ modelName: model.name, id, inputs, form }, { signal });
      expectEqual('number of outputs', answer.outputs.length, what.outputs.length);
      for (const [index, expected] of what.outputs.entries()) expectTensor(answer.outputs[index], expected);
      for (const [index, input] of before.entries()) expectTensor(inputs[index], input);
      expectEqual('id', answer.id, id);
      const asked = transport === 'rest' || model.output === 'mirror' ? form : model.output;
      return answer.form === asked ? undefined : `outputs came ${answer.form} for a request that was ${form}`;
    },
  };
}

function scaleCheck(model: ModelConfigOf<'scale'>, datatype: NumericDatatype, route: Route): Check {
  const { input, expected } = scalingSample(datatype, model.factor);
  return exact(model, route, {
    id: datatype,
    title: `scales ${datatype} by ${model.factor}`,
    inputs: ([name = 'input']) => [{ name, datatype, shape: [input.length], data: input }],
    outputs: [{ datatype, shape: [expected.length], data: expected }],
  });
}

function pairCheck(model: ModelConfig, datatype: NumericDatatype, route: Route, result: number[], verb: string): Check {
  const content = (values: number[]): TensorContent => {
    return { datatype, shape: [values.length], data: elementsOf(datatype, values) };
  };
  return exact(model, route, {
    id: datatype,
    title: `${verb} two ${datatype} tensors`,
    inputs: ([first = 'a', second = 'b']) => [
      { name: first, ...content([3, 0, 2]) },
      { name: second, ...content([1, 1, 4]) },
    ],
    outputs: [content(result)],
  });
}

function linearCheck(model: ModelConfigOf<'linear'>, route: Route): Check {
  const { weights, bias } = model;
  // Rows of zeros, and of one 1: sums of two numbers, so that no order of addition can matter.
  const rows = [weights.map(() => 0), weights.map((_, index) => (index === 0 ? 1 : 0))];
  return exact(model, route, {
    id: 'FP64',
    title: 'predicts from FP64 features',
    inputs: ([name = 'input']) => [
      { name, datatype: 'FP64', shape: [2, weights.length], data: Float64Array.from(rows.flat()) },
    ],
    outputs: [{ datatype: 'FP64', shape: [2], data: Float64Array.of(bias, (weights[0] ?? 0) + bias) }],
  });
}

function identityCheck(model: ModelConfig, datatype: Datatype, route: Route): Check {
  // JSON cannot carry a NaN, raw bytes can, over either transport.
  const data = sampleElements(datatype, route.form === 'raw' ? 'grpc' : route.transport);
  return exact(model, route, {
    id: datatype,
    title: `returns ${datatype} bit for bit`,
    inputs: ([name = 'input']) => [{ name, datatype, shape: [1, data.length], data }],
    outputs: [{ datatype, shape: [1, data.length], data }],
  });
}

function addSubCheck(model: ModelConfig, route: Route): Check {
  const content = (value: (index: number) => number): TensorContent => ({
    datatype: 'INT32',
    shape: [1, 16],
    data: Int32Array.from({ length: 16 }, (_, index) => value(index)),
  });
  return exact(model, route, {
    id: 'INT32',
    title: 'adds and subtracts',
    inputs: ([first = 'INPUT0', second = 'INPUT1']) => [
      { name: first, ...content((index) => index) },
      { name: second, ...content(() => 1) },
    ],
    outputs: [content((index) => index + 1), content((index) => index - 1)],
  });
}
