import { createHash } from 'node:crypto';
import { cpSync, mkdirSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectEngine, type EngineContext } from '../../src/engine/detect.js';
import { closeTunnel, openTunnel, type TunnelOptions, withTunnels } from '../../src/engine/docker/tunnel.js';
import { EngineUnreachableError, PortTakenError } from '../../src/engine/engine.js';
import { assertPortFree } from '../../src/engine/port-check.js';
import { configured, listenSomewhere, rejection, twoFreePorts } from '../contract/probes.js';
import { fakeEngine } from '../fakes/fake-engine.js';
import { type SshServer, startSshServer } from '../fakes/ssh-server.js';
import { startTlsProxy, type TlsProxy } from '../fakes/tls-proxy.js';
import { type Workspace, workspace } from '../unit/config/workspace.js';
import { socketPath } from './docker-harness.js';

const context = (env: EngineContext['env'], changes: Partial<EngineContext> = {}): EngineContext => ({
  env,
  homeDir: undefined,
  tempDir: '/tmp',
  platform: 'linux',
  uid: process.getuid?.(),
  ...changes,
});

/** Connects and asks something; for the error see `refusal`. */
async function titleAt(env: EngineContext['env'], changes?: Partial<EngineContext>): Promise<string> {
  const { engine } = await connectEngine('docker', context(env, changes));
  await using _ = engine;
  await engine.list();
  const { title, endpoint } = await engine.info();
  return `${title} at ${endpoint}`;
}

async function refusal(env: EngineContext['env'], changes?: Partial<EngineContext>): Promise<EngineUnreachableError> {
  const error = await rejection(titleAt(env, changes));
  expect(error).toBeInstanceOf(EngineUnreachableError);
  return error as EngineUnreachableError;
}

describe('A daemon behind TLS', () => {
  let proxy: TlsProxy;
  beforeAll(async () => {
    proxy = await startTlsProxy(socketPath);
  });
  afterAll(() => proxy[Symbol.asyncDispose]());

  const env = (DOCKER_CERT_PATH: string) => ({ DOCKER_HOST: proxy.url, DOCKER_TLS_VERIFY: '0', DOCKER_CERT_PATH });

  it('answers to a client that it knows', async () => {
    expect(await titleAt(env(proxy.certs.good))).toMatch(/^Docker .* at tcp:\/\/127\.0\.0\.1:\d+$/);
  });

  it('is not believed with a certificate of an authority that we do not know', async () => {
    const error = await refusal(env(proxy.certs.foreign));
    expect(error.message).toContain('shows a certificate that is not to be trusted');
    expect(error.hint).toContain('ca.pem');
  });

  it('is not believed under another name than its certificate has', async () => {
    const error = await refusal({ ...env(proxy.certs.good), DOCKER_HOST: proxy.url.replace('127.0.0.1', 'localhost') });
    expect(error.message).toContain('shows a certificate that is not to be trusted');
  });

  it('refuses a client without a certificate, which is told', async () => {
    const error = await refusal(env(proxy.certs.anonymous));
    expect(error.message).toContain('wants one and got none');
    expect(error.hint).toContain('cert.pem and key.pem');
  });

  it('is told from a port without TLS', async () => {
    const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as { port: number };
    const error = await refusal({ ...env(proxy.certs.good), DOCKER_HOST: `tcp://127.0.0.1:${port}` });
    plain.close();
    expect(error.message).toContain('does not speak TLS as it should');
  });

  it.each(['within the handshake', 'after it'])('that stays silent %s is given up within the limit', async (when) => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as { port: number };
    proxy.hang = true;
    const DOCKER_HOST = when === 'after it' ? proxy.url : `tcp://127.0.0.1:${port}`;
    try {
      const error = await refusal({ ...env(proxy.certs.good), DOCKER_HOST }, { probeMs: 300 });
      expect(error.message).toContain('did not answer within 0.3 s');
    } finally {
      proxy.hang = false;
      mute.close();
    }
  });

  it("is found by a context, with the context's own certificates", async () => {
    using space = workspace();
    const id = createHash('sha256').update('far').digest('hex');
    space.write('config.json', JSON.stringify({ currentContext: 'far' }));
    const Endpoints = { docker: { Host: proxy.url, SkipTLSVerify: false } };
    space.write(`contexts/meta/${id}/meta.json`, JSON.stringify({ Name: 'far', Endpoints }));
    mkdirSync(`${space.directory}/contexts/tls/${id}`, { recursive: true });
    cpSync(proxy.certs.good, `${space.directory}/contexts/tls/${id}/docker`, { recursive: true });
    expect(await titleAt({ DOCKER_CONFIG: space.directory })).toContain(proxy.url);
    expect(await titleAt({ DOCKER_CONFIG: space.directory, DOCKER_CONTEXT: 'far' })).toContain(proxy.url);
    const gone = await refusal({ DOCKER_CONFIG: space.directory, DOCKER_CONTEXT: 'gone' });
    expect(gone.message).toContain('Docker context "gone" is not there');
    expect(gone.hint).toContain('unset DOCKER_CONTEXT');
    space.write(`contexts/meta/${id}/meta.json`, '{"Name":');
    expect((await refusal({ DOCKER_CONFIG: space.directory })).message).toContain('meta.json, which is no JSON');
  });
});

describe('A daemon over ssh', () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const env = (changes: Record<string, string> = {}) => ({ ...server.env, DOCKER_HOST: server.url, ...changes });

  it('answers where its key is known and ours is taken', async () => {
    expect(await titleAt(env())).toMatch(/^Docker .* at ssh:\/\//);
    expect(await titleAt(env({ DOCKER_HOST: `${server.url}${socketPath}` }))).toContain(socketPath);
  });

  it.each([
    { known: 'nobody', says: 'Host key verification failed', hint: 'compare the fingerprint' },
    { known: 'another', says: 'Host key verification failed', hint: 'ssh-keygen -R' },
  ] as const)('is not talked to where the known key is of $known', async ({ known, says, hint }) => {
    server.know(known);
    try {
      const error = await refusal(env());
      expect(error.message).toContain(says);
      expect(error.hint).toContain(hint);
    } finally {
      server.know('server');
    }
  });

  it('refuses a key that it does not know, which is told with the way to bring it', async () => {
    server.identify('stranger');
    try {
      const error = await refusal(env());
      expect(error.message).toContain('Permission denied (publickey');
      expect(error.hint).toContain(`ssh-copy-id -p ${server.port}`);
    } finally {
      server.identify('friend');
    }
  });

  it('is not reached without the program ssh, or without docker at the other end', async () => {
    const none = await refusal(env({ PATH: '/nowhere' }));
    expect(none.message).toContain('needs the program ssh, which is not installed');
    await server.force('no-such-docker');
    try {
      const error = await refusal(env());
      expect(error.message).toContain('not found');
      expect(error.hint).toContain('install docker on that machine');
    } finally {
      await server.force(undefined);
    }
  });

  describe('brings the ports of its servers here', () => {
    let space: Workspace;
    beforeEach(() => {
      space = workspace();
    });
    afterEach(() => space[Symbol.dispose]());
    const options = (): TunnelOptions => ({
      target: { kind: 'ssh', host: '127.0.0.1', port: server.port },
      program: 'docker',
      env: server.env,
      directory: space.directory,
    });

    it('until they are given back', async () => {
      const remote = createHttpServer((_, answer) => answer.end('from there'));
      await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve));
      const { port } = remote.address() as { port: number };
      const [local] = await twoFreePorts();
      await openTunnel('mine', [{ local, remote: port }], options());
      expect(await (await fetch(`http://127.0.0.1:${local}`)).text()).toBe('from there');
      await closeTunnel('mine', options());
      await expect.poll(() => assertPortFree(local)).toBeUndefined();
      await closeTunnel('mine', options());
      remote.closeAllConnections();
      remote.close();
    });

    it('and names who has one of them here', async () => {
      await using squatter = await listenSomewhere();
      const error = await rejection(openTunnel('mine', [{ local: squatter.port, remote: 1 }], options()));
      expect(error).toBeInstanceOf(PortTakenError);
      expect(String(error)).toContain(`Port ${squatter.port} on 127.0.0.1 is taken by process ${process.pid}`);
    });

    it('with a start, again where the way was lost, and not after a removal', async () => {
      const inner = fakeEngine({ kind: 'docker' });
      // Here and there are one machine: nobody else may listen where the way begins.
      inner.neverReady = true;
      const engine = withTunnels(inner, options());
      const ports = { grpc: 'auto', http: 'auto' } as const;
      const resources = { memoryMiB: 256, cpus: 1 };
      const spec = { name: 'mine', env: configured([]), labels: {}, ports, resources };
      const started = await engine.start(await engine.create(spec));
      const port = started.endpoints?.httpPort ?? 0;
      const isHere = () =>
        assertPortFree(port).then(
          () => false,
          () => true,
        );
      expect(await isHere()).toBe(true);
      await closeTunnel('mine', options());
      await expect.poll(isHere).toBe(false);
      expect((await engine.inspect('mine'))?.endpoints).toEqual(started.endpoints);
      expect(await isHere()).toBe(true);
      await engine.remove(started);
      await expect.poll(isHere).toBe(false);
    });
  });

  it('that stays silent is given up within the limit', async () => {
    await server.force('sleep 60');
    try {
      const error = await refusal(env(), { probeMs: 1_000 });
      expect(error.message).toContain('did not answer within 1 s');
    } finally {
      await server.force(undefined);
    }
  });
});
