/** Where a server of this machine has its control socket. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const fileName = 'control.sock';
/** Directories of sockets begin with it, where the state directory's path is too long for one. */
const elsewhere = 'kserve-env-';

/** Bytes of the longest path of a Unix socket: `sun_path` of unix(7), without the zero at its end. */
export const mostSocketPathBytes = process.platform === 'darwin' ? 103 : 107;

/**
 * Path for the socket of an instance: in its own directory, or where that is too long in a new one below the directory
 * for temporary files, which nobody can guess. On Windows a pipe's name.
 */
export function controlPathIn(directory: string, tempDir: string): string {
  const random = randomBytes(16).toString('hex');
  if (process.platform === 'win32') return `\\\\.\\pipe\\${elsewhere}${random}`;
  const [fits = ''] = [resolve(directory), join(resolve(tempDir), elsewhere + random), `/tmp/${elsewhere}${random}`]
    .map((place) => join(place, fileName))
    .filter((path) => Buffer.byteLength(path) <= mostSocketPathBytes);
  return fits;
}

/** Makes the directory of a socket that is not in the instance's own, for this user alone. No socket needs none. */
export async function makeControlPlace(path: string | undefined, directory: string): Promise<void> {
  if (isElsewhere(path, directory)) await mkdir(dirname(path), { mode: 0o700, recursive: true });
}

/** Takes that directory away again. */
export async function removeControlPlace(path: string | undefined, directory: string): Promise<void> {
  if (isElsewhere(path, directory)) await rm(dirname(path), { recursive: true, force: true });
}

function isElsewhere(path: string | undefined, directory: string): path is string {
  return path !== undefined && process.platform !== 'win32' && dirname(path) !== resolve(directory);
}
