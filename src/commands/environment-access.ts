/** Lets commands in where an environment wants TLS or a token: which secrets it has, and how clients use them. */
import { readAccessFiles, type WantedAccess } from '../config/access-files.js';
import type { LoadedConfig } from '../config/load.js';
import { engineContext } from '../engine/detect.js';
import type { Endpoints, Engine, EngineInfo, Instance } from '../engine/engine.js';
import { openStateDir } from '../engine/process/state-dir.js';
import { type Access, clientAccess, isSecretFile } from '../environment/access.js';
import {
  accessFits,
  foreseenAccess,
  makePassingSecrets,
  makeSecrets,
  ownerOf,
  readOwner,
  removeSecrets,
  type SecretsOptions,
  tidySecrets,
} from '../environment/secrets.js';
import { tidyUnused } from '../environment/secrets-sweep.js';
import { accessOfLabels, endpointAddresses } from '../environment/spec.js';
import { ExitCode, KServeEnvError, UsageError } from '../errors.js';
import type { CommandContext } from './context.js';
import { type HeaderOptions, sentHeaders } from './endpoint-headers.js';
import { type TlsOptions, tlsSettings } from './endpoint-tls.js';
import type { ServerAddress } from './find-environment.js';

/** How long an engine may take to tell what is in use, after a failure, in milliseconds. */
const tidyMs = 800;

/** The environment runs, and what would let a client in is no longer on this machine. */
class AccessGoneError extends KServeEnvError {
  constructor(name: string, { directory }: Access) {
    super('ACCESS_GONE', ExitCode.notRunning, `What lets clients into ${name} is gone: ${directory}`, {
      hint: 'kserve-env up makes it anew',
      details: { name, directory },
    });
  }
}

/** What is decided about the secrets of an environment. */
export interface AccessWish {
  loaded: LoadedConfig;
  engine: Engine;
  info: Pick<EngineInfo, 'kind' | 'endpoint'>;
  observed: Instance | undefined;
  context: Pick<CommandContext, 'env'>;
}

/**
 * The secrets that the environment shall have: those that it has, where they are what the config wants, else others.
 * @param stateDir where others are made; without it nothing is made, and they are only foreseen
 * @throws ConfigError for files and tokens that cannot be used, UsageError for a daemon that cannot read them
 */
export async function accessFor(wish: AccessWish, stateDir?: string): Promise<Access | undefined> {
  const { loaded, engine, info, observed, context } = wish;
  const wanted = await readAccessFiles(loaded, context.env);
  if (wanted === undefined) return undefined;
  assertReadable(info);
  const now = Date.now();
  const actual = observed && accessOfLabels(observed.labels);
  if (actual && (await accessFits(actual, wanted, now))) return actual;
  if (stateDir === undefined) return foreseenAccess(wanted, now);
  return await makeSecrets(secretsOptions(stateDir, ownerOf(loaded.name, engine), wanted, context));
}

/**
 * Of an environment that is there, what its config would have now, for a comparison.
 * @throws as `accessFor` does
 */
export async function accessNow(
  loaded: LoadedConfig,
  actual: Access | undefined,
  context: Pick<CommandContext, 'env'>,
): Promise<Access | undefined> {
  const wanted = await readAccessFiles(loaded, context.env);
  if (wanted === undefined) return undefined;
  const now = Date.now();
  return actual && (await accessFits(actual, wanted, now)) ? actual : foreseenAccess(wanted, now);
}

/** What a set of secrets is made with. */
function secretsOptions(
  stateDir: string,
  owner: SecretsOptions['owner'],
  wanted: WantedAccess,
  { env }: Pick<CommandContext, 'env'>,
): SecretsOptions {
  // What `kserve-env env` set in this shell is ours, and goes with its environment.
  const named = env.SSL_CERT_FILE;
  const trustFile = named !== undefined && isSecretFile(named) ? undefined : named;
  return { stateDir, owner, wanted, now: Date.now(), trustFile };
}

function assertReadable({ kind, endpoint }: AccessWish['info']): void {
  if (kind === 'process' || /^(unix|npipe):/.test(endpoint)) return;
  throw new UsageError(
    `The daemon at ${endpoint} is not on this machine, and cannot read certificates and tokens of it`,
    {
      hint: 'use --engine process, or a daemon of this machine',
    },
  );
}

/**
 * Does what needs the secrets of an environment, under its lock. Those that are not in use when it is done, or has failed,
 * are removed.
 * @throws as `accessFor` does, and what `work` throws
 */
export async function withAccess<T>(
  wish: AccessWish,
  stateDir: string,
  work: (access: Access | undefined) => Promise<T>,
): Promise<T> {
  const { loaded, engine } = wish;
  try {
    const access = await accessFor(wish, stateDir);
    const result = await work(access);
    await tidySecrets(stateDir, ownerOf(loaded.name, engine), access?.directory);
    return result;
  } catch (error) {
    // What an engine cannot tell in time stays for the next command.
    await tidyUnused(stateDir, loaded.name, engine, AbortSignal.timeout(tidyMs)).catch(() => {});
    throw error;
  }
}

/**
 * Secrets for a server in this process. Dispose of them; those of a process that was killed go with the next sweep.
 * @throws ConfigError for files and tokens that cannot be used
 */
export async function passingAccess(
  loaded: LoadedConfig,
  context: Pick<CommandContext, 'env'>,
): Promise<{ access: Access | undefined } & AsyncDisposable> {
  const wanted = await readAccessFiles(loaded, context.env);
  if (wanted === undefined) return { access: undefined, async [Symbol.asyncDispose]() {} };
  const stateDir = openStateDir(engineContext(context.env));
  const owner = { name: loaded.name, engine: 'process', endpoint: '' } as const;
  const access = await makePassingSecrets(secretsOptions(stateDir, owner, wanted, context));
  return { access, [Symbol.asyncDispose]: () => removeSecrets(access) };
}

/**
 * What calls to an environment are made with, wherever it listens.
 * @throws AccessGoneError
 */
export async function reachOf(
  name: string,
  access: Access | undefined,
  { cwd, signal, progress }: CommandContext,
): Promise<Pick<ServerAddress, 'tls' | 'headers' | 'secrets'>> {
  if (access === undefined) return {};
  const { options } = await spokenTo(name, nowhere, access);
  const tls = access.tls && (await tlsSettings(options, cwd));
  // What a variable has is for servers that are given by their address.
  const { headers, secrets } = await sentHeaders(options, { cwd, env: {}, signal, progress });
  return { ...(tls && { tls }), headers, secrets };
}

const nowhere: Endpoints = { host: '127.0.0.1', grpcPort: 0, httpPort: 0 };

/** How a running environment is spoken to, in the words of flags. What was typed stands above what is found. */
interface SpokenTo {
  grpc: string;
  http: string;
  options: TlsOptions & HeaderOptions;
  /** The environment's own, where its token is sent. */
  tokenFile?: string;
}

/** @throws AccessGoneError */
async function spokenTo(
  name: string,
  endpoints: Endpoints,
  access: Access | undefined,
  typed: TlsOptions & HeaderOptions = {},
): Promise<SpokenTo> {
  const places = endpointAddresses(endpoints, access);
  if (access === undefined) return { ...places, options: typed };
  if ((await readOwner(access.directory)) === undefined) throw new AccessGoneError(name, access);
  const { caFile, clientCertFile, clientKeyFile, serverName, tokenFile } = clientAccess(access);
  const typedToken =
    typed.token !== undefined ||
    typed.tokenFile !== undefined ||
    typed.headers?.some((header) => /^\s*authorization\s*:/i.test(header)) === true;
  const sendsOwn = tokenFile !== undefined && !typedToken;
  return {
    ...places,
    options: {
      ...(caFile !== undefined && !typed.insecure && { cacert: caFile }),
      ...(clientCertFile !== undefined && !typed.cert && { cert: clientCertFile }),
      ...(clientKeyFile !== undefined && !typed.cert && { key: clientKeyFile }),
      ...(serverName !== undefined && { serverName }),
      ...(sendsOwn && { tokenFile }),
      ...typed,
    },
    ...(sendsOwn && { tokenFile }),
  };
}

/**
 * The address of a running environment, with all that lets us in.
 * @throws AccessGoneError, UsageError for typed flags that cannot be used
 */
export async function environmentAddress(
  { name, endpoints, labels }: { name: string; endpoints: Endpoints; labels: Readonly<Record<string, string>> },
  typed: TlsOptions & HeaderOptions,
  context: CommandContext,
): Promise<ServerAddress> {
  const access = accessOfLabels(labels);
  const { grpc, http, options, tokenFile } = await spokenTo(name, endpoints, access, typed);
  const { connectionTo } = await import('./endpoint-connection.js');
  const address = await connectionTo({ grpc, http }, options, context);
  return { ...address, ...(access && { spoken: options }), ...(tokenFile !== undefined && { tokenFile }) };
}

/** What people and programs are told of it: paths, and no secret. */
export function shownAccess(access: Access | undefined): { access?: ReturnType<typeof clientAccess> } {
  return access === undefined ? {} : { access: clientAccess(access) };
}
