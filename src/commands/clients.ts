/** Clients for a server's address, over each transport it is reached by. */
import { UsageError } from '../errors.js';
import type { InferenceClient } from '../protocol/client.js';
import { createRestClient } from '../protocol/rest-client.js';
import type { ServerAddress } from './find-environment.js';

/** A client for each transport that the server is reached by. Dispose it: clients hold connections. */
export interface Clients extends AsyncDisposable {
  byTransport: { grpc?: InferenceClient; rest?: InferenceClient };
  /** gRPC where there is a choice. */
  preferred: InferenceClient;
}

/** @throws UsageError when an address is none */
export async function connectClients({ grpc, http }: ServerAddress): Promise<Clients> {
  const byTransport = {
    ...(grpc !== undefined && { grpc: await grpcClient(grpcAddress(grpc)) }),
    ...(http !== undefined && { rest: createRestClient({ baseUrl: baseUrl(http) }) }),
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

/** gRPC is loaded where it is spoken: it takes longer than all that some verbs do. */
async function grpcClient(endpoint: string): Promise<InferenceClient> {
  const { createGrpcClient } = await import('../protocol/grpc-client.js');
  return createGrpcClient({ endpoint });
}

function grpcAddress(text: string): string {
  const port = Number(/^(?:\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/i.exec(text)?.[1] ?? 0);
  if (port >= 1 && port <= 65_535) return text;
  throw new UsageError(`--endpoint: expected host:port, got ${JSON.stringify(text)}`, {
    hint: /^https?:/.test(text) ? `use --rest-url ${text}` : 'for example --endpoint 127.0.0.1:9081',
  });
}

function baseUrl(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'http:') return text.replace(/\/+$/, '');
  throw new UsageError(`--rest-url: expected an http URL, got ${JSON.stringify(text)}`, {
    hint: 'for example --rest-url http://127.0.0.1:9080',
  });
}
