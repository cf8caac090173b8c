/**
 * Secrets of environments on this machine: a directory of mode 0700 for each set of them, below the state directory. A set
 * is never changed: other secrets are another directory, so that a running server and its label always agree.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod';
import type { WantedAccess } from '../config/access-files.js';
import { type Engine, EngineFailedError } from '../engine/engine.js';
import { errorCode } from '../engine/error-code.js';
import { makingPath, writeWhole } from '../engine/process/record.js';
import { type Access, accessFile, clientFiles, secretsDirectory, serverFiles, validMs } from './access.js';
import { isMeant } from './observe.js';
import { givenFiles, issuedFiles, systemTrust } from './secret-files.js';

const ownerFile = 'owner.json';
/** Certificates that are valid for less than this are made anew, in milliseconds. */
const leastRestMs = 3 * 24 * 60 * 60_000;

const ownerSchema = z.object({
  /** Of the environment. */
  name: z.string(),
  engine: z.enum(['docker', 'podman', 'process']),
  /** Of the engine, as `Engine.endpoint` tells it. */
  endpoint: z.string(),
});

/** Whose secrets they are. */
export type SecretOwner = z.output<typeof ownerSchema>;

/** The environment of that name in that engine. */
export function ownerOf(name: string, { kind, endpoint }: Pick<Engine, 'kind' | 'endpoint'>): SecretOwner {
  return { name, engine: kind, endpoint };
}

/** A set of secrets that is there. */
export interface SecretSet {
  directory: string;
  owner: SecretOwner;
}

/** All sets, of whatever environment; none where there is no directory. */
export async function listSecrets(stateDir: string): Promise<SecretSet[]> {
  const all = join(stateDir, secretsDirectory);
  const entries = await readdir(all).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const sets = entries.map(async (entry) => {
    const directory = join(all, entry);
    const owner = await readOwner(directory);
    return owner ? [{ directory, owner }] : [];
  });
  return (await Promise.all(sets)).flat();
}

/** Whose secrets a directory has; undefined where they are gone, or none of ours. */
export async function readOwner(directory: string): Promise<SecretOwner | undefined> {
  try {
    return ownerSchema.safeParse(JSON.parse(await readFile(join(directory, ownerFile), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Whether a set is one of exactly this environment. */
export function isOwnedBy({ owner }: SecretSet, { name, engine, endpoint }: SecretOwner): boolean {
  return owner.name === name && isMeant({ kind: engine, endpoint }, owner);
}

/** Nothing there is no error. */
export async function removeSecrets({ directory }: Pick<SecretSet, 'directory'>): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

/** Removes what an environment has of secrets, but for the set that it uses. Call it under the environment's lock. */
export async function tidySecrets(stateDir: string, owner: SecretOwner, used?: string): Promise<void> {
  for (const set of await listSecrets(stateDir)) {
    if (isOwnedBy(set, owner) && set.directory !== used) await removeSecrets(set);
  }
}

/** Whether what is there is still what is wanted, complete, and valid for some time. */
export async function accessFits(access: Access, wanted: WantedAccess, now: number): Promise<boolean> {
  const { directory, tls, token } = access;
  if (JSON.stringify(factsOf(access)) !== JSON.stringify(factsOf(describe('', wanted, now)))) return false;
  // Somebody's own certificate is renewed by putting another file in its place.
  if (tls?.mode === 'auto' && Date.parse(tls.until) - now < leastRestMs) return false;
  const given = givenFiles(wanted);
  for (const file of new Set([...serverFiles({ tls, token }), ...clientFiles({ tls, token })])) {
    const text = await readFile(join(directory, file), 'utf8').catch(() => undefined);
    if (text === undefined || (file in given && given[file] !== text)) return false;
  }
  return (await readOwner(directory)) !== undefined;
}

/** What would be made, without making it. */
export function foreseenAccess(wanted: WantedAccess, now: number): Access {
  return describe('new', wanted, now);
}

/** What a set is made for. */
export interface SecretsOptions {
  stateDir: string;
  owner: SecretOwner;
  wanted: WantedAccess;
  /** Milliseconds since the epoch. */
  now: number;
  /** The file of authorities that the user's programs trust, if a variable names one. */
  trustFile?: string | undefined;
}

/**
 * Makes a set, and only then gives it its place: what is half made is swept with its process.
 * @throws EngineFailedError where nothing can be written
 */
export async function makeSecrets(options: SecretsOptions): Promise<Access> {
  const { stateDir, owner, wanted, now } = options;
  const revision = randomBytes(8).toString('hex');
  const all = join(stateDir, secretsDirectory);
  const directory = join(all, `${owner.name}.${owner.engine}.${revision}`);
  const staged = await makingPath(stateDir, revision);
  try {
    await writeSecrets(staged, options);
    await mkdir(all, { recursive: true, mode: 0o700 });
    await rename(staged, directory);
  } catch (error) {
    await rm(staged, { recursive: true, force: true });
    throw new EngineFailedError(`Certificates and tokens could not be written in ${stateDir}: ${String(error)}`, {
      cause: error,
      hint: 'set KSERVE_ENV_STATE_DIR to a directory that you alone may write to',
    });
  }
  return describe(directory, wanted, now);
}

/**
 * The same in a directory that the sweep takes away when this process is dead; remove it with `removeSecrets`.
 * @throws what the file system throws
 */
export async function makePassingSecrets(options: SecretsOptions): Promise<Access> {
  const directory = await makingPath(options.stateDir, randomBytes(8).toString('hex'));
  try {
    await writeSecrets(directory, options);
  } catch (error) {
    await removeSecrets({ directory });
    throw error;
  }
  return describe(directory, options.wanted, options.now);
}

async function writeSecrets(directory: string, options: SecretsOptions): Promise<void> {
  const { owner, wanted, now, trustFile } = options;
  const files = givenFiles(wanted);
  const { tls, token } = wanted;
  if (tls?.mode === 'auto') Object.assign(files, await issuedFiles(owner.name, tls, now));
  if (token?.source === 'auto') files[accessFile.token] = randomBytes(32).toString('base64url');
  const ca = files[accessFile.ca];
  if (ca !== undefined) files[accessFile.trust] = `${ca}\n${await systemTrust(trustFile)}`;
  // A container's user is another one, and gets each of these by itself: the directory keeps everybody else out.
  const byOthers = owner.engine === 'process' ? [] : serverFiles(describe('', wanted, now));
  const open: string[] = [accessFile.ca, accessFile.trust, ...byOthers];
  await mkdir(directory, { mode: 0o700 });
  for (const [name, text] of Object.entries(files)) {
    // Whatever the umask takes away, the container's user must be able to read.
    await writeWhole(join(directory, name), text, open.includes(name) ? 0o444 : 0o400);
  }
  await writeWhole(join(directory, ownerFile), JSON.stringify(owner), 0o600);
}

function describe(directory: string, { tls, token }: WantedAccess, now: number): Access {
  return {
    directory,
    secrets: basename(directory),
    ...(tls?.mode === 'auto' && {
      tls: {
        mode: tls.mode,
        mtls: tls.mtls,
        ca: true,
        names: tls.names,
        until: new Date(now + validMs).toISOString(),
      },
    }),
    ...(tls?.mode === 'files' && {
      tls: {
        mode: tls.mode,
        mtls: tls.given.client !== undefined,
        ca: tls.given.ca !== undefined,
        names: [],
        ...(tls.given.serverName !== undefined && { serverName: tls.given.serverName }),
        until: new Date(tls.given.until).toISOString(),
      },
    }),
    ...(token && { token: token.source }),
  };
}

/** What of it somebody wants; the rest comes of when it was made. */
function factsOf({ tls, token }: Access): unknown {
  return [tls && [tls.mode, tls.mtls, tls.ca, tls.names, tls.serverName], token];
}
