/** Addresses of servers as people write them: `--endpoint` for gRPC, `--rest-url` for REST. Pure. */
import { isIP } from 'node:net';
import { UsageError } from '../errors.js';

/** Where a gRPC server is. */
export interface GrpcAddress {
  /** `host:port`, as gRPC takes it. */
  endpoint: string;
  /** Without the brackets of IPv6. */
  host: string;
  port: number;
  /** Whether the word says so: `grpcs://` or `grpc://`; undefined for `host:port` alone. */
  tls: boolean | undefined;
}

/** Where a REST server is. */
export interface RestAddress {
  /** Without a slash at its end. */
  baseUrl: string;
  /** Without the brackets of IPv6. */
  host: string;
  port: number;
  /** Whether it is https. */
  tls: boolean;
}

const hostAndPort = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):(\d{1,5})$/i;

/** Reads `host:port`, `grpc://host:port` or `grpcs://host:port`. Throws UsageError. */
export function grpcAddressOf(word: string): GrpcAddress {
  const [, scheme, endpoint = ''] = /^(?:(grpcs?):\/\/)?(.*?)\/?$/is.exec(word) ?? [];
  const [, host = '', digits] = hostAndPort.exec(endpoint) ?? [];
  const port = Number(digits ?? 0);
  if (port >= 1 && port <= 65_535) {
    const tls = scheme === undefined ? undefined : scheme.toLowerCase() === 'grpcs';
    return { endpoint, host: withoutBrackets(host), port, tls };
  }
  throw new UsageError(`--endpoint: expected host:port, got ${quotedAddress(word)}`, {
    hint: /^https?:/i.test(word) ? `use --rest-url ${withoutUser(word)}` : 'for example --endpoint 127.0.0.1:9081',
  });
}

/** Reads an http or https URL, which may have a path. Throws UsageError. */
export function restAddressOf(word: string): RestAddress {
  const url = /^https?:\/\//i.test(word) && URL.canParse(word) ? new URL(word) : undefined;
  if (url === undefined) {
    throw new UsageError(`--rest-url: expected an http or https URL, got ${quotedAddress(word)}`, {
      hint: 'for example --rest-url http://127.0.0.1:9080',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('--rest-url: the URL has a user or a password, which would be shown with it', {
      hint: `give --rest-url ${withoutUser(word)} and --header "authorization: Basic $(printf %s user:password | base64)"`,
    });
  }
  if (url.search !== '' || url.hash !== '') {
    throw new UsageError(`--rest-url: expected a base URL without ? and #, got ${quotedAddress(word)}`);
  }
  const tls = url.protocol === 'https:';
  const baseUrl = word.replace(/\/+$/, '');
  return { baseUrl, host: withoutBrackets(url.hostname), port: Number(url.port) || (tls ? 443 : 80), tls };
}

/** Whether what is sent to a host stays on this machine. */
export function isThisMachine(host: string): boolean {
  const version = isIP(host);
  if (version === 4) return host.startsWith('127.');
  return version === 6 ? /^(0*:)*:?0*1$/.test(host) : /^(.*\.)?localhost\.?$/i.test(host);
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

/** A user and a password are nobody else's business. */
function withoutUser(word: string): string {
  return word.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@/i, '$1');
}

function quotedAddress(word: string): string {
  return JSON.stringify(withoutUser(word));
}
