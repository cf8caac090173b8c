/**
 * Certificates that are thrown away with an environment, and an authority for them whose key nobody ever sees: it exists
 * while they are signed. Loaded where they are made: the library is large.
 */
// Must come first: the library finds it as it loads.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { validMs } from './access.js';

/** What certificates are made for. */
export interface CertificateOptions {
  /** Of the environment, told in subjects. */
  name: string;
  /** Host names and IP addresses that the server's certificate is for. */
  names: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
  /** A certificate for clients, too. */
  client: boolean;
}

/** A certificate and its key, in PEM (RFC 7468); the key as PKCS #8. */
export interface IssuedCertificate {
  cert: string;
  key: string;
}

/** Everything that was issued. */
export interface IssuedCertificates {
  /** Of the authority, in PEM. */
  ca: string;
  server: IssuedCertificate;
  /** For the same names, and over since a day. */
  expired: IssuedCertificate;
  /** For another host. */
  wrong: IssuedCertificate;
  client?: IssuedCertificate;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
const dayMs = 24 * 60 * 60_000;
/** A clock of another machine may be behind. */
const backdatedMs = 60 * 60_000;
/** A host that no server of ours is. */
const wrongHost = 'wrong-host.invalid';

/** Takes some 10 ms. */
export async function issueCertificates({ name, names, now, client }: CertificateOptions): Promise<IssuedCertificates> {
  const authorityKeys = await newKeys();
  const from = new Date(now - backdatedMs);
  const until = new Date(now + validMs);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: subject('authority', name),
    notBefore: from,
    notAfter: until,
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    extensions: [
      // It can sign for others, and no other authority.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey, false),
    ],
  });

  async function issue(own: x509.JsonName, hosts: readonly string[], valid: { from: Date; until: Date }) {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerialNumber(),
      subject: own,
      issuer: authority.subject,
      notBefore: valid.from,
      notAfter: valid.until,
      signingKey: authorityKeys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([...(hosts.length === 0 ? [] : [serverAuth]), clientAuth]),
        ...(hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(hosts.map(alternativeName))]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
        await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey, false),
      ],
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    return { cert: `${certificate.toString('pem')}\n`, key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n` };
  }

  const valid = { from, until };
  const over = { from: new Date(now - 3 * dayMs), until: new Date(now - dayMs) };
  return {
    ca: `${authority.toString('pem')}\n`,
    server: await issue(subject('server', name), names, valid),
    expired: await issue(subject('server', name), names, over),
    wrong: await issue(subject('server', wrongHost), [wrongHost], valid),
    ...(client && { client: await issue(subject('client', name), [], valid) }),
  };
}

async function newKeys() {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** Positive, and no other has it (RFC 5280, section 4.1.2.2). */
function newSerialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  return `01${Buffer.from(bytes).toString('hex')}`;
}

/** A common name has at most 64 characters (RFC 5280, appendix A.1), which an environment's name alone does not reach. */
function subject(role: 'authority' | 'server' | 'client', commonName: string): x509.JsonName {
  return [{ O: [`kserve-env ${role}`] }, { CN: [commonName] }];
}

function alternativeName(name: string): x509.JsonGeneralName {
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name };
}
