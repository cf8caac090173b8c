/** Certificates and keys of a server, read and checked before anything listens. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ServerTls } from '../../models/server-config.js';
import { readServerFile, ServerFileError } from '../server-files.js';

/** A certificate, with those that lead to its authority, and its key: both PEM. */
export interface Certificate {
  cert: Buffer;
  key: Buffer;
}

export interface LoadedTls {
  usual: Certificate;
  /** What faults show instead. */
  expired: Certificate | undefined;
  wrong: Certificate | undefined;
  /** PEM of the authorities whose certificates clients must show; clients need none where it is absent. */
  clientCa: Buffer | undefined;
}

/** Reads what `tls` names. Throws ServerFileError for a file that is not there, is no PEM, or does not fit. */
export function loadTls(tls: ServerTls): LoadedTls {
  const { expired, wrong, clientCa } = tls;
  return {
    usual: loadCertificate('tls', tls),
    expired: expired && loadCertificate('tls.expired', expired),
    wrong: wrong && loadCertificate('tls.wrong', wrong),
    clientCa: clientCa === undefined ? undefined : loadAuthorities('tls.clientCa', clientCa),
  };
}

function loadCertificate(setting: string, files: { cert: string; key: string }): Certificate {
  const cert = readServerFile(`${setting}.cert`, files.cert);
  const key = readServerFile(`${setting}.key`, files.key);
  const [first] = certificatesOf(`${setting}.cert`, files.cert, cert);
  const privateKey = parse(() => createPrivateKey(key));
  if (!privateKey) {
    throw new ServerFileError(`${setting}.key`, files.key, 'has no private key in PEM without a password');
  }
  if (!first?.checkPrivateKey(privateKey)) {
    throw new ServerFileError(`${setting}.key`, files.key, `is not the key of the certificate ${files.cert}`);
  }
  return { cert, key };
}

function loadAuthorities(setting: string, path: string): Buffer {
  const bytes = readServerFile(setting, path);
  certificatesOf(setting, path, bytes);
  return bytes;
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, at least one. */
function certificatesOf(setting: string, path: string, bytes: Buffer): X509Certificate[] {
  const blocks = bytes.toString('latin1').match(certificateBlock) ?? [];
  if (blocks.length === 0) throw new ServerFileError(setting, path, 'has no certificate in PEM');
  return blocks.map((block) => {
    const certificate = parse(() => new X509Certificate(block));
    if (!certificate) throw new ServerFileError(setting, path, 'has a certificate that cannot be read');
    return certificate;
  });
}

/** What `read` returns; undefined where it throws, since what OpenSSL says of a bad file helps nobody. */
function parse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
