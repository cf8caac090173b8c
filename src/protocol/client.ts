/** The client port: the Open Inference Protocol as seen from outside, over either transport. */
import type { InferRequest, InferResponse, ModelMetadata, ServerMetadata } from './tensor.js';

export interface CallOptions {
  /** Milliseconds until the call fails with status DEADLINE_EXCEEDED; 10,000 unless given. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** One version of a model in the index of a server's repository. */
export interface RepositoryEntry {
  name: string;
  /** Empty where the server names none. */
  version: string;
  /** `LOADING`, `READY`, `UNLOADING` or `UNAVAILABLE`; other servers know others, and may leave it empty. */
  state: string;
  /** Why it is not ready, where the server says so; else empty. */
  reason: string;
}

/** What a caller gives for an inference; everything but model and inputs has the protocol's default. */
export type InferCall = Pick<InferRequest, 'modelName' | 'inputs'> & Partial<InferRequest>;

/**
 * Every call throws OipError (status.ts) when the server or the transport answers with an error,
 * and settles within its time-out.
 */
export interface InferenceClient extends AsyncDisposable {
  readonly transport: 'grpc' | 'rest';
  /** `host:port` for gRPC, a base URL for REST. */
  readonly endpoint: string;
  serverLive(options?: CallOptions): Promise<boolean>;
  serverReady(options?: CallOptions): Promise<boolean>;
  modelReady(name: string, version?: string, options?: CallOptions): Promise<boolean>;
  serverMetadata(options?: CallOptions): Promise<ServerMetadata>;
  modelMetadata(name: string, version?: string, options?: CallOptions): Promise<ModelMetadata>;
  /**
   * Every version of every model, or only those that are ready; throws UNIMPLEMENTED where the server has no repository
   * extension.
   */
  repositoryIndex(options?: CallOptions & { ready?: boolean }): Promise<RepositoryEntry[]>;
  infer(call: InferCall, options?: CallOptions): Promise<InferResponse>;
}
