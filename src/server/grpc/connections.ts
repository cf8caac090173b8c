/**
 * Connections of the gRPC port: counted, and let through to HTTP/2 when a client has said that it speaks it. A connection
 * that says nothing is dropped, since HTTP/2 itself would keep it for ever, with buffers of its own.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { limitConnections } from '../connection-limit.js';
import type { Logger } from '../telemetry/logger.js';
import { firstBytesMs } from '../waits.js';

/** What every HTTP/2 client sends first. Source: RFC 9113, section 3.4 */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** For whoever asks this port by HTTP/1.1, in its own words. */
const wrongProtocol = [
  'HTTP/1.1 505 HTTP Version Not Supported',
  'Content-Type: application/json',
  'Connection: close',
  '',
  '{"error":"this port speaks gRPC, which is HTTP/2; REST has a port of its own"}',
].join('\r\n');

export interface ConnectionsOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** Connections beyond it are closed as they come. */
  maxConnections: number;
  log: Logger;
  /** Milliseconds that a client has to begin; firstBytesMs unless given. */
  silenceMs?: number;
  /** Takes a connection over that has begun to speak HTTP/2. */
  accept: (socket: Socket) => void;
}

export interface Connections {
  readonly port: number;
  /** Takes no new connections and closes those that have said nothing; settles when all have ended. */
  close(): Promise<void>;
  /** Cuts what is open. */
  cut(): void;
}

/** Listens. Rejects with the system's error where the port cannot be had. */
export async function listenForConnections(options: ConnectionsOptions): Promise<Connections> {
  const { host, port, maxConnections, log, accept, silenceMs = firstBytesMs } = options;
  const open = new Set<Socket>();
  const silent = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    if (socket.destroyed) return;
    open.add(socket);
    silent.add(socket);
    socket.on('close', () => open.delete(socket));
    whenHttp2Begins(socket, silenceMs, (begun) => {
      silent.delete(socket);
      if (begun) accept(socket);
    });
  });
  limitConnections(server, maxConnections, log);
  await listen(server, host, port);
  // A connection that cannot be accepted, for want of file descriptors, concerns no other one.
  server.on('error', (error) => log.warn('connection not accepted', { error: error.message }));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of silent) socket.destroy();
      }),
    cut() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Calls back once: with true when the preface of HTTP/2 has come, all its bytes still to be read from the socket; with
 * false when the connection ended, spoke something else, or did not come to the end of the preface in time.
 */
function whenHttp2Begins(socket: Socket, silenceMs: number, callback: (begun: boolean) => void): void {
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
  const timer = setTimeout(() => socket.destroy(), silenceMs);
  timer.unref();
  const read = (): void => {
    for (let chunk: Buffer | null = socket.read(); chunk; chunk = socket.read()) {
      bytes = bytes.byteLength === 0 ? chunk : Buffer.concat([bytes, chunk]);
    }
    const count = Math.min(bytes.byteLength, preface.byteLength);
    if (bytes.compare(preface, 0, count, 0, count) !== 0) {
      settle(false);
      socket.on('close', () => clearTimeout(timer));
      socket.resume();
      socket.end(wrongProtocol);
    } else if (count === preface.byteLength) {
      socket.unshift(bytes);
      settle(true);
    }
  };
  // The end of a connection is its 'close'; errors before it change nothing.
  socket.on('error', () => {});
  socket.on('close', fail);
  socket.on('readable', read);
}
