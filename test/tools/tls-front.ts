/** TLS in front of a server that speaks none, and certificates of authorities that nobody knows. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TlsOptions } from 'node:tls';

/** PEM files of one certificate. */
export interface CertificateFiles {
  cert: string;
  key: string;
}

/** An authority's directory, with what it has signed. Dispose of it. */
export interface Authority extends Disposable {
  directory: string;
  /** PEM file with its own certificate. */
  ca: string;
  /** Signs a certificate: `names` such as `DNS:localhost,IP:127.0.0.1`, valid for so many days; −1 has expired. */
  sign(name: string, names?: string, days?: number): CertificateFiles;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A new authority, by openssl. */
export function authority(name: string): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'ket-'));
  const at = (file: string) => join(directory, file);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '9',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    at('ca-key.pem'),
    '-out',
    at('ca.pem'),
  );
  return {
    directory,
    ca: at('ca.pem'),
    sign(subject, names = '', days = 8) {
      const files = { cert: at(`${subject}.pem`), key: at(`${subject}-key.pem`) };
      const request = at(`${subject}.csr`);
      const extension = names === '' ? [] : ['-addext', `subjectAltName=${names}`];
      openssl('req', '-new', ...newKey, '-subj', `/CN=${subject}`, ...extension, '-keyout', files.key, '-out', request);
      const by = ['-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial', '-copy_extensions', 'copy'];
      // Of all its subcommands only this one makes what has expired.
      openssl('x509', '-req', '-in', request, ...by, '-days', String(days), '-out', files.cert);
      return files;
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A port that speaks TLS, and passes on what it is told. */
export interface TlsFront extends AsyncDisposable {
  port: number;
}

/** TLS in front of a port of this machine. `clientCa`: it wants a certificate that this authority has signed. */
export async function tlsFront(
  behind: number,
  { cert, key }: CertificateFiles,
  { clientCa, ...options }: TlsOptions & { clientCa?: string } = {},
): Promise<TlsFront> {
  const sockets = new Set<Socket>();
  const server = createServer(
    {
      cert: readFileSync(cert),
      key: readFileSync(key),
      ALPNProtocols: ['h2', 'http/1.1'],
      ...(clientCa !== undefined && { ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true }),
      ...options,
    },
    (client) => {
      const plain = connect(behind, '127.0.0.1');
      for (const socket of [client, plain]) {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      }
      client.on('error', () => plain.destroy());
      plain.on('error', () => client.destroy());
      client.once('close', () => plain.destroy());
      plain.once('close', () => client.destroy());
      client.pipe(plain).pipe(client);
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
