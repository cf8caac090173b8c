/** A port before a server in this process, so that the server can be paused and cut off as a container can. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Gate {
  port: number;
  /** Nothing passes, either way; connections stay, and new ones are taken. */
  pause(paused: boolean): void;
  /** Closes the port and every connection; `open` takes the same port again. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

/**
 * Listens on a port of 127.0.0.1, 0 for any, and hands all on to `target`.
 * @throws the system's error where the port is taken
 */
export async function openGate(wanted: number, target: number): Promise<Gate> {
  let port = wanted;
  let paused = false;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port: target, allowHalfOpen: true });
    keep(near, far);
    keep(far, near);
    near.pipe(far);
    far.pipe(near);
    if (paused) for (const socket of [near, far]) socket.pause();
  });

  async function open(): Promise<void> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) port = address.port;
  }
  await open();
  return {
    get port() {
      return port;
    },
    pause(on) {
      paused = on;
      for (const socket of sockets) on ? socket.pause() : socket.resume();
    },
    async shut() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: async () => {
      if (!server.listening) await open();
    },
  };
}
