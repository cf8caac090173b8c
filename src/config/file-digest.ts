/** The digest of what a server is to read, and every reason why it could not read it. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, type Dirent, type Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** Bounds on what is read, so that no path can keep a command busy for ever. */
const maxBytes = 2 ** 31;
const maxFiles = 10_000;

/** Why something cannot be served, in the words of a config problem. */
export class UnreadableFileError extends Error {
  readonly expected: string;
  readonly got: string;

  constructor(expected: string, got: string, options?: { cause?: unknown }) {
    super(`expected ${expected}, got ${got}`, options);
    this.expected = expected;
    this.got = got;
  }
}

/** How files are looked at. */
export interface DigestOptions {
  /** The server runs as a user of its own, so that everybody must be allowed to read. */
  byAnybody: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * SHA-256 of a file's content, or of a directory's: names, contents and where links lead. Links are not followed, and what
 * is neither file nor directory is not opened. `path` has to be without links itself.
 * @throws UnreadableFileError for what is too large or cannot be read
 */
export async function digestOf(path: string, options: DigestOptions): Promise<string> {
  const hash = createHash('sha256');
  const budget = { bytes: maxBytes, files: maxFiles };
  const info = await stat(path);
  if (info.isDirectory()) await addDirectory(hash, path, path, budget, options);
  else await addFile(hash, path, info, budget, options);
  return `sha256:${hash.digest('hex')}`;
}

interface Budget {
  bytes: number;
  files: number;
}

async function addDirectory(
  hash: Hash,
  root: string,
  directory: string,
  budget: Budget,
  options: DigestOptions,
): Promise<void> {
  requireMode(directory, await stat(directory), 0o005, options);
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => refuse(directory, error));
  budget.files -= entries.length;
  if (budget.files < 0) throw new UnreadableFileError(`a directory of at most ${maxFiles} files`, `more in ${root}`);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    hash.update(`${kindOf(entry)} ${relative(root, path).split(sep).join('/')}\0`);
    if (entry.isDirectory()) await addDirectory(hash, root, path, budget, options);
    else if (entry.isSymbolicLink()) hash.update(`${await readlink(path)}\0`);
    else if (entry.isFile()) await addFile(hash, path, await lstat(path), budget, options);
  }
}

function kindOf(entry: Dirent): string {
  if (entry.isDirectory()) return 'directory';
  if (entry.isSymbolicLink()) return 'link';
  return entry.isFile() ? 'file' : 'other';
}

async function addFile(hash: Hash, path: string, info: Stats, budget: Budget, options: DigestOptions): Promise<void> {
  requireMode(path, info, 0o004, options);
  hash.update(`${info.size}\0`);
  const tooLarge = () => new UnreadableFileError(`at most ${maxBytes} bytes`, `more in ${path}`);
  if (info.size > budget.bytes) throw tooLarge();
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal: options.signal })) {
      budget.bytes -= (chunk as Buffer).length;
      if (budget.bytes < 0) throw tooLarge();
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    refuse(path, error);
  }
}

function requireMode(path: string, { mode }: Stats, needed: number, { byAnybody }: DigestOptions): void {
  if (!byAnybody || (mode & needed) === needed) return;
  const change = needed === 0o005 ? 'o+rx' : 'o+r';
  throw new UnreadableFileError(
    `a path that the container's user 65532 can read: chmod ${change} ${path}`,
    `mode 0${(mode & 0o777).toString(8)}`,
  );
}

function refuse(path: string, error: unknown): never {
  if (error instanceof UnreadableFileError) throw error;
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  throw new UnreadableFileError('a path that can be read', `${code} for ${path}`, { cause: error });
}
