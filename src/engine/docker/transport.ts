/** One HTTP request to a daemon, over whatever way leads to it. Asks nothing of the surrounding environment. */
import { type ClientRequest, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';

/** What differs between requests. */
export type DaemonRequestOptions = Pick<RequestOptions, 'method' | 'path' | 'headers' | 'signal'>;

/** A way to a daemon. */
export interface Transport {
  /** For people, and in the form that DOCKER_HOST has: `unix:///var/run/docker.sock`. */
  readonly endpoint: string;
  /** Opens a connection for one request. */
  request(options: DaemonRequestOptions): ClientRequest;
  /** Ends what it keeps open between requests. */
  close?(): void;
}

// No connection is kept: the daemon may be restarted between two requests.

/** Over a unix socket, or a named pipe of Windows. */
export function socketTransport(socketPath: string): Transport {
  return {
    endpoint: `${process.platform === 'win32' ? 'npipe' : 'unix'}://${socketPath}`,
    request: (options) => request({ ...options, host: 'docker', createConnection: () => connect(socketPath) }),
  };
}

/** Over plain TCP. Who may be reached so is decided where addresses are read. */
export function tcpTransport(host: string, port: number): Transport {
  return {
    endpoint: `tcp://${bracketed(host)}:${port}`,
    request: (options) => request({ ...options, host, port, createConnection: () => connect(port, host) }),
  };
}

/** An IPv6 address as a URL has it. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
