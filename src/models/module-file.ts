/** Which file of a module's path is the program, and how it is loaded, again and again. */
import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const entryNames = ['index.mjs', 'index.js'];

/** What a file that is a program ends with. */
export const moduleExtensions = ['.mjs', '.js', '.cjs'];

/**
 * The file to import: the path itself, or of a directory the `main` of its package.json, index.mjs or index.js.
 * Throws Error where there is none.
 */
export async function moduleEntry(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return path;
  const main = await mainOf(path);
  for (const name of main === undefined ? entryNames : [main]) {
    const candidate = join(path, name);
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isFile()) return candidate;
  }
  throw new Error(
    main === undefined
      ? `${path} has none of index.mjs, index.js and a package.json with "main"`
      : `${path} has no file ${main}, which its package.json names as "main"`,
  );
}

async function mainOf(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { main } = JSON.parse(text) as { main?: unknown };
  return typeof main === 'string' && main !== '' ? main : undefined;
}

/** How often each content of a file failed to be imported: an import that failed is remembered, and fails for ever. */
const failures = new Map<string, number>();

/**
 * Imports a module, anew where its file has changed. Node forgets no module that it has imported, so the same content is
 * imported once only, and a server that reloads a model every minute does not grow.
 * Throws Error with a message for whoever wrote the module.
 */
export async function importModule(path: string): Promise<Record<string, unknown>> {
  const entry = await realpath(await moduleEntry(path));
  const digest = createHash('sha256')
    .update(await readFile(entry))
    .digest('hex')
    .slice(0, 16);
  const url = pathToFileURL(entry);
  const key = `${url.href} ${digest}`;
  const failed = failures.get(key);
  url.searchParams.set('v', failed === undefined ? digest : `${digest}-${failed}`);
  // A CommonJS module is remembered by its file's name, whatever the query says.
  delete createRequire(entry).cache[entry];
  try {
    return (await import(/* @vite-ignore */ url.href)) as Record<string, unknown>;
  } catch (error) {
    failures.set(key, (failed ?? 0) + 1);
    throw new Error(importFailure(error), { cause: error });
  }
}

/** What went wrong while importing, in one line: where, what, and what is often the reason. */
function importFailure(error: unknown): string {
  if (!(error instanceof Error)) return `importing it threw ${String(error)}`;
  const message = error.message.split('\n')[0]?.replaceAll(/\?v=[0-9a-f]+(-\d+)?/g, '') ?? '';
  const place = error instanceof SyntaxError ? /^(?!\w+Error)[^\n]*:(\d+)\n/.exec(error.stack ?? '')?.[1] : undefined;
  const line = place === undefined ? '' : ` in line ${place}`;
  return `${error.name}${line}: ${message}${adviceFor(error, place)}`;
}

function adviceFor(error: Error & { code?: unknown }, place: string | undefined): string {
  if (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND') {
    return '; a container has only what path names: make it the directory that holds all that is imported';
  }
  if (error instanceof SyntaxError && /outside a module|Unexpected token 'export'/.test(error.message)) {
    return '; name the file .mjs, or write "type": "module" in the package.json beside it';
  }
  // Node keeps the line of an ES module's mistake to itself.
  if (error instanceof SyntaxError && place === undefined) return '; node --check shows the line';
  return '';
}
