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
    const { bytesWritten } = tcp;
    const asked = session.ping((givenUp) => {
      // A PING that is given up with its session proves nothing.
      if (!givenUp) seen = tcp.bytesRead;
    });
    // As many as Node allows are not answered yet: they have been written.
    if (!asked) return;
    setImmediate(() => {
      if (tcp.bytesWritten === bytesWritten && tcp.writableLength === 0 && writeQueue(tcp) === 0) {
        if (!isHeld()) tcp.destroy();
      }
    });
  };
  const timer = setInterval(look, everyMs).unref();
  session.once('close', () => clearInterval(timer));
  tcp.once('close', () => clearInterval(timer));
}

/**
 * Puts the end of a session off until what has come is read, and has one that is to end with its calls serve those that
 * come until its GOAWAY has gone. Left to itself Node ends a session in the middle of what it reads, and refuses its new
 * calls there; then nghttp2 goes on with what has been freed:
 *
 * - where a client says GOAWAY or breaks the protocol, and a frame of a wrong size is in what is left, an assertion ends
 *   the whole process (CVE-2026-27135; nghttp2 1.61 of Node 20 has it);
 * - where a call and its trailers come behind GOAWAY, it writes into a stream that Node's refusal has freed.
 */
export function endAfterReading(session: ServerHttp2Session): void {
  const { destroy } = session;
  const end = (...reason: Parameters<typeof destroy>): void => {
    endTimer(session);
    destroy.apply(session, reason);
  };
  session.destroy = (...reason) => {
    // nghttp2 has given up by itself and reads nothing more; ended later, Node would keep the session for ever.
    if ((reason[0] as { code?: string } | undefined)?.code === 'ERR_HTTP2_ERROR') end(...reason);
    else setImmediate(() => end(...reason));
  };
  let calls = 0;
  let ending = false;
  const endWithoutCalls = (): void => {
    if (ending && calls === 0) setImmediate(() => calls === 0 && end());
  };
  session.on('stream', (stream) => {
    calls++;
    stream.once('close', () => {
      calls--;
      endWithoutCalls();
    });
  });
  session.close = (callback) => {
    if (session.destroyed) return;
    endTimer(session);
    if (callback) session.once('close', callback);
    if (ending) return;
    ending = true;
    // GOAWAY names the last call that is served, so it is written behind those that are being read.
    setImmediate(() => {
      if (!session.destroyed) session.goaway();
      endWithoutCalls();
    });
  };
}

/** A session that has ended would stay in memory until its time-out: Node forgets this timer. */
function endTimer(session: ServerHttp2Session): void {
  session.setTimeout(0);
}

/** Bytes that the system has not taken yet. */
function writeQueue(tcp: Socket): number {
  const { _handle: handle } = tcp as unknown as { _handle?: { writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
