/** A real server on ports of the system's choice, with clients of ours and independent ones. */
import { fileURLToPath } from 'node:url';
import { type ChannelOptions, type Client, credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { modelConfigSchema } from '../../../src/models/kinds.js';
import { type ServerConfig, serverConfigSchema } from '../../../src/models/server-config.js';
import type { InferenceClient } from '../../../src/protocol/client.js';
import { createGrpcClient } from '../../../src/protocol/grpc-client.js';
import { createRestClient } from '../../../src/protocol/rest-client.js';
import { type RunningServer, type StartServerOptions, startServer } from '../../../src/server/start-server.js';

/** One model of each kind, and a strict one. */
export const models = [
  { kind: 'scale', name: 'scaler', aliases: ['simple-scaler'] },
  { kind: 'scale', name: 'any_scaler', datatype: 'any' },
  { kind: 'scale', name: 'int8_scaler', datatype: 'INT8' },
  { kind: 'scale', name: 'strict', strictInputs: true },
  { kind: 'sum', name: 'sum' },
  { kind: 'product', name: 'product', datatype: 'any' },
  { kind: 'linear', name: 'linear', weights: [2, -1, 0.5], bias: 10 },
  { kind: 'identity', name: 'identity' },
  { kind: 'identity', name: 'raw_identity', output: 'raw' },
  { kind: 'identity', name: 'typed_identity', output: 'typed' },
  { kind: 'add_sub', name: 'simple' },
].map((model) => modelConfigSchema.parse(model));

export const config: ServerConfig = serverConfigSchema.parse({
  version: '9.9.9',
  host: '127.0.0.1',
  grpcPort: 0,
  httpPort: 0,
  models,
});

export interface TestServer extends AsyncDisposable {
  server: RunningServer;
  /** `host:port` of gRPC. */
  endpoint: string;
  baseUrl: string;
  grpc: InferenceClient;
  rest: InferenceClient;
  wire: WireClient;
}

export async function serve(options: StartServerOptions = {}, more: Partial<ServerConfig> = {}): Promise<TestServer> {
  const server = await startServer({ ...config, ...more }, options);
  const endpoint = `127.0.0.1:${server.grpcPort}`;
  const baseUrl = `http://127.0.0.1:${server.httpPort}`;
  const grpc = createGrpcClient({ endpoint });
  const rest = createRestClient({ baseUrl });
  const wire = createWireClient(endpoint);
  return {
    server,
    endpoint,
    baseUrl,
    grpc,
    rest,
    wire,
    async [Symbol.asyncDispose]() {
      wire.close();
      await grpc[Symbol.asyncDispose]();
      await rest[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

type Message = Record<string, unknown>;

/** A client that shares nothing with ours but the proto file. */
export interface WireClient {
  /** The response in plain values, int64 as strings; throws ServiceError. */
  call(method: string, message?: Message): Promise<Message>;
  close(): void;
}

const protoFile = fileURLToPath(new URL('../../../proto/inference.proto', import.meta.url));

export function createWireClient(
  endpoint: string,
  options: ChannelOptions = {},
  secrets = credentials.createInsecure(),
): WireClient {
  const loaded = loadPackageDefinition(loadSync(protoFile, { keepCase: true, longs: String, oneofs: true }));
  const { GRPCInferenceService } = loaded.inference as unknown as {
    GRPCInferenceService: new (endpoint: string, secrets: unknown, options: ChannelOptions) => Client;
  };
  const client = new GRPCInferenceService(endpoint, secrets, options);
  type Unary = (message: Message, done: (error: ServiceError | null, response: Message) => void) => void;
  return {
    call: (method, message = {}) =>
      new Promise((resolve, reject) => {
        const unary = (client as unknown as Record<string, Unary>)[method];
        unary?.call(client, message, (error, response) => (error ? reject(error) : resolve(response)));
      }),
    close: () => client.close(),
  };
}

/** A POST of `body` to a path of the server. */
export async function post(url: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', body, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}
