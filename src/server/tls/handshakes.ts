/** Handshakes of TLS: what comes after them is handed on, and certificates change while the server runs. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type TLSSocket } from 'node:tls';
import type { FaultSite } from '../faults/fault-site.js';
import { noteTcpSocket, tcpSocketOf } from '../faults/socket-faults.js';
import type { Logger } from '../telemetry/logger.js';
import type { Certificate, LoadedTls } from './load-tls.js';

/** First byte of a TLS connection: a record that holds a handshake. Source: RFC 8446, section 5.1 */
export const handshakeByte = 0x16;

export interface HandshakesOptions {
  tls: LoadedTls;
  transport: 'grpc' | 'rest';
  /** Name of the protocol behind it, of the registry of ALPN. */
  protocol: 'h2' | 'http/1.1';
  faults: Pick<FaultSite, 'standing' | 'onChange'>;
  log: Logger;
  /** Called with a connection whose handshake has succeeded. */
  done: (socket: TLSSocket, tcp: Socket) => void;
}

/** Returns what begins a handshake on a connection. Failed ones end, and are told of at the level debug. */
export function createHandshakes(options: HandshakesOptions): (socket: Duplex) => void {
  const { tls, transport, protocol, faults, log, done } = options;
  let shown = certificateOf(tls, faults, transport);
  const server = createServer({
    ...shown,
    minVersion: 'TLSv1.2',
    ALPNProtocols: [protocol],
    ...(tls.clientCa && { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
  });
  server.on('secureConnection', (socket) => {
    const tcp = tcpSocketOf(socket);
    // What leads there is gone once the socket has ended.
    noteTcpSocket(socket, tcp);
    done(socket, tcp);
  });
  server.on('tlsClientError', (error, socket) => {
    log.debug('TLS handshake failed', { transport, error: error.message });
    socket.destroy();
  });
  faults.onChange(() => {
    const wanted = certificateOf(tls, faults, transport);
    if (wanted === shown) return;
    shown = wanted;
    // Tickets of sessions do not survive it, so that nobody takes up one that was begun with the other certificate.
    server.setSecureContext({ ...wanted, minVersion: 'TLSv1.2', ...(tls.clientCa && { ca: tls.clientCa }) });
  });
  return (socket) => void server.emit('connection', socket);
}

function certificateOf(
  { usual, expired, wrong }: LoadedTls,
  faults: Pick<FaultSite, 'standing'>,
  transport: 'grpc' | 'rest',
): Certificate {
  if (wrong && faults.standing('wrong-certificate', transport)) return wrong;
  if (expired && faults.standing('expired-certificate', transport)) return expired;
  return usual;
}
