/** The gRPC transport: messages in, data plane, messages out. */
import {
  type handleUnaryCall,
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { inferRequestOf, type ServerMethods, serverServiceDefinition } from '../../protocol/service-definition.js';
import { encodeInferResponse } from '../../protocol/wire/infer-messages.js';
import type { WireExtensionMethods } from '../../protocol/wire-extensions.js';
import { asOipError, type DataPlane } from '../data-plane.js';
import type { Logger } from '../telemetry/logger.js';
import type { RunningTransport, TransportOptions } from '../transport.js';

type Handlers = {
  [Method in Exclude<keyof ServerMethods, keyof WireExtensionMethods | 'ModelStreamInfer'>]: (
    request: ServerMethods[Method]['request'],
  ) => ServerMethods[Method]['response'] | Promise<ServerMethods[Method]['response']>;
};

/** Listens for gRPC in plain text. Rejects with the system's words where the port cannot be had. */
export async function startGrpcServer({
  host,
  port,
  dataPlane,
  limits,
  log,
}: TransportOptions): Promise<RunningTransport> {
  // What grpc-js would print beside our own lines comes back as an error anyway.
  if (!process.env.GRPC_VERBOSITY) setLogVerbosity(logVerbosity.NONE);
  const server = new Server({ 'grpc.max_receive_message_length': limits.maxReceiveMessageBytes });
  const handlers = createHandlers(dataPlane);
  const implementation = Object.fromEntries(
    Object.entries(handlers).map(([method, handler]) => [method, unary(handler as UnaryHandler, log)]),
  );
  server.addService(serverServiceDefinition(limits), implementation as UntypedServiceImplementation);
  const bound = await new Promise<number>((resolve, reject) => {
    const address = host.includes(':') ? `[${host}]` : host;
    server.bindAsync(`${address}:${port}`, ServerCredentials.createInsecure(), (error, chosen) =>
      error ? reject(error) : resolve(chosen),
    );
  });
  return {
    port: bound,
    stop: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
    cut: () => server.forceShutdown(),
  };
}

function createHandlers(dataPlane: DataPlane): Handlers {
  return {
    ServerLive: () => ({ live: dataPlane.serverLive() }),
    ServerReady: () => ({ ready: dataPlane.serverReady() }),
    ModelReady: ({ name, version }) => ({ ready: dataPlane.modelReady(name, version) }),
    ServerMetadata: () => dataPlane.serverMetadata(),
    ModelMetadata: ({ name, version }) => dataPlane.modelMetadata(name, version),
    ModelInfer: async (decoded) => encodeInferResponse(await dataPlane.infer(inferRequestOf(decoded))),
  };
}

type UnaryHandler = (request: unknown) => unknown;

function unary(handler: UnaryHandler, log: Logger): handleUnaryCall<unknown, unknown> {
  return async (call, callback) => {
    try {
      callback(null, await handler(call.request));
    } catch (error) {
      const { grpcCode, message } = asOipError(error, log);
      callback({ code: grpcCode, details: message });
    }
  };
}
