/** Messages of the extension RPCs, as protobufjs reads and writes them; inference.proto says what each field means. */
import type Long from 'long';

/** uint64 and int64: a Long when read; a number, too, when written. */
type WireInteger = Long | number;

interface WireRepositoryParameter {
  parameter_choice?: string;
  bool_param?: boolean;
  int64_param?: WireInteger;
  string_param?: string;
  bytes_param?: Uint8Array;
}

/** Of RepositoryModelLoad and RepositoryModelUnload. */
export interface WireRepositoryModelRequest {
  repository_name: string;
  model_name: string;
  parameters: Record<string, WireRepositoryParameter>;
}

export interface WireStatisticDuration {
  count: WireInteger;
  ns: WireInteger;
}

export interface WireModelStatistics {
  name: string;
  version: string;
  last_inference: WireInteger;
  inference_count: WireInteger;
  execution_count: WireInteger;
  inference_stats: Record<
    'success' | 'fail' | 'queue' | 'compute_input' | 'compute_infer' | 'compute_output' | 'cache_hit' | 'cache_miss',
    WireStatisticDuration
  >;
  batch_stats: never[];
}

interface WireConfigTensor {
  name: string;
  /** Number of the DataType enumeration. */
  data_type: number;
  dims: WireInteger[];
}

export interface WireModelConfig {
  name: string;
  platform: string;
  max_batch_size: number;
  input: WireConfigTensor[];
  output: WireConfigTensor[];
  parameters: Record<string, { string_value: string }>;
  backend: string;
}

/** Request and response message of every unary extension RPC; ModelStreamInfer is a stream of inference messages. */
export interface WireExtensionMethods {
  RepositoryIndex: {
    request: { repository_name: string; ready: boolean };
    response: { models: { name: string; version: string; state: string; reason: string }[] };
  };
  RepositoryModelLoad: {
    request: WireRepositoryModelRequest;
    response: { model_name: string; isLoaded: boolean };
  };
  RepositoryModelUnload: {
    request: WireRepositoryModelRequest;
    response: { model_name: string; isUnloaded: boolean };
  };
  ModelStatistics: {
    request: { name: string; version: string };
    response: { model_stats: WireModelStatistics[] };
  };
  ModelConfig: { request: { name: string; version: string }; response: { config: WireModelConfig } };
}
