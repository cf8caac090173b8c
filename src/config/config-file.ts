/** Finds and reads kserve-env.yaml, and knows on which line each value stands. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { ConfigError, type ConfigProblem, type Finding } from './problems.js';

/** Name of the config file, looked for here and in every directory above. */
export const configFileName = 'kserve-env.yaml';

/** More than this is no config. */
const maxBytes = 1024 * 1024;

/** One mistake in YAML can make a parser stumble over every line that follows. */
const syntaxErrorsShown = 10;

/** A config file that was read and is well-formed YAML; an absent file is an empty one. */
export interface ConfigFile {
  /** Absolute; where the file is, or would be. */
  path: string;
  exists: boolean;
  /** Its content as plain values; `{}` if empty or absent. */
  value: unknown;
  /** Adds file and line to a finding. */
  locate(finding: Finding): ConfigProblem;
}

/** The config file that applies in a directory: its own, or that of the nearest directory above. */
export async function findConfigFile(cwd: string): Promise<string | undefined> {
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const candidate = join(directory, configFileName);
    if (
      await stat(candidate).then(
        () => true,
        () => false,
      )
    )
      return candidate;
    if (dirname(directory) === directory) return undefined;
  }
}

/** The same path gives the same name, two paths give two: `<directory>-<6 hex digits of the path's hash>`. */
export function defaultEnvironmentName(configPath: string): string {
  const directory = basename(dirname(configPath))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 32)
    .replace(/-+$/, '');
  const hash = createHash('sha256').update(configPath).digest('hex').slice(0, 6);
  return directory === '' ? `env-${hash}` : `${directory}-${hash}`;
}

/**
 * Reads and parses the file.
 * @throws ConfigError if it is not a regular file, too large, unreadable or no YAML
 */
export async function readConfigFile(path: string, cwd: string): Promise<ConfigFile> {
  const shown = relative(cwd, path) || path;
  const source = shown.startsWith('..') ? path : shown;
  const refuse = (expected: string, got: string, line?: number): never => {
    throw new ConfigError([{ source, ...(line !== undefined && { line }), path: '', expected, got }]);
  };

  const info = await stat(path).catch((error: NodeJS.ErrnoException) =>
    refuse('a readable file', error.code === 'ENOENT' ? 'nothing there' : String(error.code)),
  );
  // Checked before opening: to open a FIFO would wait for ever.
  if (!info.isFile()) refuse('a regular file', info.isDirectory() ? 'a directory' : 'a special file');
  if (info.size > maxBytes) refuse(`at most ${maxBytes} bytes`, `${info.size} bytes`);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) =>
    refuse('a readable file', String(error.code)),
  );

  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.slice(0, syntaxErrorsShown).map((error) => ({
        source,
        line: lines.linePos(error.pos[0]).line,
        path: '',
        expected: 'valid YAML',
        got: /call stack/.test(error.message) ? 'too many levels of nesting' : error.message,
      })),
    );
  }
  return {
    path,
    exists: true,
    value: plainValue(document, refuse),
    locate: ({ keyIssue, otherPath: _, ...finding }) => {
      const node = nodeAt(document, finding.path, keyIssue === true);
      const line = node?.range ? lines.linePos(node.range[0]).line : 1;
      return { ...finding, source, line, path: finding.path.join('.') };
    },
  };
}

/** What stands in for a file that is not there. */
export function absentConfigFile(cwd: string): ConfigFile {
  return {
    path: join(resolve(cwd), configFileName),
    exists: false,
    value: {},
    locate: ({ path, expected, got }) => ({ source: 'the defaults', path: path.join('.'), expected, got }),
  };
}

function plainValue(document: Document, refuse: (expected: string, got: string) => never): unknown {
  try {
    // Few aliases are honest; thousands are a bomb.
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    return refuse('YAML whose aliases are few and have their anchors', (error as Error).message);
  }
}

/** The node of the path, or of its nearest parent that is written in the file. */
function nodeAt(document: Document, path: PropertyKey[], keyItself: boolean): Node | undefined {
  if (keyItself) {
    const parent = document.getIn(path.slice(0, -1), true);
    const holder = path.length === 1 ? document.contents : parent;
    const pair = isMap(holder)
      ? holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
      : undefined;
    if (isNode(pair?.key)) return pair.key;
  }
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node;
  }
  return document.contents ?? undefined;
}
