/** Which model a bad request is sent to, and the good request that it is made of. */

import { createElements, type Datatype, isDatatype } from '../../../protocol/datatype.js';
import type { Tensor } from '../../../protocol/tensor.js';
import { noSuchModel } from '../../absent-names.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { type SentRequest, sentTensor } from './sent-request.js';

/** A request that the model answers, to be spoilt. */
export interface Target {
  /** Absent where the request is about no model of the server. */
  model?: ModelProfile;
  request: SentRequest;
  tensors: readonly Tensor[];
}

/** Chooses; none where no model fits, and then there is no case. */
export type Choose = (server: ServerProfile) => Target | undefined;

/** A model that answers, by preference one whose inputs travel in every form; the same for all cases of a server. */
export const anyModel: Choose = ({ models }) => {
  const usable = models.filter(({ sample }) => sample !== undefined);
  return targetOf(usable.find(travelsWell) ?? usable[0]);
};

/** The same, or a model that does not exist: for what is refused before the model is looked at. */
export const anyModelOrNone: Choose = (server) => {
  const tensors: Tensor[] = [{ name: 'input', datatype: 'FP64', shape: [1], data: Float64Array.of(1) }];
  return anyModel(server) ?? { request: { model: noSuchModel, inputs: tensors.map(sentTensor) }, tensors };
};

/** A model of numbers that declares its datatype. */
export const typedModel: Choose = ({ models }) => targetOf(models.find(travelsWell));

/** A model that declares two inputs or more. */
export const pairModel: Choose = ({ models }) =>
  targetOf(models.find(({ metadata, sample }) => metadata.inputs.length > 1 && sample !== undefined));

/** A model whose first input has a dimension of fixed size. */
export const fixedModel: Choose = ({ models }) =>
  targetOf(models.find((model) => travelsWell(model) && model.metadata.inputs[0]?.shape.some((size) => size >= 0)));

/** A model that takes a datatype, with elements of 0 in its first input. */
export function modelOf(...datatypes: readonly Datatype[]): Choose {
  return ({ models }) => {
    for (const model of models) {
      const [declared] = model.metadata.inputs;
      const takesAny = declared?.datatype === 'ANY' && model.mathematics?.kind === 'identity';
      const datatype = datatypes.find((one) => takesAny || declared?.datatype === one);
      if (datatype && model.sample) return withDatatype(model, datatype);
    }
    return undefined;
  };
}

/** A model of known mathematics that scales integers of a datatype. */
export function scalerOf(datatype: Datatype): Choose {
  return ({ models }) => {
    const model = models.find(({ metadata: { inputs }, mathematics, sample }) => {
      const scales = mathematics?.kind === 'scale' && Math.abs(mathematics.factor) > 1;
      return sample && scales && inputs[0] && ['ANY', datatype].includes(inputs[0].datatype);
    });
    return model && withDatatype(model, datatype);
  };
}

/** A target of a model that has a sample. */
export function targetOf(model: ModelProfile | undefined): Target | undefined {
  return model?.sample && targetWith(model, model.sample.inputs);
}

/** A target of a model with these inputs. */
export function targetWith(model: ModelProfile, tensors: readonly Tensor[]): Target {
  const { name, version } = model;
  return { model, request: { model: name, version, inputs: tensors.map(sentTensor) }, tensors };
}

function withDatatype(model: ModelProfile, datatype: Datatype): Target {
  const [first, ...others] = model.sample?.inputs ?? [];
  const { name, shape } = first as Tensor;
  const count = shape.reduce((product, size) => product * size, 1);
  const data =
    datatype === 'BYTES' ? Array.from({ length: count }, () => Buffer.from('a')) : createElements(datatype, count);
  return targetWith(model, [{ name, datatype, shape, data }, ...others]);
}

/** Its first input declares a datatype that typed contents, raw bytes and JSON can all carry, of elements of one size. */
function travelsWell({ metadata: { inputs }, sample }: ModelProfile): boolean {
  const datatype = inputs[0]?.datatype ?? '';
  return sample !== undefined && isDatatype(datatype) && !['FP16', 'BF16', 'BYTES', 'BOOL'].includes(datatype);
}
