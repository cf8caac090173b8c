/**
 * Connections that HTTP/2 has given up and that Node keeps. After an error of the connection nghttp2 sends GOAWAY and
 * reads nothing more, and Node neither closes the socket nor hears that its client has closed it: it would count as open
 * for ever. Nothing tells of it, but a session in this state writes no PING.
 */
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

/** Milliseconds between two looks at a connection on which something has come. */
const everyMs = 2_000;

/**
 * Cuts a connection soon after its end by GOAWAY. A client that is only slow, or stopped, is left alone, and so is what
 * `isHeld` by a fault, which may not write either.
 */
export function cutWhenGivenUp(session: ServerHttp2Session, tcp: Socket, isHeld: () => boolean): void {
  /** Bytes that had been read when the session last proved to live. */
  let seen = 0;
  const look = (): void => {
    // A session comes to its end by what it reads.
    if (tcp.bytesRead === seen || session.destroyed || isHeld()) return;
    const { bytesRead, bytesWritten } = tcp;
    // As many PINGs as Node allows are not answered yet: they have been written.
    const prove = (): void => {
      seen = tcp.bytesRead;
    };
    if (!askForSign(session, prove)) return;
    setImmediate(() => {
      if (tcp.bytesWritten === bytesWritten && tcp.writableLength === 0 && writeQueue(tcp) === 0) {
        if (!isHeld()) tcp.destroy();
      } else if (session.closed) seen = bytesRead;
    });
  };
  const timer = setInterval(look, everyMs).unref();
  session.once('close', () => clearInterval(timer));
  tcp.once('close', () => clearInterval(timer));
}

/**
 * Has a session write something, and calls `answered` if an answer comes. False where it has too much to write already.
 * Node writes no PING for a session that ends when its calls have; another GOAWAY changes nothing for it.
 */
function askForSign(session: ServerHttp2Session, answered: () => void): boolean {
  if (session.closed) {
    session.goaway();
    return true;
  }
  return session.ping((givenUp) => {
    // A PING that is given up with its session proves nothing.
    if (!givenUp) answered();
  });
}

/**
 * Puts the end of a session off until what has come is read. Node ends it in the middle of that, when a client says GOAWAY
 * or breaks the protocol, and nghttp2 fails an assertion, with the whole process, at a frame of a wrong size in what is left
 * (CVE-2026-27135; nghttp2 1.61 of Node 20 has it).
 */
export function endAfterReading(session: ServerHttp2Session): void {
  const destroy = session.destroy;
  session.destroy = (...reason) => {
    setImmediate(() => destroy.apply(session, reason));
  };
}

/** Bytes that the system has not taken yet. */
function writeQueue(tcp: Socket): number {
  const { _handle: handle } = tcp as unknown as { _handle?: { writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
