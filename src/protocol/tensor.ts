/** Tensors and messages of the protocol as plain values, the same for gRPC and REST, client and server. */
import type { Datatype, Elements } from './datatype.js';

/** A parameter of a request, a response or a tensor (`InferParameter`); int64 and uint64 arrive as bigint. */
export type ParameterValue = boolean | bigint | number | string;
export type Parameters = Record<string, ParameterValue>;

/** A named tensor. `shape` lists non-negative dimensions whose product is the number of elements. */
export interface Tensor {
  name: string;
  datatype: Datatype;
  shape: number[];
  data: Elements;
  parameters?: Parameters;
}

/** Whether tensor data travels in typed `contents` or as raw little-endian bytes. */
export type DataForm = 'typed' | 'raw';

export interface InferRequest {
  modelName: string;
  /** Empty for the server's choice. */
  modelVersion: string;
  /** Echoed in the response; empty if the client gave none. */
  id: string;
  parameters: Parameters;
  inputs: Tensor[];
  /** Empty for all outputs. */
  outputs: RequestedOutput[];
  form: DataForm;
}

export interface RequestedOutput {
  name: string;
  parameters?: Parameters;
}

export interface InferResponse {
  modelName: string;
  modelVersion: string;
  id: string;
  parameters: Parameters;
  outputs: Tensor[];
  form: DataForm;
}

export interface ServerMetadata {
  name: string;
  version: string;
  extensions: string[];
}

/** Metadata of one input or output; −1 in `shape` is a dimension of any size. */
export interface TensorMetadata {
  name: string;
  /** A Datatype, or `ANY` for a model that takes the request's. */
  datatype: string;
  shape: number[];
}

export interface ModelMetadata {
  name: string;
  versions: string[];
  platform: string;
  inputs: TensorMetadata[];
  outputs: TensorMetadata[];
}
