/** Makes a directory with all above it, and always comes to an end. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Node's own recursive mkdir goes round for ever where a directory that is there says ENOENT when something is to be made
 * in it, as /proc does, and a home that an automounter does not know.
 * @param mode of the directories that are made
 * @throws what mkdir throws; nothing when the directory is there already
 */
export function makeDirectory(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || statSync(parent, { throwIfNoEntry: false })) throw error;
    makeDirectory(parent, mode);
    makeDirectory(path, mode);
  }
}
