/** The client port over gRPC. Cheap to start and quick to notice a server that comes up, since it probes readiness. */
import {
  Client,
  credentials,
  type CallOptions as GrpcCallOptions,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { CallOptions, InferCall, InferenceClient } from './client.js';
import { decodeModelMetadata } from './grpc-messages.js';
import { completeCall, defaultTimeoutMs, malformedAnswer } from './infer-call.js';
import { noMessageLimits } from './message-limits.js';
import { type ClientMethods, clientServiceDefinition } from './service-definition.js';
import { OipError, oipError, oipErrorFromGrpc } from './status.js';
import { decodeInferResponse, encodeInferRequest } from './wire/infer-messages.js';

export interface GrpcClientOptions {
  /** `host:port`, in plain text. */
  endpoint: string;
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

/** Made with this module, which is loaded while a server starts, and not with the first call, which waits for it. */
const methods = clientServiceDefinition();

/** A client of the gRPC service at `endpoint`; it connects with the first call. */
export function createGrpcClient({ endpoint }: GrpcClientOptions): InferenceClient {
  const client = new Client(endpoint, credentials.createInsecure(), channelOptions);
  const call = <Method extends keyof ClientMethods>(
    method: Method,
    request: ClientMethods[Method]['request'],
    options: CallOptions = {},
  ): Promise<ClientMethods[Method]['response']> => unaryCall(client, method, request, options);

  return {
    transport: 'grpc',
    endpoint,
    async serverLive(options) {
      return (await call('ServerLive', {}, options)).live;
    },
    async serverReady(options) {
      return (await call('ServerReady', {}, options)).ready;
    },
    async modelReady(name, version = '', options = {}) {
      return (await call('ModelReady', { name, version }, options)).ready;
    },
    async serverMetadata(options) {
      const { name, version, extensions } = await call('ServerMetadata', {}, options);
      return { name, version, extensions: [...extensions] };
    },
    async modelMetadata(name, version = '', options = {}) {
      return decodeModelMetadata(await call('ModelMetadata', { name, version }, options));
    },
    async repositoryIndex(options) {
      const { models } = await call('RepositoryIndex', { repository_name: '', ready: false }, options);
      return models.map(({ name, version, state, reason }) => ({ name, version, state, reason }));
    },
    async infer(inferCall: InferCall, options) {
      const response = await call('ModelInfer', encodeInferRequest(completeCall(inferCall)), options);
      return malformedAnswer(() => decodeInferResponse(response, noMessageLimits));
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

function unaryCall<Method extends keyof ClientMethods>(
  client: Client,
  method: Method,
  request: ClientMethods[Method]['request'],
  { timeoutMs = defaultTimeoutMs, signal }: CallOptions,
): Promise<ClientMethods[Method]['response']> {
  const { path, requestSerialize, responseDeserialize } = methods[method];
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
      settle(oipError('DEADLINE_EXCEEDED', `${method} had no answer within ${Math.round(timeoutMs)} ms`));
      cancel();
    }, timeoutMs);
    const settle = (error: OipError | null, response?: ClientMethods[Method]['response']): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      if (error) reject(error);
      else resolve(response as ClientMethods[Method]['response']);
    };
    try {
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
        options,
        (error, response) => settle(error && fromServiceError(error, method, timeoutMs), response),
      );
      cancel = () => call.cancel();
      signal?.addEventListener('abort', abort, { once: true });
    } catch (error) {
      settle(
        error instanceof OipError ? error : oipError('UNREACHABLE', `${method}: ${String(error)}`, { cause: error }),
      );
    }
  });
}

function fromServiceError(error: ServiceError, method: string, timeoutMs: number): OipError {
  const message =
    error.code === status.DEADLINE_EXCEEDED
      ? `${method} had no answer within ${Math.round(timeoutMs)} ms`
      : // What the library adds for its own debugging is of no use to anybody else.
        error.details.replace(/ Last error: Error: (.*?)\.? Resolution note: *$/, ' $1');
  return oipErrorFromGrpc(error.code, message || `${method} failed with status ${error.code}`, { cause: error });
}
