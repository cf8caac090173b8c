/** Files of this machine that a server reads: a container gets them under a path of their own, a process as they are. */

/** A file, or a directory with all that is in it. Both paths are absolute; the target is one of the container. */
export interface ServedFile {
  source: string;
  target: string;
}

/**
 * The server's configuration for a server that runs on this machine itself: every text in the JSON that is the target of a
 * file becomes its source. What is no JSON stays as it is.
 */
export function withSources(json: string, files: readonly ServedFile[]): string {
  if (files.length === 0) return json;
  const sources = new Map(files.map(({ source, target }) => [target, source]));
  try {
    return JSON.stringify(JSON.parse(json, (_, value: unknown) => sources.get(value as string) ?? value));
  } catch {
    return json;
  }
}
