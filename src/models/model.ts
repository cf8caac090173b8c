/** What a model is. To add a kind: write models/<kind>.ts with `defineModelKind`, and enter it in models/kinds.ts. */
import type { Parameters, Tensor, TensorMetadata } from '../protocol/tensor.js';

export interface Model {
  /** Told in the metadata, such as `kserve-env_scale`. */
  readonly platform: string;
  /** Slots of the inputs, in order. Shape `[-1]` takes any shape, any other one is enforced; datatype `ANY` takes any. */
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /**
   * Looks at what predict is about to get, and throws OipError where it cannot be computed: INVALID_ARGUMENT for what
   * metadata cannot say, such as two shapes that must meet.
   */
  validate?(inputs: readonly Tensor[], parameters: Parameters): void;
  /**
   * Computes all outputs, in the order of `outputs`. `inputs` has one tensor a slot, in the order of the slots, of the
   * slot's datatype and shape, under the name that the client gave it. Their data is the request's own and
   * nobody else's: it may be written over, and it may be answered.
   * Throws OipError for what the client should know; anything else is answered as INTERNAL.
   */
  predict(inputs: readonly Tensor[], parameters: Parameters): Tensor[] | Promise<Tensor[]>;
  /** Gives back what the model holds, once it is unloaded and no inference of it runs. */
  close?(): void | Promise<void>;
}

/** Prefix of `platform`; the protocol asks for `<project>_<format>`. */
export const platformPrefix = 'kserve-env_';

/** The tensor of slot `index`. The data plane binds one to every slot, so its absence is a bug. */
export function inputAt(inputs: readonly Tensor[], index: number): Tensor {
  const input = inputs[index];
  if (!input) throw new Error(`no input was bound to slot ${index}`);
  return input;
}
