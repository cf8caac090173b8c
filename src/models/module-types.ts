/** What a JavaScript module that is served as a model exports. These types are for whoever writes one. */
import type { Datatype, Elements } from '../protocol/datatype.js';
import type { Parameters, Tensor, TensorMetadata } from '../protocol/tensor.js';

/** A module for `kind: module`: one named export. */
export interface ModelModule {
  /** Makes one version of a model. A throw or rejection is a failed load, and its message the reason that clients see. */
  createModel(context: ModelModuleContext): ModuleModel | Promise<ModuleModel>;
}

/** For which model a module is asked to make one. */
export interface ModelModuleContext {
  /** The model's name in the config. */
  name: string;
  version: string;
  /** `parameters` of the config. */
  parameters: Record<string, string | number | boolean>;
}

/** A model as a module makes it. */
export interface ModuleModel {
  /** Told in the metadata; `kserve-env_module` unless given. */
  platform?: string;
  /**
   * What it takes, in order. −1 in a shape is a dimension of any size, the shape `[-1]` takes every shape, and datatype
   * `ANY` takes every datatype.
   */
  inputs: ModuleTensorMetadata[];
  outputs: ModuleTensorMetadata[];
  /** Throws for inputs that cannot be computed; see `predict`. */
  validate?(inputs: readonly Tensor[], parameters: Parameters): void;
  /**
   * Computes every output. `inputs` has one tensor an input, in the order of `inputs`, checked against its datatype and
   * shape, and named as the client named it. Data is a typed array (BigInt64Array for INT64, Uint16Array with the bits of
   * FP16 and BF16, Uint8Array of 0 and 1 for BOOL) or, for BYTES, an array of Uint8Array; it must not be changed.
   *
   * An error with `code` set to the name of a gRPC status, such as `INVALID_ARGUMENT`, reaches the client with that status
   * and its message; any other one is INTERNAL, and is told in the server's log alone.
   */
  predict(inputs: readonly Tensor[], parameters: Parameters): ModuleTensor[] | Promise<ModuleTensor[]>;
  /** Gives back what the model holds, once it is unloaded and no inference of it runs. */
  close?(): void | Promise<void>;
}

/** Metadata of one input or output. */
export interface ModuleTensorMetadata extends TensorMetadata {
  datatype: Datatype | 'ANY';
}

/** One output. */
export interface ModuleTensor {
  name: string;
  /** The declared one unless given; needed where that is `ANY`. */
  datatype?: Datatype;
  /** Unless given, the declared one where it has no −1, and the number of elements where it has one dimension. */
  shape?: number[];
  /** A typed array of the datatype, or values that it can hold: they are converted, or refused where that loses anything. */
  data: Elements | ArrayLike<number> | ArrayLike<bigint> | readonly (boolean | string | Uint8Array)[];
  parameters?: Parameters;
}
