/** Connections that faults made half open: they stay so until their fault is over, and end then. */
import type { Duplex } from 'node:stream';
import type { FaultSite } from './fault-site.js';
import { makeHalfOpen, tcpSocketOf } from './socket-faults.js';

/** Milliseconds after which a connection ends that a call's own header made half open: no other end would ever come. */
const ofHeaderMs = 600_000;

export interface HalfOpenConnections {
  /** Makes a connection half open until the fault of this id is over; one without an id is never cleared. */
  add(socket: Duplex, id: string | undefined): void;
}

export function createHalfOpenConnections(faults: Pick<FaultSite, 'has' | 'onChange'>): HalfOpenConnections {
  const byFault = new Map<string, Set<Duplex>>();
  faults.onChange(() => {
    for (const [id, sockets] of byFault) {
      if (faults.has(id)) continue;
      byFault.delete(id);
      for (const socket of sockets) tcpSocketOf(socket).destroy();
    }
  });
  return {
    add(socket, id) {
      const tcp = tcpSocketOf(socket);
      makeHalfOpen(socket);
      // Its fault may have been cleared while the call waited.
      if (id !== undefined && !faults.has(id)) {
        tcp.destroy();
        return;
      }
      if (id === undefined) {
        const timer = setTimeout(() => tcp.destroy(), ofHeaderMs);
        timer.unref();
        tcp.once('close', () => clearTimeout(timer));
        return;
      }
      const sockets = byFault.get(id) ?? new Set();
      byFault.set(id, sockets.add(tcp));
      tcp.once('close', () => sockets.delete(tcp));
    },
  };
}
