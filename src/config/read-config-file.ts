/** Reads kserve-env.yaml, and knows on which line each value stands. Loaded where there is a file: a YAML parser is large. */
import { readFile, stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { ConfigFile } from './config-file.js';
import { ConfigError } from './problems.js';

/** More than this is no config. */
const maxBytes = 1024 * 1024;

/** One mistake in YAML can make a parser stumble over every line that follows. */
const syntaxErrorsShown = 10;

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
  // Its warnings would go to the terminal in words of Node's; what they are about is found by the schema.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
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
