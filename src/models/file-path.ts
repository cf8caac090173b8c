/** Files that a configuration names: how a path is declared. */
import * as z from 'zod';

/** A path of the file system. The host reads it relative to the config file; a server is given one that it can open. */
export const filePath = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes('\0'), { error: 'a path without NUL' });
