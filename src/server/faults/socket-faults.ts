/**
 * What is done to one connection on purpose: a reset, and a silence that does not end. It reaches the TCP socket below TLS
 * and HTTP/2, whatever a call has of it.
 */
import type { ServerHttp2Stream } from 'node:http2';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A property of sockets, since the stand-in that HTTP/2 gives for a socket hands properties on, and is no key itself. */
const tcpKey = Symbol('tcp');
const silenceKey = Symbol('silence');

/** What sockets of Node have that is not documented. Looked for, and done without where it is not there. */
interface Inside {
  [tcpKey]?: Socket;
  [silenceKey]?: () => void;
  /** The socket below TLS. */
  _parent?: Duplex | null;
  /** The stream that HTTP/2 or TLS was put on where it was no socket. */
  stream?: Duplex;
  _handle?: { readStop?(): unknown; readStart?(): unknown; _parentWrap?: Duplex } | null;
}

const insideOf = (socket: Duplex): Inside => socket as unknown as Inside;

/** What a stream was put on; below TLS that is a socket, or what stands for another stream. */
function belowOf(upper: Duplex): Duplex | undefined {
  const { _parent, _handle, stream } = insideOf(upper);
  return _parent ?? _handle?._parentWrap ?? stream;
}

/** Notes which TCP socket is below a stream; `upper` may be the socket itself. */
export function noteTcpSocket(upper: Duplex, tcp: Socket): void {
  insideOf(upper)[tcpKey] = tcp;
}

/** The TCP socket below a connection: of `request.socket`, of `session.socket`, with TLS or without. */
export function tcpSocketOf(socket: Duplex): Socket {
  for (let at: Duplex | undefined = socket; at; at = belowOf(at)) {
    const tcp = insideOf(at)[tcpKey];
    if (tcp) return tcp;
  }
  return socket as Socket;
}

/** Ends a connection with TCP RST, whatever is under way on it. */
export function resetSocket(socket: Duplex): void {
  const tcp = tcpSocketOf(socket);
  if (!tcp.destroyed) tcp.resetAndDestroy();
}

/** Says what else is done when a connection is made half open: HTTP/2 writes below JavaScript. */
export function whenHalfOpen(tcp: Socket, silence: () => void): void {
  insideOf(tcp)[silenceKey] = silence;
}

/**
 * From here on nothing is read from the connection and nothing is written to it, and it stays established: its client waits,
 * and has no answer to a PING. It ends when its TCP socket is destroyed; that its client ended it is not noticed.
 */
export function makeHalfOpen(socket: Duplex): void {
  const tcp = tcpSocketOf(socket);
  insideOf(tcp)[silenceKey]?.();
  for (let at: Duplex | undefined = socket; at; at = belowOf(at)) silence(at);
  silence(tcp);
}

const nothing = (): void => {};

function silence(socket: Duplex): void {
  const handle = insideOf(socket)._handle;
  handle?.readStop?.();
  // Whoever reads would begin anew.
  if (handle?.readStart) handle.readStart = () => 0;
  // The stand-in of HTTP/2 refuses to be changed.
  if (!(socket instanceof Socket)) return;
  socket.setTimeout(0);
  Object.assign(socket, {
    _write: (_chunk: unknown, _encoding: string, done: () => void) => done(),
    _writev: (_chunks: unknown, done: () => void) => done(),
    // Never done: an end would be told to the other side.
    _final: nothing,
  });
}

/** Has nothing more come of a stream of HTTP/2, until its connection is gone. */
export function silenceStream(stream: ServerHttp2Stream, tcp: Socket): void {
  const methods = ['respond', 'additionalHeaders', 'sendTrailers', 'write', 'end', 'close', 'destroy'] as const;
  for (const name of methods) {
    const method = stream[name] as (...args: unknown[]) => unknown;
    Object.assign(stream, { [name]: (...args: unknown[]) => (tcp.destroyed ? method.apply(stream, args) : stream) });
  }
}
