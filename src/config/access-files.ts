/** The certificates and the token that a config names: read, and looked at before anything starts. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { LoadedConfig } from './load.js';
import type { Finding } from './problems.js';

/** Certificates of somebody's own, in PEM. */
export interface GivenCertificates {
  cert: string;
  key: string;
  ca?: string;
  client?: { ca: string; cert: string; key: string };
  /** Milliseconds since the epoch. */
  until: number;
  /** What to ask for, where the certificate is not for 127.0.0.1. */
  serverName?: string;
}

/** What a config asks for, with the contents of all that it names. */
export interface WantedAccess {
  tls?: { mode: 'auto'; mtls: boolean; names: string[] } | { mode: 'files'; given: GivenCertificates };
  token?: { source: 'auto' } | { source: 'file' | 'variable'; text: string };
}

/** More than this is no certificate, no key and no token. */
const maxBytes = 1024 * 1024;
const maxTokenLength = 8192;

/**
 * Undefined where the config wants neither TLS nor a token.
 * @throws ConfigError with file and line of all that cannot be read, or is not what it should be; no content is in it
 */
export async function readAccessFiles(
  loaded: LoadedConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<WantedAccess | undefined> {
  const { tls, auth } = loaded.config;
  if (tls.mode === 'off' && auth === undefined) return undefined;
  const findings: Finding[] = [];
  const reader = fileReader(dirname(loaded.path), findings);
  const wanted: WantedAccess = {};
  if (tls.mode === 'auto') wanted.tls = tls;
  else if (tls.mode === 'files') {
    const given = await givenCertificates(tls, reader, findings);
    if (given) wanted.tls = { mode: 'files', given };
  }
  if (auth !== undefined) wanted.token = await tokenOf(auth, reader, findings, env);
  if (findings.length > 0) throw loaded.errorOf(findings);
  return wanted;
}

/** Text of a file that is named at a path of the config; what is wrong with it becomes a finding. */
type FileReader = (name: string, path: PropertyKey[]) => Promise<string | undefined>;

function fileReader(directory: string, findings: Finding[]): FileReader {
  return async (name, path) => {
    const refuse = (expected: string, got: string) => {
      findings.push({ path, expected, got });
      return undefined;
    };
    const place = resolve(directory, name);
    try {
      // Looked at before it is opened: to open a FIFO would wait for ever.
      const info = await stat(place);
      if (!info.isFile())
        return refuse('a file', `${info.isDirectory() ? 'the directory' : 'the special file'} ${place}`);
      if (info.size > maxBytes) return refuse(`a file of at most ${maxBytes} bytes`, `${info.size} bytes`);
      return await readFile(place, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return refuse('a readable file', code === 'ENOENT' ? `nothing at ${place}` : `${code} for ${place}`);
    }
  };
}

type TlsFiles = Extract<LoadedConfig['config']['tls'], { mode: 'files' }>;

async function givenCertificates(
  tls: TlsFiles,
  read: FileReader,
  findings: Finding[],
): Promise<GivenCertificates | undefined> {
  const textOf = async (key: Exclude<keyof TlsFiles, 'mode'>) => {
    const name = tls[key];
    const text = name === undefined ? undefined : await read(name, ['tls', key]);
    if (text === undefined) return undefined;
    const problem = /key/i.test(key) ? keyProblem(text) : certificateProblem(text);
    if (problem === undefined) return text;
    findings.push({ path: ['tls', key], ...problem });
    return undefined;
  };
  const [cert, key, ca] = [await textOf('cert'), await textOf('key'), await textOf('ca')];
  const [clientCa, clientCert, clientKey] = [
    await textOf('clientCa'),
    await textOf('clientCert'),
    await textOf('clientKey'),
  ];
  requirePair(cert, key, 'key', findings);
  requirePair(clientCert, clientKey, 'clientKey', findings);
  if (cert === undefined || key === undefined || findings.length > 0) return undefined;
  const certificate = new X509Certificate(cert);
  const serverName = nameToAskFor(certificate);
  const client = clientCa !== undefined && clientCert !== undefined && clientKey !== undefined;
  return {
    cert,
    key,
    ...(ca !== undefined && { ca }),
    ...(client && { client: { ca: clientCa, cert: clientCert, key: clientKey } }),
    until: Date.parse(certificate.validTo),
    ...(serverName !== undefined && { serverName }),
  };
}

function certificateProblem(text: string): { expected: string; got: string } | undefined {
  const expected = 'certificates in PEM';
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (blocks === null) return { expected, got: 'a file without one' };
  try {
    for (const block of blocks) new X509Certificate(block);
    return undefined;
  } catch {
    return { expected, got: 'one that cannot be read' };
  }
}

function keyProblem(text: string): { expected: string; got: string } | undefined {
  const expected = 'a private key in PEM, without a passphrase';
  if (!text.includes('PRIVATE KEY-----')) return { expected, got: 'a file without one' };
  try {
    createPrivateKey(text);
    return undefined;
  } catch {
    return { expected, got: /ENCRYPTED/.test(text) ? 'one with a passphrase' : 'one that cannot be read' };
  }
}

function requirePair(cert: string | undefined, key: string | undefined, place: string, findings: Finding[]): void {
  if (cert === undefined || key === undefined) return;
  // The first one is the own one, those that follow lead to its authority.
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  const got = 'the key of another one';
  findings.push({ path: ['tls', place], expected: 'the key that belongs to the certificate', got });
}

/** A server on 127.0.0.1 is asked for by what its certificate is for; of `*.models.test` any name will do. */
function nameToAskFor(certificate: X509Certificate): string | undefined {
  if (certificate.checkIP('127.0.0.1') !== undefined) return undefined;
  const [, name] = /(?:^|, )DNS:([^,\s"]+)/.exec(certificate.subjectAltName ?? '') ?? [];
  return name?.replace(/^\*/, 'kserve-env');
}

async function tokenOf(
  auth: NonNullable<LoadedConfig['config']['auth']>,
  read: FileReader,
  findings: Finding[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<NonNullable<WantedAccess['token']>> {
  const { tokenFile, tokenVariable } = auth;
  const key = tokenFile === undefined ? 'tokenVariable' : 'tokenFile';
  const path = ['auth', key];
  const text = (tokenFile === undefined ? env[tokenVariable ?? ''] : await read(tokenFile, path))?.trim();
  if (tokenFile === undefined && tokenVariable === undefined) return { source: 'auto' };
  if (text === undefined) {
    if (tokenVariable !== undefined) findings.push({ path, expected: `a token in $${tokenVariable}`, got: 'nothing' });
  } else if (!/^[\x21-\x7e]+$/.test(text)) {
    const got = text === '' ? 'nothing' : 'white space in it, or characters other than those of ASCII in print';
    findings.push({ path, expected: 'a token in one word', got });
  } else if (text.length > maxTokenLength) {
    findings.push({ path, expected: `a token of at most ${maxTokenLength} characters`, got: `${text.length}` });
  }
  return { source: tokenFile === undefined ? 'variable' : 'file', text: text ?? '' };
}
