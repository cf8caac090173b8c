/** Connections that have begun to speak HTTP/2 and then ask for nothing. */
import type { ServerHttp2Session } from 'node:http2';
import { tcpSocketOf } from '../faults/socket-faults.js';
import { farewellMs } from '../waits.js';

/**
 * Ends a connection by GOAWAY on which neither a call nor any other frame comes for so many milliseconds. One that has had
 * a call may be as silent as it likes: clients keep theirs for the next call.
 */
export function endWhenUnused(session: ServerHttp2Session, milliseconds: number): void {
  const tcp = tcpSocketOf(session.socket);
  session.setTimeout(milliseconds, () => {
    session.close();
    // Whoever does not end its side either.
    setTimeout(() => tcp.destroy(), farewellMs).unref();
  });
  // By itself Node counts every frame but these.
  const rearm = (): void => void session.setTimeout(milliseconds);
  session.on('ping', rearm);
  session.once('stream', () => {
    session.setTimeout(0);
    session.off('ping', rearm);
  });
}
