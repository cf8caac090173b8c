/** Files that a server is told of and cannot do without. */
import { readFileSync } from 'node:fs';

/** A file of the configuration cannot be used. Its content is never told. */
export class ServerFileError extends Error {
  constructor(setting: string, path: string, trouble: string, options?: { cause?: unknown }) {
    super(`${setting}: ${path} ${trouble}`, options);
    this.name = 'ServerFileError';
  }
}

/** The content of a file. Throws ServerFileError. */
export function readServerFile(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new ServerFileError(setting, path, `cannot be read${code ? ` (${code})` : ''}`, { cause: error });
  }
}
