/** Reads the address of a daemon, in the forms that DOCKER_HOST and Docker's contexts have. */
import { networkInterfaces } from 'node:os';

/** TLS on the way to a daemon. Files that are not there are left out: then the system's authorities are believed. */
export interface TlsFiles {
  /** Holds `ca.pem`, `cert.pem` and `key.pem`. */
  directory: string;
  /** False takes any certificate. */
  verify: boolean;
}

/** A way to a daemon that may be tried. */
export type Way =
  | { kind: 'socket'; path: string }
  | { kind: 'tcp'; host: string; port: number; tls?: TlsFiles }
  | { kind: 'ssh'; host: string; user?: string; port?: number; socketPath?: string };

/** A way, or why there is none: `outcome` for people, `hint` the next command. */
export type ReadUrl = { way: Way } | { outcome: string; hint: string };

/** What reading an address depends on. */
export interface UrlContext {
  platform: NodeJS.Platform;
  /** Whether plain TCP and unverified TLS to another machine are asked for. */
  allowInsecure: boolean;
  tls?: TlsFiles;
}

const plainPort = 2375;
const tlsPort = 2376;

/**
 * `unix:///path`, `npipe:////./pipe/name`, `tcp://host:port` (also `http` and `https`), `ssh://user@host:port/socket`.
 * Source: docker/cli `opts.ParseHost`, and `connhelper/ssh`.
 */
export function readDaemonUrl(text: string, context: UrlContext): ReadUrl {
  const [, scheme, rest = ''] = /^([a-z]+):\/\/([^\s\0]*)$/.exec(text) ?? [];
  switch (scheme) {
    case 'unix':
    case 'npipe':
      return readSocket(scheme, rest, context);
    case 'tcp':
    case 'http':
    case 'https':
      return readTcp(scheme, rest, context);
    case 'ssh':
      return readSsh(rest);
    default:
      return cannot(
        'it is no address of a daemon',
        'use unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host',
      );
  }
}

/** The address without a password, for people. */
export function shownUrl(text: string): string {
  return text.replace(/\/\/([^:@/]*)[^/]*@/, '//$1@').replace(/[^!-~]/g, '?');
}

/** Whether a name or address is of this machine itself. Names are not looked up: that could take its time. */
export function isThisMachine(host: string): boolean {
  if (host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host));
}

function readSocket(scheme: 'unix' | 'npipe', path: string, { platform }: UrlContext): ReadUrl {
  const own = platform === 'win32' ? 'npipe' : 'unix';
  if (scheme !== own) return cannot(`this system has no ${scheme} sockets`, `use ${own}://`);
  if (path === '') return cannot('it names no socket', 'use unix:///var/run/docker.sock');
  return { way: { kind: 'socket', path } };
}

function readTcp(scheme: string, rest: string, { allowInsecure, tls }: UrlContext): ReadUrl {
  const url = URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : undefined;
  if (url === undefined || url.hostname === '') return cannot('it names no host', 'use tcp://host:2376');
  if (url.username !== '' || url.password !== '')
    return cannot('a daemon has no users', 'take user and password out of the address');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = tls ?? (scheme === 'https' ? { directory: '', verify: true } : undefined);
  const here = isThisMachine(host);
  if (secure === undefined && !here && !allowInsecure)
    return cannot(
      'plain TCP gives whoever listens on the way the whole machine',
      'set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, use ssh://, or add --allow-insecure-engine',
    );
  if (secure?.verify === false && !here && !allowInsecure)
    return cannot(
      'TLS that does not verify whom it talks to is as good as none',
      'set DOCKER_TLS_VERIFY=1, or add --allow-insecure-engine',
    );
  // The default port of http, which is left out of a URL, is none of a daemon.
  const port = Number(/:(\d+)(?:\/|$)/.exec(rest)?.[1] ?? (secure ? tlsPort : plainPort));
  return { way: { kind: 'tcp', host, port, ...(secure && { tls: secure }) } };
}

/** What goes to a command line, here and in the other machine's shell, is of plain characters, and no option. */
const plainWord = /^[\w.][\w.-]*$/;
const plainPath = /^\/[\w@%+=:,./-]+$/;

function readSsh(rest: string): ReadUrl {
  const parts = /^(?:([^@/]*)@)?(\[[^\]]*\]|[^:/@]*)(?::(\d{1,5}))?(\/.*)?$/.exec(rest);
  if (parts === null) return cannot('it is no ssh address', 'use ssh://user@host:22');
  const [, user, bracketed = '', port, path = '/'] = parts;
  const host = bracketed.replace(/^\[|\]$/g, '');
  const isAddress = bracketed !== host && /^[0-9a-f:.%]+$/i.test(host);
  if (host === '') return cannot('it names no host', 'use ssh://user@host');
  // A word that begins with a dash would be an option of ssh, and one of those runs any program.
  if (!isAddress && !plainWord.test(host)) return cannot('its host is no name of a machine', 'use ssh://user@host');
  if (user?.includes(':')) return cannot('ssh takes no password from an address', 'use a key: ssh-copy-id user@host');
  if (user !== undefined && !plainWord.test(user))
    return cannot('its user is no name of a user', 'use ssh://user@host');
  if (path !== '/' && !plainPath.test(path))
    return cannot('its socket is no plain path', 'use ssh://user@host/run/x.sock');
  return {
    way: {
      kind: 'ssh',
      host,
      ...(user !== undefined && { user }),
      ...(port !== undefined && { port: Number(port) }),
      ...(path !== '/' && { socketPath: path }),
    },
  };
}

function cannot(why: string, hint: string): ReadUrl {
  return { outcome: `cannot be used: ${why}`, hint: `${hint}, or use --engine process` };
}
