/** A case's hands: calls to the server over every transport, each of them remembered for the report. */
import { setMaxListeners } from 'node:events';
import type { CallOptions, InferCall, InferenceClient } from '../protocol/client.js';
import type { GrpcChannel } from '../protocol/grpc-channel.js';
import type { HttpAnswer, HttpRequest, HttpSender } from '../protocol/http-exchange.js';
import type { Http2Answer, Http2Request, Http2Sender } from '../protocol/http2-exchange.js';
import { bytesMethod } from '../protocol/service-definition.js';
import type { InferResponse } from '../protocol/tensor.js';
import { CaseSkipped, type Transport } from './case.js';
import {
  type Exchange,
  errorLine,
  factLine,
  http2AnswerLines,
  httpAnswerLines,
  httpRequestLines,
  requestLines,
  responseLines,
  textOrSize,
} from './exchange.js';
import type { FaultPort } from './fault-port.js';
import type { ServerProfile } from './profile.js';

/** Connections to a server, opened for a whole run. */
export interface Connections extends AsyncDisposable {
  /** Absent where the server is not reached over this transport. */
  grpc?: { channel: GrpcChannel; http2: Http2Sender; client: InferenceClient };
  rest?: { sender: HttpSender; client: InferenceClient };
}

/** What opens connections beside those of the run, for cases about many of them. The caller disposes of them. */
export type Connect = (options?: {
  /** Of what is sent over gRPC. */
  compression?: 'gzip' | 'deflate';
  /** Sent with every call, beside those that the run was told to send. Names in lower case. */
  headers?: Readonly<Record<string, string>>;
}) => Connections;

export interface ProbeOptions {
  server: ServerProfile;
  connections: Connections;
  connect: Connect;
  /** Aborted when the run is. */
  signal: AbortSignal;
  /** Milliseconds of each call. */
  timeoutMs: number;
  /** Requests that cases of concurrency have in flight. */
  concurrency: number;
  /** Absent where nobody can order faults of the server. */
  faults?: FaultPort;
}

/** How bytes are sent. */
export interface BytesOptions extends CallOptions {
  /** Lines that say more of them to a person than the bytes themselves. */
  asked?: () => string[];
}

/** Exchanges that are remembered: the last ones are what a failure is about. */
const remembered = 3;

/** The hands of one case. */
export class Probe {
  readonly server: ServerProfile;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly faults: FaultPort | undefined;
  private readonly connections: Connections;
  private readonly open: Connect;
  /** As functions, so that nothing is rendered of a case that passes. */
  private readonly recorded: (() => Exchange)[] = [];

  constructor({ server, connections, connect, signal, timeoutMs, concurrency, faults }: ProbeOptions) {
    this.faults = faults;
    this.server = server;
    this.connections = connections;
    this.open = connect;
    this.signal = signal;
    // Cases have hundreds of calls in flight, each of which listens.
    setMaxListeners(0, signal);
    this.timeoutMs = timeoutMs;
    this.concurrency = concurrency;
  }

  /** The last requests and answers, oldest first. */
  exchanges(): Exchange[] {
    return this.recorded.map((render) => render());
  }

  /** A client whose every call is remembered. Throws CaseSkipped where the transport is not reached. */
  client(transport: Transport): InferenceClient {
    return this.recording(this.connection(transport).client);
  }

  /** One ModelInfer over a transport. Throws OipError. */
  infer(transport: Transport, call: InferCall, options?: CallOptions): Promise<InferResponse> {
    return this.client(transport).infer(call, options);
  }

  /** Any HTTP request. Throws OipError only where there is no answer. */
  async http(request: HttpRequest, { asked, ...options }: BytesOptions = {}): Promise<HttpAnswer> {
    const { sender } = this.connection('rest');
    return await this.record('rest', `${request.method} ${request.path}`, {
      ask: () => sender.send(request, this.callOptions(options)),
      request: asked ?? (() => httpRequestLines(request)),
      answer: httpAnswerLines,
    });
  }

  /** Any bytes as the request of a method of inference.GRPCInferenceService; the answer's bytes. Throws OipError. */
  async grpcBytes(method: string, message: Uint8Array, { asked, ...options }: BytesOptions = {}): Promise<Buffer> {
    return await this.record('grpc', method, {
      ask: () => this.channel().unary(bytesMethod(method), Buffer.from(message), this.callOptions(options)),
      request: asked ?? (() => [textOrSize(message)]),
      answer: (bytes) => [textOrSize(bytes)],
    });
  }

  /** Any HTTP/2 request to the gRPC server; headers, trailers and frames of the answer. Throws OipError only where there is none. */
  async http2(request: Http2Request, { asked, ...options }: BytesOptions = {}): Promise<Http2Answer> {
    const { grpc } = this.connections;
    if (grpc === undefined) throw new CaseSkipped('no gRPC endpoint');
    return await this.record('grpc', `POST ${request.path}`, {
      ask: () => grpc.http2.send(request, this.callOptions(options)),
      request: asked ?? (() => httpRequestLines(request)),
      answer: http2AnswerLines,
    });
  }

  /** The run's own connection to the gRPC server, for streams. What goes over it is not remembered: see `remember`. */
  channel(): GrpcChannel {
    const { grpc } = this.connections;
    if (grpc === undefined) throw new CaseSkipped('no gRPC endpoint');
    return grpc.channel;
  }

  /** Opens connections beside those of the run. Dispose of them. */
  connect(options?: Parameters<Connect>[0]): Connections {
    return this.open(options);
  }

  /** A client of somebody's connections, whose every call is remembered. */
  recording(client: InferenceClient): InferenceClient {
    const { transport } = client;
    const facts = <T>(call: string, asked: unknown, ask: () => Promise<T>) =>
      this.record(transport, call, { ask, request: () => [factLine(asked)], answer: (answer) => [factLine(answer)] });
    return {
      transport,
      endpoint: client.endpoint,
      serverLive: (options) => facts('ServerLive', {}, () => client.serverLive(this.callOptions(options))),
      serverReady: (options) => facts('ServerReady', {}, () => client.serverReady(this.callOptions(options))),
      serverMetadata: (options) => facts('ServerMetadata', {}, () => client.serverMetadata(this.callOptions(options))),
      modelReady: (name, version, options) =>
        facts('ModelReady', { name, version }, () => client.modelReady(name, version, this.callOptions(options))),
      modelMetadata: (name, version, options) =>
        facts('ModelMetadata', { name, version }, () => client.modelMetadata(name, version, this.callOptions(options))),
      repositoryIndex: ({ ready = false, ...options } = {}) =>
        facts('RepositoryIndex', { ready }, () => client.repositoryIndex({ ...this.callOptions(options), ready })),
      infer: (call, options) =>
        this.record(transport, 'ModelInfer', {
          ask: () => client.infer(call, this.callOptions(options)),
          request: () => requestLines(call),
          answer: responseLines,
        }),
      // Whoever opened the connections closes them.
      [Symbol.asyncDispose]: async () => {},
    };
  }

  /** Remembers an exchange that went some other way. The lines are asked for only where the case does not pass. */
  remember(exchange: () => Exchange): void {
    this.recorded.push(exchange);
    if (this.recorded.length > remembered) this.recorded.shift();
  }

  private async record<T>(
    transport: Transport,
    call: string,
    { ask, request, answer }: { ask: () => Promise<T>; request: () => string[]; answer: (value: T) => string[] },
  ): Promise<T> {
    const start = performance.now();
    const keep = (lines: () => string[]) => {
      const ms = Math.round((performance.now() - start) * 10) / 10;
      this.remember(() => ({ transport, call, request: request(), answer: lines(), ms }));
    };
    try {
      const value = await ask();
      keep(() => answer(value));
      return value;
    } catch (error) {
      keep(() => [errorLine(error)]);
      throw error;
    }
  }

  private callOptions(options?: CallOptions): CallOptions {
    return { signal: this.signal, timeoutMs: this.timeoutMs, ...options };
  }

  private connection(transport: 'rest'): NonNullable<Connections['rest']>;
  private connection(transport: Transport): { client: InferenceClient };
  private connection(transport: Transport): { client: InferenceClient } {
    const connection = this.connections[transport];
    if (connection === undefined) throw new CaseSkipped(`no ${transport} endpoint`);
    return connection;
  }
}
