/** Opens the connections that checks go over: a channel and a sender, and a client on top of each. */
import { createGrpcChannel, type GrpcChannelOptions } from '../protocol/grpc-channel.js';
import { grpcClientOver } from '../protocol/grpc-client.js';
import { createHttpSender, type HttpSenderOptions } from '../protocol/http-exchange.js';
import { createHttp2Sender } from '../protocol/http2-exchange.js';
import { restClientOver } from '../protocol/rest-client.js';
import type { Connect, Connections } from './probe.js';

/** Where a server is reached, and how. A transport that is absent is not checked. */
export interface ConnectionOptions {
  grpc?: GrpcChannelOptions;
  rest?: HttpSenderOptions;
}

/** Connects with the first call. */
export function openConnections(
  options: ConnectionOptions,
  { compression, headers }: Parameters<Connect>[0] = {},
): Connections {
  const grpc = options.grpc && { ...options.grpc, headers: { ...options.grpc.headers, ...headers } };
  const rest = options.rest && { ...options.rest, headers: { ...options.rest.headers, ...headers } };
  const channel = grpc && createGrpcChannel({ ...grpc, ...(compression && { compression }) });
  const http2 = grpc && createHttp2Sender(grpc);
  const sender = rest && createHttpSender(rest);
  return {
    ...(grpc && channel && http2 && { grpc: { channel, http2, client: grpcClientOver(channel, grpc.endpoint) } }),
    ...(rest && sender && { rest: { sender, client: restClientOver(sender, rest.baseUrl) } }),
    async [Symbol.asyncDispose]() {
      await channel?.[Symbol.asyncDispose]();
      await http2?.[Symbol.asyncDispose]();
      await sender?.[Symbol.asyncDispose]();
    },
  };
}
