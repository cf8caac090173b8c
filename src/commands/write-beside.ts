/** Writes a large file so that it is whole or not there at all. */
import { randomBytes } from 'node:crypto';
import { link, lstat, open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorCode } from '../engine/error-code.js';
import { ExitCode, KServeEnvError } from '../errors.js';

/** Where to write. */
export interface WriteBesideOptions {
  /** What a relative path starts from. */
  cwd: string;
  path: string;
  /** Replace a file that is there. */
  force: boolean;
  signal: AbortSignal;
  /** The flag that names another place. `--output` unless given. */
  flag?: string;
}

/**
 * Writes beside, and gives the file its name at the end. Throws with code FILE_EXISTS or FILE_NOT_WRITTEN, and what the
 * content throws.
 */
export async function writeBeside(
  content: AsyncIterable<Uint8Array>,
  { cwd, path: asked, force, signal, flag = '--output' }: WriteBesideOptions,
): Promise<{ path: string; bytes: number }> {
  const path = resolve(cwd, asked);
  // Known before a hundred megabytes are written; the end looks again.
  if (!force && (await exists(path))) throw fileExists(path);
  const part = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    let bytes = 0;
    const file = await asFileError(path, flag, () => open(part, 'wx', 0o644));
    try {
      for await (const chunk of content) {
        signal.throwIfAborted();
        await asFileError(path, flag, () => file.appendFile(chunk));
        bytes += chunk.length;
      }
    } finally {
      await file.close();
    }
    await asFileError(path, flag, () => (force ? rename(part, path) : nameNew(part, path)));
    return { path, bytes };
  } finally {
    await rm(part, { force: true });
  }
}

/** A link is made only where nothing is; not every file system has them. */
async function nameNew(part: string, path: string): Promise<void> {
  try {
    await link(part, path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw error;
    await rename(part, path);
  }
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

async function asFileError<T>(path: string, flag: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'EEXIST') throw fileExists(path, cause);
    throw fileNotWritten(path, `cannot be written (${code})`, flag, cause);
  }
}

/** @param flag that names another place */
export function fileNotWritten(path: string, why: string, flag: string, cause?: unknown): KServeEnvError {
  return new KServeEnvError('FILE_NOT_WRITTEN', ExitCode.usage, `${path} ${why}`, {
    hint: `name another place with ${flag}`,
    details: { path },
    cause,
  });
}

function fileExists(path: string, cause?: unknown): KServeEnvError {
  return new KServeEnvError('FILE_EXISTS', ExitCode.usage, `${path} exists already`, {
    hint: '--force replaces it',
    details: { path },
    cause,
  });
}
