/** The contents of secrets, by the names that accessFile gives them: read from the user's, or made. */
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import type { WantedAccess } from '../config/access-files.js';
import { accessFile, standardNames } from './access.js';

/** What stands in files or variables of the user's, by the name that it gets. */
export function givenFiles({ tls, token }: WantedAccess): Record<string, string> {
  const files: Record<string, string> = {};
  if (tls?.mode === 'files') {
    const { cert, key, ca, client } = tls.given;
    Object.assign(files, { [accessFile.server]: cert, [accessFile.serverKey]: key });
    if (ca !== undefined) files[accessFile.ca] = ca;
    if (client) {
      Object.assign(files, {
        [accessFile.clientCa]: client.ca,
        [accessFile.client]: client.cert,
        [accessFile.clientKey]: client.key,
      });
    }
  }
  if (token && token.source !== 'auto') files[accessFile.token] = token.text;
  return files;
}

/** What is made for an environment, by the name that it gets. */
export async function issuedFiles(
  name: string,
  { mtls, names }: { mtls: boolean; names: string[] },
  now: number,
): Promise<Record<string, string>> {
  const { issueCertificates } = await import('./certificates.js');
  const all = [...new Set([...standardNames(name), ...names])];
  const { ca, server, expired, wrong, client } = await issueCertificates({ name, names: all, now, client: mtls });
  return {
    [accessFile.ca]: ca,
    [accessFile.server]: server.cert,
    [accessFile.serverKey]: server.key,
    [accessFile.expired]: expired.cert,
    [accessFile.expiredKey]: expired.key,
    [accessFile.wrong]: wrong.cert,
    [accessFile.wrongKey]: wrong.key,
    ...(client && {
      [accessFile.clientCa]: ca,
      [accessFile.client]: client.cert,
      [accessFile.clientKey]: client.key,
    }),
  };
}

/** Where systems have the authorities that programs trust. */
const systemTrustFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
];

/**
 * What programs of this machine trust, so that a shell which is told of our authority goes on to reach everybody else.
 * @param trustFile the file that a variable names, if one does
 */
export async function systemTrust(trustFile: string | undefined): Promise<string> {
  for (const path of [...(trustFile ? [trustFile] : []), ...systemTrustFiles]) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.includes('BEGIN CERTIFICATE')) return text;
  }
  return rootCertificates.join('\n');
}
