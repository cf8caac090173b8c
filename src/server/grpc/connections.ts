/**
 * Connections of the gRPC port: counted, and let through to HTTP/2 when a client has said that it speaks it. A connection
 * that says nothing is dropped, since HTTP/2 itself would keep it for ever, with buffers of its own.
 */
import { constants } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Listening, type ListeningOptions, listenForSockets } from '../listening.js';

/** What every HTTP/2 client sends first. Source: RFC 9113, section 3.4 */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const needsTls = 'this port speaks gRPC by TLS, and the client does not';
const needsAlpn = 'gRPC by TLS needs ALPN with h2, and the client does not offer it';

/** For whoever asks this port by HTTP/1.1, in its own words. */
const wrongProtocol = (error: string): string =>
  [
    'HTTP/1.1 505 HTTP Version Not Supported',
    'Content-Type: application/json',
    'Connection: close',
    '',
    JSON.stringify({ error }),
  ].join('\r\n');

/** An end of a connection in the words of HTTP/2: SETTINGS, and GOAWAY with INADEQUATE_SECURITY. Source: RFC 9113, 6.8 */
function goAway(text: string): Buffer {
  const settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
  const payload = [0, 0, 0, 0, 0, 0, 0, constants.NGHTTP2_INADEQUATE_SECURITY, ...Buffer.from(text, 'latin1')];
  return Buffer.from([...settings, 0, 0, payload.length, 7, 0, 0, 0, 0, 0, ...payload]);
}

export interface ConnectionsOptions
  extends Pick<ListeningOptions, 'host' | 'port' | 'maxConnections' | 'tls' | 'faults' | 'log' | 'silenceMs'> {
  /** Takes a connection over that has begun to speak HTTP/2. */
  accept: (socket: Socket, tcp: Socket) => void;
}

/** Listens. Rejects with the system's error where the port cannot be had. */
export async function listenForConnections({ accept, ...options }: ConnectionsOptions): Promise<Listening> {
  /** TCP sockets of connections that have not begun. */
  const silent = new Set<Socket>();
  const listening = await listenForSockets({
    ...options,
    transport: 'grpc',
    allowHalfOpen: false,
    protocol: 'h2',
    needsTls: (bytes) => (isPreface(bytes) ? goAway(needsTls) : wrongProtocol(needsTls)),
    deliver({ socket, tcp, silenceMs }) {
      silent.add(tcp);
      whenHttp2Begins(socket, silenceMs, (begun) => {
        silent.delete(tcp);
        if (begun) accept(socket, tcp);
      });
    },
  });
  return {
    ...listening,
    close() {
      const closed = listening.close();
      for (const tcp of silent) tcp.destroy();
      return closed;
    },
  };
}

function isPreface(bytes: Buffer): boolean {
  const count = Math.min(bytes.byteLength, preface.byteLength);
  return bytes.compare(preface, 0, count, 0, count) === 0;
}

/**
 * Calls back once: with true when the preface of HTTP/2 has come, all its bytes still to be read from the socket; with
 * false when the connection ended, spoke something else, or did not come to the end of the preface in time.
 */
function whenHttp2Begins(socket: Socket, silenceMs: number | undefined, callback: (begun: boolean) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const settle = (begun: boolean): void => {
    socket.off('readable', read);
    socket.off('close', fail);
    if (begun) clearTimeout(timer);
    callback(begun);
  };
  const fail = (): void => {
    clearTimeout(timer);
    settle(false);
  };
  // It stays for a connection that is told off, so that it ends even if its client does not end it.
  const timer = silenceMs === undefined ? undefined : setTimeout(() => socket.destroy(), silenceMs).unref();
  const tellOff = (words: string | Buffer): void => {
    settle(false);
    socket.on('close', () => clearTimeout(timer));
    socket.resume();
    socket.end(words);
  };
  const read = (): void => {
    for (let chunk: Buffer | null = socket.read(); chunk; chunk = socket.read()) {
      bytes = bytes.byteLength === 0 ? chunk : Buffer.concat([bytes, chunk]);
    }
    if (!isPreface(bytes)) {
      tellOff(wrongProtocol('this port speaks gRPC, which is HTTP/2; REST has a port of its own'));
    } else if (bytes.byteLength >= preface.byteLength) {
      if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') tellOff(goAway(needsAlpn));
      else {
        socket.unshift(bytes);
        settle(true);
      }
    }
  };
  // The end of a connection is its 'close'; errors before it change nothing.
  socket.on('error', () => {});
  socket.on('close', fail);
  socket.on('readable', read);
}
