/** Files that flags name. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from '../errors.js';

/** A file that a flag names, relative to the directory of the command. Throws UsageError where it cannot be read. */
export async function readNamedFile(flag: string, path: string, cwd: string, signal?: AbortSignal): Promise<Buffer> {
  try {
    return await readFile(resolve(cwd, path), signal && { signal });
  } catch (error) {
    signal?.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    const why = { ENOENT: 'does not exist', EISDIR: 'is a directory', EACCES: 'may not be read' }[code ?? ''];
    throw new UsageError(`${flag}: ${path} ${why ?? `cannot be read (${code})`}`, { cause: error });
  }
}
