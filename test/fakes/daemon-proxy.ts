/** A unix socket before the daemon's, which can be told to misbehave. */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface DaemonProxy extends AsyncDisposable {
  socketPath: string;
  /**
   * `pass`: as if it were not there. `hang`: accepts, and never answers. `cut`: ends the connection after so many bytes
   * of the answer. `say`: answers with this text, whatever was asked.
   */
  behaviour: { kind: 'pass' } | { kind: 'hang' } | { kind: 'cut'; after: number } | { kind: 'say'; text: string };
  /** Requests that arrived, as `GET /path`. */
  readonly requests: string[];
}

/** @param daemonPath the real socket; may be absent for behaviours that need none */
export async function startDaemonProxy(daemonPath: string): Promise<DaemonProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'kserve-env-proxy-'));
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    keep(client);
    client.once('data', (head: Buffer) => {
      proxy.requests.push(head.toString('latin1').split(' ', 2).join(' '));
      const { behaviour } = proxy;
      if (behaviour.kind === 'hang') return;
      if (behaviour.kind === 'say') {
        client.end(behaviour.text);
        return;
      }
      const daemon = keep(connect({ path: daemonPath, allowHalfOpen: true }));
      daemon.write(head);
      client.pipe(daemon);
      if (behaviour.kind === 'pass') {
        daemon.pipe(client);
        return;
      }
      let left = behaviour.after;
      daemon.on('data', (chunk: Buffer) => {
        client.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left > 0) return;
        client.end(() => client.destroy());
        daemon.destroy();
      });
    });
  });
  const socketPath = join(directory, 'docker.sock');
  const proxy: DaemonProxy = {
    socketPath,
    behaviour: { kind: 'pass' },
    requests: [],
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(directory, { recursive: true, force: true });
    },
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  return proxy;
}
