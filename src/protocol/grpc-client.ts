/** The client port over gRPC. Cheap to start and quick to notice a server that comes up, since it probes readiness. */
import type { CallOptions, InferCall, InferenceClient } from './client.js';
import { createGrpcChannel, type GrpcChannel, type GrpcChannelOptions } from './grpc-channel.js';
import { decodeModelMetadata } from './grpc-messages.js';
import { completeCall, malformedAnswer } from './infer-call.js';
import { noMessageLimits } from './message-limits.js';
import { type ClientMethods, clientServiceDefinition } from './service-definition.js';
import { decodeInferResponse, encodeInferRequest } from './wire/infer-messages.js';

/** Made with this module, which is loaded while a server starts, and not with the first call, which waits for it. */
const methods = clientServiceDefinition();

/** A client of the gRPC service at `endpoint`; it connects with the first call. */
export function createGrpcClient(options: GrpcChannelOptions): InferenceClient {
  return grpcClientOver(createGrpcChannel(options), options.endpoint);
}

/** A client that calls over a channel, which it closes when it is disposed. */
export function grpcClientOver(channel: GrpcChannel, endpoint: string): InferenceClient {
  const call = <Method extends keyof ClientMethods>(
    method: Method,
    request: ClientMethods[Method]['request'],
    options?: CallOptions,
  ): Promise<ClientMethods[Method]['response']> => channel.unary(methods[method], request, options);

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
    async repositoryIndex({ ready = false, ...options } = {}) {
      const { models } = await call('RepositoryIndex', { repository_name: '', ready }, options);
      return models.map(({ name, version, state, reason }) => ({ name, version, state, reason }));
    },
    async infer(inferCall: InferCall, options) {
      const response = await call('ModelInfer', encodeInferRequest(completeCall(inferCall)), options);
      return malformedAnswer(() => decodeInferResponse(response, noMessageLimits));
    },
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}
