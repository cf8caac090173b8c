/** The context that the `docker` command would use, and what is written about it. */
import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TlsFiles } from './daemon-url.js';
import { errorCode } from './error-code.js';

/** What contexts depend on. */
export interface ContextEnvironment {
  env: Readonly<Record<string, string | undefined>>;
  homeDir: string | undefined;
}

/** A context by name: its daemon, or why it cannot be used. */
export type DockerContext = { name: string; host: string; tls?: TlsFiles } | { name: string; broken: string };

/** Where Docker's command keeps its settings; undefined for a user without a home. */
function dockerConfigDir({ env, homeDir }: ContextEnvironment): string | undefined {
  if (env.DOCKER_CONFIG) return env.DOCKER_CONFIG;
  return homeDir === undefined ? undefined : join(homeDir, '.docker');
}

/**
 * The context named by DOCKER_CONTEXT, else by `currentContext` of Docker's config.json; undefined for none and for
 * `default`, which is no context. Reads one file where there is none.
 * Source: docker/cli, `cli/context/store`.
 */
export async function currentDockerContext(environment: ContextEnvironment): Promise<DockerContext | undefined> {
  const directory = dockerConfigDir(environment);
  if (directory === undefined) return undefined;
  const name = environment.env.DOCKER_CONTEXT || (await configuredName(directory));
  if (name === undefined || name === '' || name === 'default') return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  const meta = join(directory, 'contexts', 'meta', id, 'meta.json');
  let written: unknown;
  try {
    written = JSON.parse(await readFile(meta, 'utf8'));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { name, broken: 'is not there' };
    return { name, broken: code === undefined ? `is written in ${meta}, which is no JSON` : `cannot be read: ${code}` };
  }
  const endpoint = at(written, 'Endpoints', 'docker');
  const host = at(endpoint, 'Host');
  if (typeof host !== 'string' || host === '') return { name, broken: `names no daemon in ${meta}` };
  const tlsDirectory = join(directory, 'contexts', 'tls', id, 'docker');
  const skips = at(endpoint, 'SkipTLSVerify') === true;
  const isTls =
    skips ||
    (await access(tlsDirectory).then(
      () => true,
      () => false,
    ));
  return { name, host, ...(isTls && { tls: { directory: tlsDirectory, verify: !skips } }) };
}

/** A config.json that cannot be read names no context: other commands complain of it with more right. */
async function configuredName(directory: string): Promise<string | undefined> {
  try {
    const name = at(JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')), 'currentContext');
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

function at(value: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  );
}
