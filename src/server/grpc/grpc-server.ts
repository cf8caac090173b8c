/** The gRPC transport: the services, on a server of grpc-js, behind connections and calls that are counted. */
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { silenceStream, tcpSocketOf, whenHalfOpen } from '../faults/socket-faults.js';
import type { RunningTransport, TransportOptions } from '../transport.js';
import { unusedConnectionMs } from '../waits.js';
import { noteSockets, socketOf } from './call-streams.js';
import { listenForConnections } from './connections.js';
import { cutWhenGivenUp, endAfterReading } from './ended-sessions.js';
import { createIncomingCalls, http2ServerOf } from './incoming-calls.js';
import { namedLimit } from './named-limit.js';
import { createOpenStreams } from './open-streams.js';
import { createServices, methodNames } from './services.js';
import { createUnreadAnswers } from './unread-answers.js';
import { endWhenUnused } from './unused-connections.js';

/** Answers of the largest size that may wait to be read, of all clients together. */
const unreadAnswers = 2;

/** Messages of the largest size that may be on their way, of all clients together. */
const unfinishedMessages = 16;

/** Listens for gRPC, by TLS where there is a certificate. Rejects with the system's error where the port cannot be had. */
export async function startGrpcServer(options: TransportOptions): Promise<RunningTransport> {
  const { limits, log } = options;
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
  const calls = createIncomingCalls({
    ...options,
    unread,
    maxUnfinishedBytes: unfinishedMessages * limits.maxReceiveMessageBytes,
  });
  const services = createServices({ ...options, streams, unread, describe: calls.describe });
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const http2Server = http2ServerOf(server);
  noteSockets(http2Server);
  http2Server.updateSettings({ maxHeaderListSize: limits.maxHeaderBytes });
  calls.guard(http2Server, methodNames(services));
  http2Server.on('session', (session) => endWhenUnused(session, unusedConnectionMs));
  /** Connections that faults hold, or make slow. */
  const held = new WeakSet<Socket>();
  http2Server.on('session', (session) => {
    endAfterReading(session);
    const tcp = tcpSocketOf(session.socket);
    cutWhenGivenUp(session, tcp, () => held.has(tcp));
  });
  const connections = await listenForConnections({
    ...options,
    maxConnections: limits.maxConnections,
    accept(socket, tcp) {
      if (options.faults.standing('bandwidth', 'grpc')) held.add(tcp);
      whenHalfOpen(tcp, () => {
        held.add(tcp);
        silenceCalls(tcp, unread.streams());
      });
      injector.injectConnection(socket);
    },
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

function silenceCalls(tcp: Socket, streams: Iterable<ServerHttp2Stream>): void {
  for (const stream of streams) {
    const socket = socketOf(stream);
    if (socket && tcpSocketOf(socket) === tcp) silenceStream(stream, tcp);
  }
}
