/** Who we are to a registry: what `docker login` and `podman login` have left behind. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import type { EngineKind } from '../engine/engine.js';
import { errorCode } from '../engine/error-code.js';
import type { RegistryAuth } from '../engine/image-store.js';
import { askCredentialHelper } from './credential-helper.js';
import type { ImageReference } from './reference.js';

/** What the search depends on. */
export interface AuthContext {
  env: Readonly<Record<string, string | undefined>>;
  /** Undefined where the user has none. */
  homeDir: string | undefined;
  engine: EngineKind;
  signal?: AbortSignal | undefined;
}

/** What was found; anonymous without `auth`. */
export interface FoundAuth {
  auth?: RegistryAuth;
  /** What kept us from looking somewhere. Has no secret in it. */
  warnings: string[];
}

const entry = z.object({
  auth: z.string().nullish(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  identitytoken: z.string().nullish(),
});

/** Source: the docs of `docker login`, "Credential stores" and "Credential helpers"; containers-auth.json(5). */
const authFile = z.object({
  auths: z.record(z.string(), entry.nullable()).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});
type AuthFile = z.output<typeof authFile>;

/** Docker Hub's address in every file that Docker writes. */
const dockerHub = 'https://index.docker.io/v1/';

/** The login for the registry of this image, from the first file that has one. Nothing here is an error. */
export async function findAuth(reference: ImageReference, context: AuthContext): Promise<FoundAuth> {
  const warnings: string[] = [];
  for (const path of authFiles(context)) {
    const file = await readAuthFile(path, warnings);
    const auth = file && (await authIn(file, reference, context, warnings));
    if (auth) return { auth, warnings };
  }
  return { warnings };
}

/** Where logins are, the first one first. */
function authFiles({ env, homeDir, engine }: AuthContext): string[] {
  const dockerDir = env.DOCKER_CONFIG || (homeDir && join(homeDir, '.docker'));
  const docker = dockerDir ? [join(dockerDir, 'config.json')] : [];
  if (engine !== 'podman') return docker;
  if (env.REGISTRY_AUTH_FILE) return [env.REGISTRY_AUTH_FILE];
  const runtimeDir = env.XDG_RUNTIME_DIR;
  const configHome =
    env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : homeDir && join(homeDir, '.config');
  return [
    ...(runtimeDir ? [join(runtimeDir, 'containers/auth.json')] : []),
    ...(configHome ? [join(configHome, 'containers/auth.json')] : []),
    ...docker,
  ];
}

async function readAuthFile(path: string, warnings: string[]): Promise<AuthFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      warnings.push(`${path} cannot be read (${code}); its logins are not used`);
    return undefined;
  }
  try {
    return authFile.parse(JSON.parse(text));
  } catch {
    // What is wrong with it stays untold: the parser's words would quote the file, which has passwords in it.
    warnings.push(`${path} is no valid file of logins; it is not used`);
    return undefined;
  }
}

async function authIn(
  file: AuthFile,
  reference: ImageReference,
  context: AuthContext,
  warnings: string[],
): Promise<RegistryAuth | undefined> {
  const serveraddress = reference.registry === 'docker.io' ? dockerHub : reference.registry;
  const helper = file.credHelpers?.[serveraddress] ?? file.credHelpers?.[reference.registry] ?? file.credsStore;
  if (helper) {
    const { env, signal } = context;
    const answer = await askCredentialHelper(helper, serveraddress, { env, signal });
    if (answer.warning !== undefined) warnings.push(answer.warning);
    if (answer.login) {
      const { username, secret } = answer.login;
      // Source: docker-credential-helpers, README: this name says that the secret is a token.
      return username === '<token>'
        ? { identitytoken: secret, serveraddress }
        : { username, password: secret, serveraddress };
    }
  }
  const found = keysOf(reference)
    .map((key) => findEntry(file, key))
    .find((candidate) => candidate != null);
  return found && authOf(found, serveraddress);
}

/** From the narrowest to the widest, as Podman has it: a login may be for a part of a registry. */
function keysOf({ registry, path }: ImageReference): string[] {
  const parts = path.split('/');
  const narrow = parts.map((_, index) => [registry, ...parts.slice(0, parts.length - index)].join('/'));
  return [...narrow, ...(registry === 'docker.io' ? [dockerHub, 'docker.io', 'index.docker.io'] : [registry])];
}

/** Old files have the address with its scheme, or with a path behind it. */
function findEntry({ auths }: AuthFile, key: string) {
  if (!auths) return undefined;
  const plain = (address: string) => address.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
  const match = auths[key] ? key : Object.keys(auths).find((address) => plain(address) === plain(key));
  return match === undefined ? undefined : auths[match];
}

/** The API takes name and password, and not the two of them encoded in one, as the file has them. */
function authOf(found: z.output<typeof entry>, serveraddress: string): RegistryAuth | undefined {
  if (found.identitytoken) return { identitytoken: found.identitytoken, serveraddress };
  const decoded = Buffer.from(found.auth ?? '', 'base64')
    .toString('utf8')
    .replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  const username = found.username || decoded.slice(0, Math.max(colon, 0));
  const password = found.password || decoded.slice(colon + 1);
  return username && password ? { username, password, serveraddress } : undefined;
}
