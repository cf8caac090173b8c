/** `init`: writes a commented kserve-env.yaml and the JSON Schema that editors check it by. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { configFileName } from '../config/config-file.js';
import { configJsonSchema } from '../config/schema.js';
import { ExitCode, KServeEnvError } from '../errors.js';
import type { CommandContext, CommandResult } from './context.js';
import { templatePath } from './package-info.js';

const schemaFileName = 'kserve-env.schema.json';

/** Options of `init`. */
export interface InitOptions {
  /** Where to write; kserve-env.yaml in the working directory unless given. */
  config?: string;
  /** Replace what is there. */
  force?: boolean;
  /** Write nothing, return the text. */
  stdout?: boolean;
}

/** What was written, or would be. */
export interface InitReport {
  /** Absolute paths of the files that were written. */
  written: string[];
  /** The config's text. */
  text: string;
}

/** A file is there already, or cannot be written. */
class InitError extends KServeEnvError {
  constructor(code: 'FILE_EXISTS' | 'FILE_NOT_WRITTEN', path: string, message: string, hint: string, cause?: unknown) {
    super(code, ExitCode.usage, message, { hint, details: { path }, cause });
  }
}

/** Writes the starter config and its JSON Schema beside it. Throws with code FILE_EXISTS or FILE_NOT_WRITTEN. */
export async function init(options: InitOptions, { cwd }: CommandContext): Promise<CommandResult<InitReport>> {
  const text = await readFile(templatePath(configFileName), 'utf8');
  if (options.stdout) return { data: { written: [], text }, warnings: [] };
  const path = resolve(cwd, options.config ?? configFileName);
  const schemaPath = join(dirname(path), schemaFileName);
  await write(path, text, options.force === true);
  // Ours alone, and made anew by every version.
  await write(schemaPath, `${JSON.stringify(configJsonSchema(), null, 2)}\n`, true);
  return { data: { written: [path, schemaPath], text }, warnings: [] };
}

async function write(path: string, text: string, overwrite: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: overwrite ? 'w' : 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new InitError('FILE_EXISTS', path, `${path} exists already`, 'kserve-env init --force replaces it', error);
    }
    throw new InitError(
      'FILE_NOT_WRITTEN',
      path,
      `${path} cannot be written (${code})`,
      'name another place with --config',
      error,
    );
  }
}
