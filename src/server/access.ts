/** Who may call: by a token, by the origin of a browser's page, and by the host that a request is for. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { ServerConfig } from '../models/server-config.js';
import { type OipError, oipError, quoteName } from '../protocol/status.js';
import { readServerFile, ServerFileError } from './server-files.js';

export interface Access {
  /** Whether calls must bring a token. */
  readonly needsToken: boolean;
  /** The refusal of what a call says of itself in `authorization`; undefined where nothing speaks against it. */
  refuseToken(authorization: string | undefined): OipError | undefined;
  /** The refusal of a page of this origin; undefined where it may call. */
  refuseOrigin(origin: string): OipError | undefined;
  /** Whether a Host header names a host that no page of a stranger can have been loaded from. */
  isOurHost(host: string): boolean;
}

/** Throws ServerFileError where there is a file for the token, and no token in it. */
export function createAccess({
  tokenFile,
  allowedOrigins,
  allowedHosts,
}: Pick<ServerConfig, 'tokenFile' | 'allowedOrigins' | 'allowedHosts'>): Access {
  const expected = tokenFile === undefined ? undefined : digest(readToken(tokenFile));
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return {
    needsToken: expected !== undefined,
    refuseToken(authorization) {
      if (!expected) return undefined;
      const token = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) {
        return oipError('UNAUTHENTICATED', 'this server wants a token: authorization: Bearer TOKEN');
      }
      // Digests have one length, so that not even the length of the token shows in the time.
      if (timingSafeEqual(digest(token), expected)) return undefined;
      return oipError('UNAUTHENTICATED', 'the bearer token is not the one of this server');
    },
    refuseOrigin(origin) {
      if (origins.has(origin.toLowerCase())) return undefined;
      const page = quoteName(origin);
      return oipError(
        'FORBIDDEN',
        `pages of the origin ${page} may not call: allowedOrigins of the server does not name it`,
      );
    },
    isOurHost: (host) => isOurs(host, hosts),
  };
}

/** What may be in a header, with no space. Source: RFC 9110, section 5.5 */
const tokenText = /^[\x21-\x7e]+$/;

function readToken(path: string): string {
  const token = readServerFile('tokenFile', path).toString('latin1').trim();
  if (token === '') throw new ServerFileError('tokenFile', path, 'is empty; it must hold the token');
  if (!tokenText.test(token)) {
    throw new ServerFileError('tokenFile', path, 'must hold one token of printable ASCII without spaces');
  }
  return token;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}

/** Ends of names that no public name has. Sources: RFC 6761, RFC 6762, and ICANN's resolution on `internal` of 2024. */
const privateSuffixes = ['.localhost', '.local', '.internal', '.svc'];

/**
 * An attacker's page can only have been loaded from a public name that was made to lead here (DNS rebinding): an address,
 * or a name that no public server of names answers for, is none.
 */
function isOurs(host: string, allowed: ReadonlySet<string>): boolean {
  const name = host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
  if (isIP(name) !== 0 || !name.includes('.')) return true;
  return allowed.has(name) || privateSuffixes.some((suffix) => name.endsWith(suffix));
}
