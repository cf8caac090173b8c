/** What a mutant is: a server that is right but for one thing, described as data and functions on what passes through it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { SuiteName, Transport } from '../../src/checks/case.js';
import type { OipError } from '../../src/protocol/status.js';
import type { InferRequest, InferResponse, Tensor } from '../../src/protocol/tensor.js';

/** An answer that changes may come later, or never: a promise that never settles is a server that hangs. */
type Soon<T> = T | Promise<T>;

/** One inference, alike over gRPC, in a stream, and over REST. */
export interface Inference {
  transport: Transport;
  /** It came in a ModelStreamInfer. */
  streamed: boolean;
  /** As the client sent it; absent where nothing can be made of it. */
  request: InferRequest | undefined;
  /** As the real server gave it. A change in place counts where it is returned. */
  answer: InferResponse | OipError;
}

/** Any other RPC, or its route: `ModelMetadata`, `RepositoryIndex`, `HealthCheck` of grpc.health.v1 … */
export interface Fact {
  transport: Transport;
  /** Name of the RPC. */
  method: string;
  /** Fields as the proto file names them; over REST what stands in the path: `name`, `version`. */
  request: Readonly<Record<string, unknown>>;
  /** Fields as the proto file names them; the index over REST is `models`, too. */
  answer: Record<string, unknown> | OipError;
}

/** An HTTP/1.1 exchange, its body as it is on the wire. */
export interface HttpPass {
  request: { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer };
  answer: { status: number; headers: IncomingHttpHeaders; body: Buffer };
}

/** A unary gRPC exchange over HTTP/2, its messages without their frames, decompressed. */
export interface GrpcPass {
  /** `/inference.GRPCInferenceService/ModelInfer`. */
  path: string;
  /** Of the request. */
  headers: IncomingHttpHeaders;
  request: Buffer | undefined;
  answer: {
    headers: Record<string, string>;
    message: Buffer | undefined;
    /** `grpc-status` and `grpc-message` are here, whatever frame they came in. */
    trailers: Record<string, string>;
    /** Bytes that go out in place of the frame of the message. */
    frame?: Buffer;
  };
}

/** Where the answers of a ModelStreamInfer go. */
export interface StreamOut {
  /** The bytes of a ModelStreamInferResponse. */
  send(message: Buffer): void;
  /** Ends the stream with status OK, unless another one is given. */
  end(status?: OipError): void;
}

/**
 * What is wrong. Everything that a function is absent for, or answers `undefined` for, passes as it is, byte for byte.
 * First `ask`, then the real server, then `infer` or `fact`, `raw`, and `stream`, `grpc` or `http` at last.
 */
export interface Behaviour {
  /** Changes the headers that the real server is sent. */
  headers?(headers: IncomingHttpHeaders): IncomingHttpHeaders;
  /** Changes what the real server is asked. */
  ask?(request: InferRequest, transport: Transport): Soon<InferRequest | undefined>;
  infer?(inference: Inference): Soon<InferResponse | OipError | undefined>;
  /** Changes the bytes of an output that is answered in raw form. */
  raw?(bytes: Buffer, output: Pick<Tensor, 'name' | 'datatype' | 'shape'>): Buffer;
  fact?(fact: Fact): Soon<Record<string, unknown> | OipError | undefined>;
  /** Answers in place of the real server, which is not asked. */
  instead?(fact: Omit<Fact, 'answer'>): Soon<Record<string, unknown> | OipError | undefined>;
  /** A client gave a call up before it was answered. */
  cancelled?(): void;
  http?(pass: HttpPass): Soon<HttpPass['answer'] | undefined>;
  grpc?(pass: GrpcPass): Soon<GrpcPass['answer'] | undefined>;
  /** Stands between the answers of one ModelStreamInfer and its client. */
  stream?(out: StreamOut): StreamOut;
}

/** What a behaviour can do to the whole server. */
export interface MutantControl {
  /** Ends every connection, and refuses new ones. */
  die(): void;
}

/** A server that is wrong in one way. */
export interface Mutation {
  /** In kebab-case. */
  name: string;
  /** What is wrong, as a line of a table. */
  what: string;
  /** Suites that must catch it. */
  suites: readonly SuiteName[];
  /** Made anew for each server, so that it may remember. */
  behave(control: MutantControl): Behaviour;
}
