/** Where a mutant listens, over either transport, and how it dies. */
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

/** One listening side of a mutant. */
export interface MutantSide extends AsyncDisposable {
  port: number;
  /** Ends every connection, and listens no more. */
  die(): void;
}

/** Listens. @param alsoEnd ends what else the server has open */
export async function listeningSide(server: Server, alsoEnd: () => void = () => {}): Promise<MutantSide> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const die = (): void => {
    server.close();
    // As when a process is gone: no GOAWAY, no RST_STREAM.
    for (const socket of sockets) socket.destroy();
    alsoEnd();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    die,
    async [Symbol.asyncDispose]() {
      die();
    },
  };
}
