/** A daemon's socket behind TLS that wants to know its clients, with certificates of its own authority. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';

export interface TlsProxy extends AsyncDisposable {
  /** `tcp://127.0.0.1:port` */
  url: string;
  /** Directories as DOCKER_CERT_PATH has them. */
  certs: {
    /** All that it takes. */
    good: string;
    /** An authority that did not sign the server, with a client that it did not sign. */
    foreign: string;
    /** The right authority, and no certificate of a client. */
    anonymous: string;
  };
  /** Takes requests, and never answers. */
  hang: boolean;
}

/** @param daemonPath the socket behind it */
export async function startTlsProxy(daemonPath: string): Promise<TlsProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'ket-'));
  const authority = (name: string) => {
    const at = join(directory, name);
    mkdirSync(at);
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: at, stdio: 'pipe' });
    const key = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', 'ca-key.pem', '-out', 'ca.pem');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-addext', 'basicConstraints=critical,CA:FALSE'];
    openssl('req', ...key, ...signed, '-subj', '/CN=client', '-keyout', 'key.pem', '-out', 'cert.pem');
    const names = ['-addext', 'subjectAltName=IP:127.0.0.1'];
    openssl(
      'req',
      ...key,
      ...signed,
      ...names,
      '-subj',
      '/CN=daemon',
      '-keyout',
      'daemon-key.pem',
      '-out',
      'daemon.pem',
    );
    return at;
  };
  const certs = { good: authority('good'), foreign: authority('foreign'), anonymous: join(directory, 'anonymous') };
  mkdirSync(certs.anonymous);
  cpSync(join(certs.good, 'ca.pem'), join(certs.anonymous, 'ca.pem'));

  const read = (name: string) => readFileSync(join(certs.good, name));
  const sockets = new Set<Socket>();
  const server = createServer(
    { ca: read('ca.pem'), cert: read('daemon.pem'), key: read('daemon-key.pem'), requestCert: true },
    (client) => {
      sockets.add(client);
      client.on('error', () => client.destroy());
      client.once('close', () => sockets.delete(client));
      if (proxy.hang) return;
      const daemon = connect(daemonPath);
      daemon.on('error', () => client.destroy());
      client.once('close', () => daemon.destroy());
      client.pipe(daemon).pipe(client);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const proxy: TlsProxy = {
    url: `tcp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    certs,
    hang: false,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return proxy;
}
