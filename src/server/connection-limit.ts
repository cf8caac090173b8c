/** The bound on open connections. */
import type { Server, Socket } from 'node:net';
import type { Logger } from './telemetry/logger.js';

/**
 * Closes connections beyond `maxConnections` as they come, with one warning for all that are refused in a row. Other
 * listeners see them, too, closed already.
 *
 * The `maxConnections` of net.Server would not do: among several workers, node:cluster hands on what one of them refuses,
 * and round again without an end where all are full.
 */
export function limitConnections(server: Server, maxConnections: number, log: Logger): void {
  let open = 0;
  let refusing = false;
  server.prependListener('connection', (socket: Socket) => {
    if (open >= maxConnections) {
      if (!refusing) log.warn('connections refused: as many are open as the limit allows', { maxConnections });
      refusing = true;
      socket.destroy();
      return;
    }
    refusing = false;
    open++;
    socket.once('close', () => open--);
  });
}
