/** A daemon that only tells about itself: what it is asked about its containers is that there are none. */
import { createServer } from 'node:http';
import { join } from 'node:path';

/** What a good one says; a test changes what it is about. */
const goodDaemon = {
  version: {
    Version: '20.10.24',
    ApiVersion: '1.41',
    Os: 'linux',
    Arch: process.arch === 'x64' ? 'amd64' : process.arch,
  },
  info: {
    Name: 'elsewhere',
    MemTotal: 8 * 2 ** 30,
    NCPU: 4,
    DockerRootDir: '/var/lib/docker',
    MemoryLimit: true,
    CpuCfsQuota: true,
    PidsLimit: true,
    SecurityOptions: ['name=seccomp,profile=default'],
  },
};

export interface DescribedDaemon extends AsyncDisposable {
  /** For DOCKER_HOST. */
  host: string;
  /** Everything that was asked for, as `GET /path`. */
  requests: string[];
}

/**
 * Starts it on a socket in the directory.
 * @param silent paths that are never answered
 */
export async function describedDaemon(
  directory: string,
  says: { version?: object; info?: object; silent?: string[] } = {},
): Promise<DescribedDaemon> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '';
    requests.push(`${request.method} ${path}`);
    if (says.silent?.includes(path)) return;
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Api-Version', goodDaemon.version.ApiVersion);
    response.end(JSON.stringify(answerTo(path)));
  });
  const answerTo = (path: string) => {
    switch (path) {
      case '/version':
        return { ...goodDaemon.version, ...says.version };
      case '/info':
        return { SystemTime: new Date().toISOString(), ...goodDaemon.info, ...says.info };
      default:
        return [];
    }
  };
  const path = join(directory, 'described.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
