/** Where a daemon of Docker or Podman may be listening. */
import { posix } from 'node:path';
import { isThisMachine, readDaemonUrl, shownUrl, type TlsFiles, type Way } from './daemon-url.js';
import type { DockerContext } from './docker-context.js';

/** What the places depend on. */
export interface EndpointContext {
  env: Readonly<Record<string, string | undefined>>;
  homeDir: string | undefined;
  platform: NodeJS.Platform;
  /** Numeric user ID; undefined on Windows. */
  uid?: number | undefined;
}

/** One place to look in. */
export interface DaemonEndpoint {
  /** What is expected there. What it is, it says itself. */
  expected: 'docker' | 'podman';
  /** For people, and in the form that DOCKER_HOST has: `unix:///var/run/docker.sock`. */
  endpoint: string;
  /** Absent when it is refused. */
  way?: Way;
  /** Why this endpoint is not even tried. */
  refused?: string;
  /** The command that mends what is refused. */
  hint?: string;
  /** On another machine, and no way for more than the daemon's words: what it publishes cannot be reached from here. */
  elsewhere?: boolean;
}

/** Variable that lets plain TCP reach another machine's daemon; `--allow-insecure-engine` sets it. */
const allowInsecureVariable = 'KSERVE_ENV_ALLOW_INSECURE_ENGINE';

/**
 * Docker's places, in order. A DOCKER_HOST is the only one, and so is a context: whoever chose it means that daemon, as
 * `docker ps` does, and no other. Otherwise the known sockets.
 */
export function dockerEndpoints(context: EndpointContext, chosen?: DockerContext): DaemonEndpoint[] {
  const { DOCKER_HOST: host } = context.env;
  if (host) return [fromVariable('docker', 'DOCKER_HOST', host, context)];
  if (chosen !== undefined) return [fromContext(chosen, context)];
  const paths =
    context.platform === 'win32'
      ? ['//./pipe/docker_engine', '//./pipe/dockerDesktopLinuxEngine']
      : ['/var/run/docker.sock', ...inRuntimeDir(context, 'docker.sock'), ...inHome(context, dockerHomePaths(context))];
  return known('docker', paths, context);
}

/** Podman's places, in order. A CONTAINER_HOST is the only one. */
export function podmanEndpoints(context: EndpointContext): DaemonEndpoint[] {
  const { CONTAINER_HOST: host, TMPDIR } = context.env;
  if (host) return [fromVariable('podman', 'CONTAINER_HOST', host, context)];
  if (context.platform === 'win32') return known('podman', ['//./pipe/podman-machine-default'], context);
  const system = ['/run/podman/podman.sock'];
  const own = inRuntimeDir(context, 'podman/podman.sock');
  const machines = context.platform === 'darwin' ? inHome(context, podmanMachinePaths) : [];
  // Since Podman 5 the socket of a machine on macOS is among the temporary files.
  if (context.platform === 'darwin' && TMPDIR)
    machines.unshift(posix.join(TMPDIR, 'podman/podman-machine-default-api.sock'));
  const sockets = context.uid === 0 ? [...system, ...own] : [...own, ...system];
  return known('podman', [...sockets, ...machines], context);
}

/** Docker Desktop and rootless Docker, Colima (two generations), Rancher Desktop, OrbStack. */
function dockerHomePaths({ env }: EndpointContext): string[] {
  return [
    '.docker/run/docker.sock',
    '.docker/desktop/docker.sock',
    ...(env.COLIMA_HOME ? [posix.join(env.COLIMA_HOME, 'default/docker.sock')] : []),
    '.colima/default/docker.sock',
    '.config/colima/default/docker.sock',
    '.rd/docker.sock',
    '.orbstack/run/docker.sock',
  ];
}

const podmanMachinePaths = [
  '.local/share/containers/podman/machine/podman.sock',
  '.local/share/containers/podman/machine/podman-machine-default/podman.sock',
];

function inHome({ homeDir }: EndpointContext, paths: string[]): string[] {
  return homeDir === undefined ? [] : paths.map((path) => (path.startsWith('/') ? path : posix.join(homeDir, path)));
}

function inRuntimeDir({ env, uid, platform }: EndpointContext, path: string): string[] {
  if (platform !== 'linux') return [];
  const directories = [env.XDG_RUNTIME_DIR, uid === undefined || uid === 0 ? undefined : `/run/user/${uid}`];
  return [...new Set(directories)].flatMap((directory) => (directory ? [posix.join(directory, path)] : []));
}

function known(expected: DaemonEndpoint['expected'], paths: string[], { platform }: EndpointContext): DaemonEndpoint[] {
  const scheme = platform === 'win32' ? 'npipe' : 'unix';
  return paths.map((path) => ({ expected, endpoint: `${scheme}://${path}`, way: { kind: 'socket', path } }));
}

function fromVariable(
  expected: DaemonEndpoint['expected'],
  variable: string,
  url: string,
  context: EndpointContext,
): DaemonEndpoint {
  const found = fromUrl(expected, url, context, tlsOfVariables(context));
  return found.refused === undefined ? found : { ...found, endpoint: `${variable}=${found.endpoint}` };
}

function fromContext(chosen: DockerContext, context: EndpointContext): DaemonEndpoint {
  const { name } = chosen;
  const shown = `Docker context ${JSON.stringify(name)}`;
  if ('host' in chosen) {
    const found = fromUrl('docker', chosen.host, context, chosen.tls);
    return found.refused === undefined ? found : { ...found, endpoint: `${shown} (${found.endpoint})` };
  }
  const unset = context.env.DOCKER_CONTEXT ? 'unset DOCKER_CONTEXT' : 'docker context use default';
  const hint = `${unset}, or choose another of \`docker context ls\`, or use --engine process`;
  return { expected: 'docker', endpoint: shown, refused: chosen.broken, hint };
}

function fromUrl(
  expected: DaemonEndpoint['expected'],
  url: string,
  { env, platform }: EndpointContext,
  tls: TlsFiles | undefined,
): DaemonEndpoint {
  const endpoint = shownUrl(url);
  const read = readDaemonUrl(url, { platform, allowInsecure: isOn(env[allowInsecureVariable]), ...(tls && { tls }) });
  if ('outcome' in read) return { expected, endpoint, refused: read.outcome, hint: read.hint };
  const elsewhere = read.way.kind === 'tcp' && !isThisMachine(read.way.host);
  return { expected, endpoint, way: read.way, ...(elsewhere && { elsewhere }) };
}

/** As Docker reads them: DOCKER_TLS_VERIFY is on by any text at all, `0` included. */
function tlsOfVariables({ env, homeDir }: EndpointContext): TlsFiles | undefined {
  const { DOCKER_TLS_VERIFY, DOCKER_TLS, DOCKER_CERT_PATH } = env;
  if (!DOCKER_TLS_VERIFY && !DOCKER_TLS && !DOCKER_CERT_PATH) return undefined;
  const directory =
    DOCKER_CERT_PATH || env.DOCKER_CONFIG || (homeDir === undefined ? '' : posix.join(homeDir, '.docker'));
  return { directory, verify: Boolean(DOCKER_TLS_VERIFY) };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no'].includes(value.toLowerCase());
}
