/** Connections of one port: bounded in number, broken where a fault says so, and behind TLS where the server has it. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FaultSite } from './faults/fault-site.js';
import { keepPort } from './faults/listening-faults.js';
import { noteTcpSocket, resetSocket } from './faults/socket-faults.js';
import { ThrottledSocket } from './faults/throttled-socket.js';
import type { Logger } from './telemetry/logger.js';
import { createHandshakes, handshakeByte } from './tls/handshakes.js';
import type { LoadedTls } from './tls/load-tls.js';
import { firstBytesMs } from './waits.js';

/** A connection that can be spoken on. */
export interface Delivered {
  socket: Socket;
  /** The TCP socket below it, or the same. */
  tcp: Socket;
  /** Milliseconds that its client has to begin; none where a fault makes it slow. */
  silenceMs: number | undefined;
}

export interface ListeningOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  transport: 'grpc' | 'rest';
  /** Connections beyond it are closed as they come. */
  maxConnections: number;
  /** Whether a client may end its side and still be answered. */
  allowHalfOpen: boolean;
  /** Name of the protocol in the registry of ALPN. */
  protocol: 'h2' | 'http/1.1';
  /** What a client is told that speaks plain text where TLS is spoken, by its first bytes. */
  needsTls: (firstBytes: Buffer) => Uint8Array | string;
  /** Plain text where undefined. */
  tls: LoadedTls | undefined;
  faults: Pick<FaultSite, 'standing' | 'onChange'>;
  log: Logger;
  /** Milliseconds until a handshake must have ended; firstBytesMs unless given. */
  silenceMs?: number;
  deliver: (connection: Delivered) => void;
}

export interface Listening {
  readonly port: number;
  /** Takes no new connections and ends those that were not delivered; settles when all have ended. */
  close(): Promise<void>;
  /** Cuts what is open. */
  cut(): void;
}

/** Listens. Rejects with the system's error where the port cannot be had. */
export async function listenForSockets(options: ListeningOptions): Promise<Listening> {
  const { transport, maxConnections, faults, log, deliver, silenceMs = firstBytesMs } = options;
  const open = new Set<Socket>();
  /** Those among the open ones that were not delivered. */
  const pending = new Map<Socket, NodeJS.Timeout | undefined>();
  const held = new Set<Socket>();
  const throttled = new Set<ThrottledSocket>();
  /** TCP sockets that are or were throttled: their clients have no time limit. */
  const slow = new WeakSet<Socket>();
  let refusing = false;
  let onEmpty = (): void => {};

  const settle = (tcp: Socket): void => {
    clearTimeout(pending.get(tcp));
    pending.delete(tcp);
  };
  const deliverOn = (socket: Socket, tcp: Socket): void =>
    deliver({ socket, tcp, silenceMs: slow.has(tcp) ? undefined : silenceMs });
  const shake =
    options.tls &&
    createHandshakes({
      ...options,
      tls: options.tls,
      done(socket, tcp) {
        settle(tcp);
        deliverOn(socket, tcp);
      },
    });

  const begin = (tcp: Socket): void => {
    const limit = faults.standing('bandwidth', transport);
    const below = limit ? throttle(tcp, limit.rate) : tcp;
    if (!shake) {
      deliverOn(below as Socket, tcp);
      return;
    }
    pending.set(tcp, limit ? undefined : setTimeout(() => tcp.destroy(), silenceMs).unref());
    whenBegun(below, (bytes) => {
      below.unshift(bytes);
      if (bytes[0] === handshakeByte) shake(below);
      else {
        below.resume();
        below.end(options.needsTls(bytes));
      }
    });
  };
  const throttle = (tcp: Socket, rate: number): ThrottledSocket => {
    const socket = new ThrottledSocket(tcp, rate);
    slow.add(tcp);
    throttled.add(socket);
    socket.on('close', () => throttled.delete(socket));
    return socket;
  };
  const accept = (tcp: Socket): void => {
    if (tcp.destroyed) return;
    if (open.size >= maxConnections) {
      // One warning for all that are refused in a row.
      if (!refusing) log.warn('connections refused: as many are open as the limit allows', { maxConnections });
      refusing = true;
      tcp.destroy();
      return;
    }
    refusing = false;
    open.add(tcp);
    noteTcpSocket(tcp, tcp);
    tcp.on('error', ignore);
    tcp.on('close', () => {
      open.delete(tcp);
      if (pending.has(tcp)) settle(tcp);
      if (open.size === 0) onEmpty();
    });
    if (faults.standing('unresponsive', transport)) {
      pending.set(tcp, undefined);
      held.add(tcp);
      hold(tcp, () => held.delete(tcp));
    } else begin(tcp);
  };
  faults.onChange(() => {
    if (!faults.standing('unresponsive', transport)) for (const tcp of held) tcp.destroy();
    if (!faults.standing('bandwidth', transport)) for (const socket of throttled) socket.release();
  });

  const kept = await keepPort({
    ...options,
    sockets: { noDelay: true, allowHalfOpen: options.allowHalfOpen },
    onSocket: accept,
    onCut: () => {
      for (const tcp of open) resetSocket(tcp);
    },
  });
  return {
    port: kept.port,
    close: () =>
      new Promise((resolve) => {
        kept.close();
        onEmpty = resolve;
        for (const tcp of pending.keys()) tcp.destroy();
        if (open.size === 0) resolve();
      }),
    cut() {
      kept.close();
      for (const tcp of open) tcp.destroy();
    },
  };
}

const ignore = (): void => {};

/** Bytes that are taken from a connection that is not answered, as a server that hangs leaves them to its kernel. */
const heldBytes = 64 * 1024;

/** Keeps a connection, and says nothing. It ends when its client ends it. */
function hold(tcp: Socket, ended: () => void): void {
  let taken = 0;
  tcp.on('data', ({ byteLength }: Buffer) => {
    taken += byteLength;
    if (taken >= heldBytes) tcp.pause();
  });
  tcp.on('end', () => tcp.destroy());
  tcp.on('close', ended);
}

/** Calls back once with the first bytes, taken out of the stream; never where it ends before. */
function whenBegun(socket: Duplex, callback: (bytes: Buffer) => void): void {
  const read = (): void => {
    const bytes: Buffer | null = socket.read();
    if (!bytes) return;
    socket.off('readable', read);
    socket.off('end', end);
    callback(bytes);
  };
  const end = (): void => void socket.destroy();
  socket.on('error', ignore);
  socket.on('readable', read);
  socket.on('end', end);
}
