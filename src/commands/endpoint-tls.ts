/** Settings of TLS from flags: the files are read, and looked at, before anything is sent. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { UsageError } from '../errors.js';
import type { TlsSettings } from '../protocol/connection.js';
import { readNamedFile } from './named-file.js';

/** TLS as flags give it; paths are relative to the directory of the command. */
export interface TlsOptions {
  /** gRPC over TLS, as `grpcs://` says; REST has it from its URL. */
  tls?: boolean;
  /** PEM file with the certificates of the authorities that the server's is checked against. */
  cacert?: string;
  /** PEM file with a certificate of the client's own; it may hold the key, too. */
  cert?: string;
  /** PEM file with the key of `cert`. */
  key?: string;
  /** Name that the server's certificate must be for, where that is not the host of the address. */
  serverName?: string;
  /** Take any certificate. */
  insecure?: boolean;
}

/** Throws UsageError for files that are not what they should be, and for flags that contradict each other. */
export async function tlsSettings(options: TlsOptions, cwd: string): Promise<TlsSettings> {
  const { cacert, cert, key, serverName, insecure } = options;
  if (insecure && cacert !== undefined) throw new UsageError('--insecure and --cacert exclude each other');
  if (key !== undefined && cert === undefined) {
    throw new UsageError('--key needs the certificate that it belongs to', { hint: 'give --cert FILE, too' });
  }
  if (serverName !== undefined && (!/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(serverName) || isIP(serverName) !== 0)) {
    throw new UsageError(`--server-name: expected the name of a host, got ${JSON.stringify(serverName)}`);
  }
  return {
    ...(cacert !== undefined && { ca: await certificates('--cacert', cacert, cwd) }),
    ...(cert !== undefined && (await ownCertificate(cert, key, cwd))),
    ...(serverName !== undefined && { serverName }),
    ...(insecure && { insecure }),
  };
}

/** The flags that mean nothing without TLS, of those that were given. */
export function tlsFlagsGiven({ cacert, cert, key, serverName, insecure }: TlsOptions): string[] {
  const flags = {
    '--cacert': cacert,
    '--cert': cert,
    '--key': key,
    '--server-name': serverName,
    '--insecure': insecure || undefined,
  };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
}

async function certificates(flag: string, path: string, cwd: string): Promise<Buffer> {
  const file = await readNamedFile(flag, path, cwd);
  const blocks = file.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw new UsageError(`${flag}: ${path} holds no certificate in PEM`, {
      ...(file[0] === 0x30 && { hint: `openssl x509 -inform der -in ${path} makes one of what may be DER` }),
    });
  }
  for (const block of blocks)
    read(`${flag}: ${path}: a certificate in it cannot be read`, () => new X509Certificate(block));
  return file;
}

async function ownCertificate(path: string, keyPath: string | undefined, cwd: string) {
  const cert = await certificates('--cert', path, cwd);
  if (keyPath === undefined && !cert.includes('PRIVATE KEY-----')) {
    throw new UsageError(`--cert: ${path} holds no key`, { hint: 'give --key FILE, too' });
  }
  const key = keyPath === undefined ? cert : await readNamedFile('--key', keyPath, cwd);
  const from = keyPath === undefined ? `--cert: ${path}` : `--key: ${keyPath}`;
  const privateKey = readKey(from, key);
  // The first one is the client's own, those that follow lead to its authority.
  if (!new X509Certificate(cert).checkPrivateKey(privateKey)) {
    throw new UsageError(`${from}: the key does not belong to the certificate in ${path}`);
  }
  return { cert, key };
}

function readKey(from: string, key: Buffer): KeyObject {
  if (/ENCRYPTED/.test(key.toString('latin1'))) {
    throw new UsageError(`${from}: the key is encrypted, and there is nobody to ask for its password`, {
      hint: 'openssl pkey -in KEY -out PLAIN takes the password away',
    });
  }
  return read(`${from} holds no private key in PEM`, () => createPrivateKey(key));
}

function read<T>(otherwise: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(otherwise, { cause: error });
  }
}
