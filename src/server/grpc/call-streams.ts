/** What a call of grpc-js runs on: its HTTP/2 stream, and the socket under that. */
import type { Http2Server, Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { GrpcStatus } from '../../protocol/status.js';

const sockets = new WeakMap<Http2Session, Socket>();
const outcomes = new WeakMap<ServerHttp2Stream, GrpcStatus>();

/**
 * Keeps in mind which socket each connection of the server runs on: what a session itself shows of its socket may neither
 * be read nor cut. To be called before the first connection.
 */
export function noteSockets(http2Server: Http2Server): void {
  let last: Socket | undefined;
  const note = (socket: Socket): void => {
    last = socket;
  };
  // The session is made by the server's own listener, which comes after this one, before anything else can come.
  http2Server.prependListener('connection', note);
  http2Server.prependListener('secureConnection', note);
  http2Server.on('session', (session) => {
    if (last) sockets.set(session, last);
    last = undefined;
  });
}

/** The socket of a stream's connection; undefined where that has ended. */
export function socketOf({ session }: ServerHttp2Stream): Socket | undefined {
  return session && sockets.get(session);
}

/**
 * The stream of a call. grpc-js keeps it to itself; the server is bundled with the edition of it that it was tested with.
 * Throws where that edition keeps it elsewhere.
 */
export function streamOf(call: object): ServerHttp2Stream {
  const { stream } = (call as { call?: { stream?: ServerHttp2Stream } }).call ?? {};
  if (!stream) throw new Error('a call of grpc-js has no call.stream: look where it keeps its HTTP/2 stream now');
  return stream;
}

/** Says what the client sees of a call that ends without a status, for the counts. */
export function noteOutcome(stream: ServerHttp2Stream, status: GrpcStatus): void {
  outcomes.set(stream, status);
}

export function struckOutcome(stream: ServerHttp2Stream): GrpcStatus | undefined {
  return outcomes.get(stream);
}
