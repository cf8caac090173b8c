/** Where a Docker daemon may be listening. */
import { posix } from 'node:path';

export interface EndpointContext {
  env: Readonly<Record<string, string | undefined>>;
  homeDir: string | undefined;
  platform: NodeJS.Platform;
}

export interface DockerEndpoint {
  /** For people, as in DOCKER_HOST: `unix:///var/run/docker.sock`. */
  endpoint: string;
  /** Path of the socket or pipe; empty when it is refused. */
  socketPath: string;
  /** Why this endpoint is not even tried. */
  refused?: string;
}

const windowsPipe = '//./pipe/docker_engine';

/**
 * The places to look in, in order. A DOCKER_HOST is the only one: whoever sets it means that daemon, and no other.
 * Otherwise the system's socket, then those that rootless Docker, Docker Desktop, Colima and Rancher Desktop make.
 */
export function dockerEndpoints(context: EndpointContext): DockerEndpoint[] {
  const { env, homeDir, platform } = context;
  if (env.DOCKER_HOST) return [fromDockerHost(env.DOCKER_HOST, platform)];
  if (platform === 'win32') return [{ endpoint: `npipe://${windowsPipe}`, socketPath: windowsPipe }];
  const paths = ['/var/run/docker.sock'];
  if (env.XDG_RUNTIME_DIR) paths.push(posix.join(env.XDG_RUNTIME_DIR, 'docker.sock'));
  if (homeDir) {
    paths.push(
      ...['.docker/run/docker.sock', '.colima/default/docker.sock', '.rd/docker.sock'].map((path) =>
        posix.join(homeDir, path),
      ),
    );
  }
  return paths.map((socketPath) => ({ endpoint: `unix://${socketPath}`, socketPath }));
}

function fromDockerHost(host: string, platform: NodeJS.Platform): DockerEndpoint {
  const scheme = platform === 'win32' ? 'npipe://' : 'unix://';
  const socketPath = host.startsWith(scheme) ? host.slice(scheme.length) : '';
  if (socketPath !== '') return { endpoint: host, socketPath };
  return {
    // A URL may carry a user and a password.
    endpoint: `DOCKER_HOST=${host.replace(/\/\/[^@/]*@/, '//')}`,
    socketPath: '',
    refused: `cannot be used: only ${scheme} is supported, set DOCKER_HOST so or use --engine process`,
  };
}
