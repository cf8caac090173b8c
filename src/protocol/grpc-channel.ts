/** A connection to a gRPC server, and calls over it: what the gRPC client is made of. */
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type CallOptions as GrpcCallOptions,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { CallOptions } from './client.js';
import type { ConnectionSettings, TlsSettings } from './connection.js';
import { defaultTimeoutMs } from './infer-call.js';
import { OipError, oipError, oipErrorFromGrpc } from './status.js';

export interface GrpcChannelOptions extends ConnectionSettings {
  /** `host:port`. */
  endpoint: string;
  /** What the server is told that it is, as `Host` tells it over HTTP/1.1; the endpoint unless given. */
  authority?: string;
  /** What messages are sent in. */
  compression?: 'gzip' | 'deflate';
}

/** How one method is called. */
export interface GrpcMethod<Request, Response> {
  /** `/package.Service/Method`. */
  path: string;
  requestSerialize(request: Request): Buffer;
  responseDeserialize(bytes: Buffer): Response;
}

/** A stream of both directions. */
export interface GrpcStream<Request, Response> {
  send(request: Request): void;
  /** No more will be sent. */
  end(): void;
  cancel(): void;
  /** Messages as they come; throws OipError where the stream ends with an error. Read it once. */
  responses: AsyncIterable<Response>;
}

/** Connects with the first call. Dispose it. */
export interface GrpcChannel extends AsyncDisposable {
  /** Throws OipError, and settles within the time-out. */
  unary<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response>;
  /** `timeoutMs` is for the whole stream. */
  stream<Request, Response>(
    method: GrpcMethod<Request, Response>,
    options?: CallOptions,
  ): GrpcStream<Request, Response>;
}

const channelOptions = {
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // A proxy from the environment is meant for the internet, not for this machine.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  // Another client's back-off must not delay this one.
  'grpc.use_local_subchannel_pool': 1,
};

const compressionAlgorithms = { deflate: 1, gzip: 2 } as const;

/** A channel to `endpoint`. Throws Error where certificate or key are none. */
export function createGrpcChannel(options: GrpcChannelOptions): GrpcChannel {
  const { endpoint, tls, headers = {}, authority, compression } = options;
  const client = new Client(endpoint, channelCredentials(tls), {
    ...channelOptions,
    ...(tls?.serverName !== undefined && { 'grpc.ssl_target_name_override': tls.serverName }),
    ...(authority !== undefined && { 'grpc.default_authority': authority }),
    ...(compression && { 'grpc.default_compression_algorithm': compressionAlgorithms[compression] }),
  });
  const metadata = (): Metadata => {
    const sent = new Metadata();
    for (const [name, value] of Object.entries(headers)) sent.set(name, value);
    return sent;
  };
  return {
    unary: (method, request, options) => unaryCall(client, method, request, metadata(), options),
    stream: (method, options) => streamCall(client, method, metadata(), options),
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

function channelCredentials(tls: TlsSettings | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { ca = null, key = null, cert = null, insecure = false } = tls;
  return credentials.createSsl(ca, key, cert, { rejectUnauthorized: !insecure });
}

/** `/inference.GRPCInferenceService/ModelInfer` → `ModelInfer`. */
const nameOf = (path: string): string => path.replace(/^.*\//, '');

function unaryCall<Request, Response>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: GrpcMethod<Request, Response>,
  request: Request,
  metadata: Metadata,
  { timeoutMs = defaultTimeoutMs, signal }: CallOptions = {},
): Promise<Response> {
  const method = nameOf(path);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(oipError('CANCELLED', `${method} was cancelled`, { cause: signal.reason }));
      return;
    }
    const options: GrpcCallOptions = { deadline: Date.now() + timeoutMs };
    let cancel = (): void => {};
    const abort = (): void => cancel();
    // The wall clock may jump; this timer cannot.
    const timer = setTimeout(() => {
      settle(tooLate(method, timeoutMs));
      cancel();
    }, timeoutMs);
    const settle = (error: OipError | null, response?: Response): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      if (error) reject(error);
      else resolve(response as Response);
    };
    try {
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        (error, response) => settle(error && fromServiceError(error, method, timeoutMs), response),
      );
      cancel = () => call.cancel();
      signal?.addEventListener('abort', abort, { once: true });
    } catch (error) {
      settle(asOipError(error, method));
    }
  });
}

function streamCall<Request, Response>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: GrpcMethod<Request, Response>,
  metadata: Metadata,
  { timeoutMs = defaultTimeoutMs, signal }: CallOptions = {},
): GrpcStream<Request, Response> {
  const method = nameOf(path);
  const options: GrpcCallOptions = { deadline: Date.now() + timeoutMs };
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    call.cancel();
  }, timeoutMs);
  const abort = (): void => call.cancel();
  if (signal?.aborted) call.cancel();
  signal?.addEventListener('abort', abort, { once: true });
  const end = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
  call.once('close', end);
  // Whoever does not read to the end must not lose the process to an error that nobody hears; and whoever begins to read
  // after it must hear of it.
  let failure: unknown;
  call.on('error', (error) => {
    failure ??= error;
    end();
  });
  const toOipError = (error: unknown): OipError => {
    if (late) return tooLate(method, timeoutMs);
    if (error instanceof OipError) return error;
    return fromServiceError(error as ServiceError, method, timeoutMs);
  };
  return {
    send: (request) => void call.write(request),
    end: () => call.end(),
    cancel: () => call.cancel(),
    responses: readAll(call, toOipError, () => failure),
  };
}

async function* readAll<Request, Response>(
  call: ClientDuplexStream<Request, Response>,
  toOipError: (error: unknown) => OipError,
  failure: () => unknown,
): AsyncGenerator<Response> {
  try {
    for await (const response of call) yield response as Response;
    if (failure() !== undefined) throw failure();
  } catch (error) {
    throw toOipError(error);
  }
}

function tooLate(method: string, timeoutMs: number): OipError {
  return oipError('DEADLINE_EXCEEDED', `${method} had no answer within ${Math.round(timeoutMs)} ms`);
}

function asOipError(error: unknown, method: string): OipError {
  return error instanceof OipError ? error : oipError('UNREACHABLE', `${method}: ${String(error)}`, { cause: error });
}

function fromServiceError(error: ServiceError, method: string, timeoutMs: number): OipError {
  if (error.code === status.DEADLINE_EXCEEDED) {
    const { message } = tooLate(method, timeoutMs);
    return oipErrorFromGrpc(error.code, message, { cause: error });
  }
  // What the library adds for its own debugging is of no use to anybody else.
  const words = error.details?.replace(/ Last error: Error: (.*?)\.? Resolution note: *$/, ' $1');
  return oipErrorFromGrpc(error.code, words || `${method} failed with status ${error.code}`, { cause: error });
}
