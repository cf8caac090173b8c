/** A real registry on loopback, docker-registry of Debian, and images to put into it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Dockerode from 'dockerode';
import { dockerArchitecture } from '../../src/engine/architecture.js';
import type { ImageStore } from '../../src/engine/image-store.js';
import { describeImage, imageArchive } from '../../src/image/image-archive.js';
import { digestLayer, tarLayer } from '../../src/image/layer.js';

/** Says loudly what is not run for want of the registry; where Docker's tests are required, that is a failure. */
export function registryIsThere(): boolean {
  if (spawnSync('docker-registry', ['--version']).status === 0 && spawnSync('htpasswd', []).error === undefined)
    return true;
  const remedy = 'apt-get install docker-registry apache2-utils';
  if ((process.env.KSERVE_ENV_REQUIRE ?? '').split(',').includes('docker'))
    throw new Error(`The tests of pulling are required, and docker-registry or htpasswd is missing: ${remedy}`);
  process.stderr.write(`\n!! NOT RUN: the tests of pulling, since docker-registry or htpasswd is missing: ${remedy}\n`);
  return false;
}

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:port`, which daemons take without TLS. */
  host: string;
  /** The same registry, behind a limit on how often it may be asked. */
  limitedHost: string;
  /** The next so many manifests are refused with 429 there. */
  refuse(times: number): void;
  /** Kills it, and every connection to it with it. */
  kill(): Promise<void>;
  /** Starts it again, at the same address and with the same content. */
  start(): Promise<void>;
  /** Nothing passes any more after so many bytes of answers; the connections stay open. */
  stallAfter(bytes: number): void;
  /** Resolves when it stalls. */
  stalled: Promise<void>;
}

/** @param login name and password, where the registry is to ask for them */
export async function startRegistry(login?: { username: string; password: string }): Promise<Registry> {
  const directory = mkdtempSync(join(tmpdir(), 'kserve-env-registry-'));
  const port = await freePort();
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: 'only for tests' },
    ...(login && { auth: { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } } }),
  };
  if (login) {
    const { username, password } = login;
    writeFileSync(join(directory, 'htpasswd'), execFileSync('htpasswd', ['-Bbn', username, password]));
  }
  // JSON is YAML.
  writeFileSync(join(directory, 'config.yml'), JSON.stringify(config));

  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' });
    while ((await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined)) === undefined) {
      if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  /** Between the daemon and the registry, since loopback is too quick to be cut in the middle. */
  const sockets = new Set<Socket>();
  let left = Number.POSITIVE_INFINITY;
  let onStall = () => {};
  const stalled = new Promise<void>((resolve) => {
    onStall = resolve;
  });
  const gate = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        // What is under way still arrives.
        client.destroySoon();
        server.destroySoon();
      });
    }
    client.pipe(server);
    server.on('data', (chunk: Buffer) => {
      client.write(chunk.subarray(0, Math.max(0, left)));
      left -= chunk.length;
      if (left > 0) return;
      server.pause();
      onStall();
    });
  });
  gate.listen(0, '127.0.0.1');
  let refusals = 0;
  const limit = createHttpServer((request, response) => {
    if (request.url?.includes('/manifests/') && refusals > 0) {
      // A daemon that is refused a HEAD tries a GET at once.
      if (request.method === 'GET') refusals -= 1;
      response.writeHead(429, { 'Content-Type': 'application/json', 'Retry-After': '1' });
      response.end(JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'pull rate limit reached' }] }));
      return;
    }
    const { method, url, headers } = request;
    const onward = httpRequest({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  limit.listen(0, '127.0.0.1');
  await Promise.all([once(gate, 'listening'), once(limit, 'listening')]);
  await start();

  const kill = async () => {
    for (const socket of sockets) socket.destroy();
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    host: `127.0.0.1:${(gate.address() as AddressInfo).port}`,
    limitedHost: `127.0.0.1:${(limit.address() as AddressInfo).port}`,
    refuse(times) {
      refusals = times;
    },
    kill,
    async start() {
      left = Number.POSITIVE_INFINITY;
      await start();
    },
    stallAfter(bytes) {
      left = bytes;
    },
    stalled,
    async [Symbol.asyncDispose]() {
      await kill();
      limit.closeAllConnections();
      await Promise.all([gate, limit].map((server) => new Promise((resolve) => server.close(resolve))));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An image that no daemon has seen before. It does not run. */
export async function makeImage(
  images: ImageStore,
  tag: string,
  options: { bytes?: number; architecture?: string } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'kserve-env-registry-'));
  try {
    const { bytes = 1024, architecture = dockerArchitecture(process.arch) } = options;
    const source = join(directory, 'content');
    writeFileSync(source, randomBytes(bytes));
    const files = [{ source, target: '/content', mode: 0o644, size: bytes, stamp: '' }];
    const layer = { ...(await digestLayer(files)), title: 'test', content: () => tarLayer(files) };
    const image = describeImage({ version: '0.0.0-test', architecture, libraryPath: [], layers: [layer] });
    await images.load(imageArchive({ ...image, tag }));
    return image.id;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Puts the image under this tag into its registry, by a client that is not ours. @returns its digest there */
export async function push(
  client: Dockerode,
  tag: string,
  login?: { username: string; password: string },
): Promise<string> {
  const [host = ''] = tag.split('/');
  const stream = await client.getImage(tag).push({
    authconfig: login ? { ...login, serveraddress: host } : { username: '', password: '', serveraddress: host },
  });
  const lines: { error?: string; status?: string }[] = await new Promise((resolve, reject) => {
    client.modem.followProgress(stream, (error, output) => (error ? reject(error) : resolve(output)));
  });
  const failure = lines.find(({ error }) => error);
  if (failure) throw new Error(`push: ${failure.error}`);
  // Docker has it in a field, Podman in its words.
  const said = lines.map(({ status }) => /digest: (sha256:[0-9a-f]{64})/.exec(status ?? '')?.[1]);
  return said.find((digest) => digest !== undefined) ?? '';
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
