/** Files that a configuration names: how a path is declared. */
import * as z from 'zod';

const maxPathLength = 4096;

const expectation = `a path of at most ${maxPathLength} characters`;

/** A path of the file system. The host reads it relative to the config file; a server is given one that it can open. */
export const filePath = z
  .string({ error: expectation })
  .min(1, { error: expectation })
  .max(maxPathLength, { error: expectation })
  .refine((path) => !path.includes('\0'), { error: 'a path without NUL' });
