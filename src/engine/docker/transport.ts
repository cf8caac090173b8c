/** One HTTP request to a daemon, over whatever way leads to it. Asks nothing of the surrounding environment. */
import { Agent, type ClientRequest, type RequestOptions, request } from 'node:http';

/** A way to a daemon. */
export interface Transport {
  /** For people, and in the form that DOCKER_HOST has: `unix:///var/run/docker.sock`. */
  readonly endpoint: string;
  /** Opens a connection of its own for one request, which the caller ends. */
  request(options: Pick<RequestOptions, 'method' | 'path' | 'headers' | 'signal'>): ClientRequest;
}

/** Over a unix socket, or a named pipe of Windows. */
export function socketTransport(socketPath: string): Transport {
  return {
    endpoint: `${process.platform === 'win32' ? 'npipe' : 'unix'}://${socketPath}`,
    // No connection is kept: the daemon may be restarted between two requests.
    request: (options) => request({ ...options, host: 'docker', socketPath, agent: new Agent({ keepAlive: false }) }),
  };
}
