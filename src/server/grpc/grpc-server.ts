/** The gRPC transport: messages in, data plane, messages out. */
import {
  type handleUnaryCall,
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { decodeInferRequest, encodeInferResponse, type WireMethods } from '../../protocol/grpc-messages.js';
import { serviceDefinition } from '../../protocol/service-definition.js';
import { asOipError, type DataPlane } from '../data-plane.js';
import { maxMessageBytes } from '../limits.js';
import type { Logger } from '../telemetry/logger.js';

export interface GrpcServerOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  dataPlane: DataPlane;
  log: Logger;
}

/** A listening transport. */
export interface RunningTransport {
  readonly port: number;
  /** Takes no new connections; settles when the last open one has ended by itself, which may be never. */
  stop(): Promise<void>;
  /** Cuts what is still open. */
  cut(): void;
}

type Handlers = {
  [Method in keyof WireMethods]: (
    request: WireMethods[Method]['request'],
  ) => WireMethods[Method]['response'] | Promise<WireMethods[Method]['response']>;
};

/** Listens for gRPC in plain text. Rejects with the system's words where the port cannot be had. */
export async function startGrpcServer({ host, port, dataPlane, log }: GrpcServerOptions): Promise<RunningTransport> {
  // What grpc-js would print beside our own lines comes back as an error anyway.
  if (!process.env.GRPC_VERBOSITY) setLogVerbosity(logVerbosity.NONE);
  const server = new Server({ 'grpc.max_receive_message_length': maxMessageBytes });
  const handlers = createHandlers(dataPlane);
  const implementation = Object.fromEntries(
    Object.entries(handlers).map(([method, handler]) => [method, unary(handler as UnaryHandler, log)]),
  );
  server.addService(serviceDefinition(), implementation as UntypedServiceImplementation);
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
    ModelInfer: async (message) => encodeInferResponse(await dataPlane.infer(decodeInferRequest(message))),
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
