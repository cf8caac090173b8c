/** How one environment lets clients in: which secrets there are, and where server and clients find them. Pure, paths alone. */
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import type { ServedFile } from '../engine/files.js';
import { containerName } from '../engine/labels.js';
import type { ServerConfig } from '../models/server-config.js';

/** Part of an environment's spec, and so of a label that anybody may read: it says what there is, and no secret. */
export const accessSchema = z.object({
  /** Directory of this machine with the files. */
  directory: z.string(),
  /** Random, and another one for other secrets. */
  secrets: z.string(),
  tls: z
    .object({
      mode: z.enum(['auto', 'files']),
      mtls: z.boolean(),
      /** There is a certificate to check the server's against; else it is one that the system knows. */
      ca: z.boolean(),
      /** What the certificate is for, beside what it is always for. */
      names: z.array(z.string()),
      /** Name to ask for where the certificate is not for 127.0.0.1. */
      serverName: z.string().optional(),
      /** ISO 8601: until when it is valid. */
      until: z.string(),
    })
    .optional(),
  /** Where the token comes from, if every call must bring one. */
  token: z.enum(['auto', 'file', 'variable']).optional(),
});

export type Access = z.output<typeof accessSchema>;

/** Names of files in the directory. */
export const accessFile = {
  server: 'server.pem',
  serverKey: 'server-key.pem',
  clientCa: 'client-ca.pem',
  expired: 'expired.pem',
  expiredKey: 'expired-key.pem',
  wrong: 'wrong.pem',
  wrongKey: 'wrong-key.pem',
  token: 'token',
  ca: 'ca.pem',
  trust: 'trust.pem',
  client: 'client.pem',
  clientKey: 'client-key.pem',
} as const;

/** How long certificates of ours are valid, in milliseconds. */
export const validMs = 30 * 24 * 60 * 60_000;

/** Below the state directory: where secrets are, a directory for each set of them. */
export const secretsDirectory = '.secrets';

/** Whether a path is one of a file that some environment's secrets are in, there or gone. */
export function isSecretFile(path: string): boolean {
  return basename(dirname(dirname(path))) === secretsDirectory;
}

/** Where a container has them. */
const inContainer = '/run/kserve-env';

/** What the certificate of an environment is always for: whoever is on this machine, or in a container of it. */
export function standardNames(environment: string): string[] {
  return [
    'localhost',
    '127.0.0.1',
    '::1',
    containerName(environment),
    'host.docker.internal',
    'host.containers.internal',
  ];
}

/** What the server is told, with the paths that a container has. */
export function serverAccess(access: Access | undefined): Pick<ServerConfig, 'tls' | 'tokenFile'> {
  const at = (file: string) => `${inContainer}/${file}`;
  const { tls, token } = access ?? {};
  const own = tls?.mode === 'auto';
  return {
    ...(tls && {
      tls: {
        cert: at(accessFile.server),
        key: at(accessFile.serverKey),
        ...(tls.mtls && { clientCa: at(accessFile.clientCa) }),
        ...(own && { expired: { cert: at(accessFile.expired), key: at(accessFile.expiredKey) } }),
        ...(own && { wrong: { cert: at(accessFile.wrong), key: at(accessFile.wrongKey) } }),
      },
    }),
    ...(token && { tokenFile: at(accessFile.token) }),
  };
}

/** The files that the server reads. */
export function accessFiles(access: Access | undefined): ServedFile[] {
  if (access === undefined) return [];
  return serverFiles(access).map((file) => ({
    source: join(access.directory, file),
    target: `${inContainer}/${file}`,
  }));
}

/** Names of the files that the server reads. */
export function serverFiles(access: Pick<Access, 'tls' | 'token'>): string[] {
  const { tls, tokenFile } = serverAccess({ ...access, directory: '', secrets: '' });
  const { cert, key, clientCa, expired, wrong } = tls ?? {};
  return [cert, key, clientCa, expired?.cert, expired?.key, wrong?.cert, wrong?.key, tokenFile].flatMap((path) =>
    path === undefined ? [] : [path.slice(inContainer.length + 1)],
  );
}

/** Where a client finds what it needs: absolute paths. */
export interface ClientAccess {
  /** PEM of the authority that the server's certificate is of. */
  caFile?: string;
  /** The same, with all that the system trusts. */
  trustFile?: string;
  /** What a client shows where the server wants to see a certificate. */
  clientCertFile?: string;
  clientKeyFile?: string;
  tokenFile?: string;
  /** Name that the certificate is for. */
  serverName?: string;
}

/** Where clients of this machine find what lets them in. */
export function clientAccess({ directory, tls, token }: Access): ClientAccess {
  const at = (file: string) => join(directory, file);
  return {
    ...(tls?.ca && { caFile: at(accessFile.ca), trustFile: at(accessFile.trust) }),
    ...(tls?.mtls && { clientCertFile: at(accessFile.client), clientKeyFile: at(accessFile.clientKey) }),
    ...(token && { tokenFile: at(accessFile.token) }),
    ...(tls?.serverName !== undefined && { serverName: tls.serverName }),
  };
}

/** Names of the files that clients read. */
export function clientFiles({ tls, token }: Pick<Access, 'tls' | 'token'>): string[] {
  return [
    ...(tls?.ca ? [accessFile.ca, accessFile.trust] : []),
    ...(tls?.mtls ? [accessFile.client, accessFile.clientKey] : []),
    ...(token ? [accessFile.token] : []),
  ];
}
