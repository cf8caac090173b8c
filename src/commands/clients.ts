/** Clients for a server's address, over each transport it is reached by. */
import type { InferenceClient } from '../protocol/client.js';
import type { GrpcChannelOptions } from '../protocol/grpc-channel.js';
import type { HttpSenderOptions } from '../protocol/http-exchange.js';
import { createRestClient } from '../protocol/rest-client.js';
import { withOurWords } from './endpoint-trouble.js';
import { grpcAddressOf, restAddressOf } from './endpoint-words.js';
import type { ServerAddress } from './find-environment.js';

/** A client for each transport that the server is reached by. Dispose it: clients hold connections. */
export interface Clients extends AsyncDisposable {
  byTransport: { grpc?: InferenceClient; rest?: InferenceClient };
  /** gRPC where there is a choice. */
  preferred: InferenceClient;
}

/** What its errors say of TLS is in our words, and no secret is in them. @throws UsageError when an address is none */
export async function connectClients(address: ServerAddress): Promise<Clients> {
  const grpc = grpcOptions(address);
  const rest = restOptions(address);
  const byTransport = {
    ...(grpc && { grpc: withOurWords(await grpcClient(grpc), grpc, address.secrets) }),
    ...(rest && { rest: withOurWords(createRestClient(rest), rest, address.secrets) }),
  };
  const preferred = byTransport.grpc ?? byTransport.rest;
  if (preferred === undefined) throw new Error('A server address has at least one endpoint');
  return {
    byTransport,
    preferred,
    async [Symbol.asyncDispose]() {
      await byTransport.grpc?.[Symbol.asyncDispose]();
      await byTransport.rest?.[Symbol.asyncDispose]();
    },
  };
}

/** What a gRPC channel to the address is made with; undefined where it has no gRPC. @throws UsageError */
export function grpcOptions({ grpc, tls = {}, headers }: ServerAddress): GrpcChannelOptions | undefined {
  if (grpc === undefined) return undefined;
  const { endpoint, tls: secure } = grpcAddressOf(grpc);
  // HTTP/2 has no header of that name: gateways that choose by it look at the authority.
  const { host: authority, ...others } = headers ?? {};
  return {
    endpoint,
    ...(secure && { tls }),
    ...(authority !== undefined && { authority }),
    ...(Object.keys(others).length > 0 && { headers: others }),
  };
}

/** What an HTTP sender to the address is made with; undefined where it has no REST. @throws UsageError */
export function restOptions({ http, tls = {}, headers }: ServerAddress): HttpSenderOptions | undefined {
  if (http === undefined) return undefined;
  const { baseUrl, tls: secure } = restAddressOf(http);
  return { baseUrl, ...(secure && { tls }), ...(headers && { headers }) };
}

/** gRPC is loaded where it is spoken: it takes longer than all that some verbs do. */
async function grpcClient(options: GrpcChannelOptions): Promise<InferenceClient> {
  const { createGrpcClient } = await import('../protocol/grpc-client.js');
  return createGrpcClient(options);
}
