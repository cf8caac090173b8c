/** The ports that all workers share. */
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { ServerConfig } from '../../models/server-config.js';
import { ListenError } from '../listen-error.js';

/** Ports that could be listened on a moment ago, chosen by the system where the configuration says 0. */
export interface ChosenPorts {
  grpcPort: number;
  httpPort: number;
}

/**
 * Listens on both ports for a moment, so that one that cannot be had is told before any worker is started, and every
 * worker, of the start or later, can be told a number.
 * @throws ListenError
 */
export async function choosePorts({ host, grpcPort, httpPort }: ServerConfig): Promise<ChosenPorts> {
  const servers: Server[] = [];
  const choose = async (transport: 'gRPC' | 'REST', port: number): Promise<number> => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(new ListenError(transport, host, port, error)));
      server.listen({ host, port }, resolve);
    });
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  try {
    return { grpcPort: await choose('gRPC', grpcPort), httpPort: await choose('REST', httpPort) };
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
