/** The gRPC transport: the services, on a server of grpc-js, behind connections and calls that are counted. */
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import type { RunningTransport, TransportOptions } from '../transport.js';
import { noteSockets } from './call-streams.js';
import { listenForConnections } from './connections.js';
import { createIncomingCalls, http2ServerOf } from './incoming-calls.js';
import { namedLimit } from './named-limit.js';
import { createOpenStreams } from './open-streams.js';
import { createServices, methodNames } from './services.js';
import { createUnreadAnswers } from './unread-answers.js';

/** Answers of the largest size that may wait to be read, of all clients together. */
const unreadAnswers = 2;

/** Listens for gRPC in plain text. Rejects with the system's error where the port cannot be had. */
export async function startGrpcServer(options: TransportOptions): Promise<RunningTransport> {
  const { host, port, limits, requests, log } = options;
  // What grpc-js would print beside our own lines comes back as an error anyway.
  if (!process.env.GRPC_VERBOSITY) setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    'grpc.max_receive_message_length': namedLimit('maxReceiveMessageBytes', limits.maxReceiveMessageBytes),
    'grpc.max_send_message_length': namedLimit('maxSendMessageBytes', limits.maxSendMessageBytes),
    'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
    // Its counts are not served, and cost every call.
    'grpc.enable_channelz': 0,
  });
  const streams = createOpenStreams();
  const unread = createUnreadAnswers(unreadAnswers * limits.maxSendMessageBytes, log);
  const calls = createIncomingCalls(requests, unread, options.faults);
  const services = createServices({ ...options, streams, unread, describe: calls.describe });
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const http2Server = http2ServerOf(server);
  noteSockets(http2Server);
  http2Server.updateSettings({ maxHeaderListSize: limits.maxHeaderBytes });
  calls.guard(http2Server, methodNames(services));
  const connections = await listenForConnections({
    host,
    port,
    maxConnections: limits.maxConnections,
    log,
    accept: (socket) => injector.injectConnection(socket),
  });
  return {
    port: connections.port,
    async stop() {
      const closed = connections.close();
      streams.end();
      await Promise.all([closed, new Promise<void>((resolve) => server.tryShutdown(() => resolve()))]);
    },
    cut() {
      connections.cut();
      server.forceShutdown();
    },
  };
}
