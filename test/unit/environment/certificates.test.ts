import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, connect, createServer, type TlsOptions } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { standardNames } from '../../../src/environment/access.js';
import { type IssuedCertificates, issueCertificates } from '../../../src/environment/certificates.js';

const name = 'a'.repeat(48);
let issued: IssuedCertificates;

beforeAll(async () => {
  const names = [...standardNames(name), '*.models.test'];
  issued = await issueCertificates({ name, names, now: Date.now(), client: true });
});

/** What a client sees of a server: `authorized`, or the code of the error. */
async function meet(server: TlsOptions, client: ConnectionOptions): Promise<string> {
  const listener = createServer(server, (socket) => socket.end('authorized'));
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  try {
    return await new Promise((resolve) => {
      let text = '';
      const socket = connect({ host: '127.0.0.1', port, ca: issued.ca, ...client });
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('end', () => resolve(text));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    listener.close();
  }
}

describe('the certificate of a server', () => {
  it.each(['localhost', `kserve-env-${name}`, 'host.docker.internal', 'one.models.test'])('is for %s', async (host) => {
    expect(await meet(issued.server, { servername: host })).toBe('authorized');
  });

  it('is for the loopback addresses, and for no other', async () => {
    expect(await meet(issued.server, {})).toBe('authorized');
    const certificate = new X509Certificate(issued.server.cert);
    expect(certificate.checkIP('::1')).toBeDefined();
    expect(certificate.checkIP('127.0.0.2')).toBeUndefined();
    expect(certificate.checkHost('models.test')).toBeUndefined();
  });

  it('is valid from before now, for some weeks', () => {
    const { validFrom, validTo, keyUsage, ca } = new X509Certificate(issued.server.cert);
    expect(Date.parse(validFrom)).toBeLessThan(Date.now());
    const days = (Date.parse(validTo) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(31);
    expect({ keyUsage, ca }).toEqual({ keyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'], ca: false });
  });

  it('is refused by who does not know the authority', async () => {
    const other = await issueCertificates({ name, names: ['127.0.0.1'], now: Date.now(), client: false });
    expect(await meet(issued.server, { ca: other.ca })).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
  });

  it('has a double that is over, and one for another host', async () => {
    expect(await meet(issued.expired, {})).toBe('CERT_HAS_EXPIRED');
    expect(await meet(issued.wrong, {})).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });
});

describe('the certificate of a client', () => {
  const wanting = () => ({ ...issued.server, requestCert: true, rejectUnauthorized: true, ca: issued.ca });

  it('is taken by a server that wants one', async () => {
    const { cert, key } = issued.client ?? {};
    expect(await meet(wanting(), { cert, key })).toBe('authorized');
  });

  it('is wanted: nobody gets in without', async () => {
    expect(await meet(wanting(), {})).not.toBe('authorized');
  });

  it('makes no server', async () => {
    expect(await meet({ ...issued.client }, { checkServerIdentity: () => undefined })).toBe('INVALID_PURPOSE');
  });

  it('is made only where it is asked for', async () => {
    const { client } = await issueCertificates({ name, names: [], now: Date.now(), client: false });
    expect(client).toBeUndefined();
  });
});

it('never gives away the key of the authority', () => {
  const keys = JSON.stringify(issued).match(/BEGIN PRIVATE KEY/g) ?? [];
  expect(keys).toHaveLength(4);
  const authority = new X509Certificate(issued.ca);
  for (const { cert } of [issued.server, issued.expired, issued.wrong]) {
    expect(new X509Certificate(cert).publicKey.equals(authority.publicKey)).toBe(false);
  }
});
