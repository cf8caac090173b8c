/** The one place that loads dockerode: a connection to one socket, and nothing of the surrounding environment. */
import { Agent, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import Dockerode from 'dockerode';

/** The part of dockerode's modem that is used: one request, its answer as a stream, whatever its status. */
export interface Modem {
  dial(request: ModemRequest, callback: (error: Error | null, response: IncomingMessage) => void): void;
}

interface ModemRequest {
  path: string;
  method: string;
  options?: { _query: object; _body: object };
  file?: Readable;
  isStream: true;
  statusCodes: Record<number, true>;
  abortSignal: AbortSignal;
}

/** All statuses are answers for us; without this table the modem makes its own error texts of them. */
export const everyStatus: Record<number, true> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true]),
);

/** Opens nothing yet: each request makes its own connection, so that a daemon may be restarted in between. */
export function openModem(socketPath: string): Modem {
  const options = {
    socketPath,
    protocol: 'http' as const,
    agent: new Agent({ keepAlive: false }),
    // DOCKER_HOST, which the modem reads too, must not win over the socket that was chosen.
    host: undefined,
    port: undefined,
  };
  return new Dockerode(options).modem as Modem;
}

/** The status of an answer; Node types it as optional because a request has none. */
export function statusOf(response: IncomingMessage): number {
  return response.statusCode ?? 0;
}
