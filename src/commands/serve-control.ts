/** The place of the control socket of a `serve`: a private directory below the temporary one, for as long as it runs. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'kserve-env-serve-';
const socketName = 'control.sock';
/** Bytes of the longest path that every system takes for a Unix socket. */
const mostPathBytes = 103;

export interface ServeControl {
  /** For the server to listen on: a path, or on Windows the name of a pipe. */
  path: string;
  /** Takes everything away. */
  remove(): void;
}

/**
 * Makes the directory, which goes with the process however that ends, unless it is killed: what was left by one that was
 * is taken away here, too.
 * @throws what making a directory throws
 */
export async function makeServeControl(): Promise<ServeControl> {
  if (process.platform === 'win32') {
    return { path: `\\\\.\\pipe\\${prefix}${randomBytes(12).toString('hex')}`, remove() {} };
  }
  const base = baseDirectory();
  await removeLeft(base);
  const directory = mkdtempSync(join(base, prefix));
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(directory, { recursive: true, force: true });
  };
  // A crash that was ordered ends this process at once.
  process.on('exit', remove);
  return { path: join(directory, socketName), remove };
}

/** The temporary directory, or that of the system where the path of a socket in it would be too long. */
function baseDirectory(): string {
  const base = tmpdir();
  return Buffer.byteLength(join(base, `${prefix}XXXXXX`, socketName)) <= mostPathBytes ? base : '/tmp';
}

/** Takes away directories of this user whose socket nobody listens on any more. */
async function removeLeft(base: string): Promise<void> {
  const names = (await readdir(base)).filter((name) => name.startsWith(prefix));
  await Promise.all(
    names.map(async (name) => {
      const directory = join(base, name);
      const found = await lstat(directory).catch(() => undefined);
      if (!found?.isDirectory() || found.uid !== process.getuid?.()) return;
      // One without a socket may be of a process that is about to make it.
      if (await isRefused(join(directory, socketName))) await rm(directory, { recursive: true, force: true });
    }),
  );
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (refused: boolean): void => {
      socket.destroy();
      resolve(refused);
    };
    socket.once('connect', () => end(false));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(code === 'ECONNREFUSED'));
  });
}
